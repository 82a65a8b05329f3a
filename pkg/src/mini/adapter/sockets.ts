// Sockets that end exactly once, over hosts that may say so twice, in any order, or not at all.
//
// One connection is one attempt at a time to have a task of the host's; only while it is opened may
// another attempt follow, for a host that still believes to be in the background. Whether and when
// to connect again after the end is decided elsewhere.

import type { Api, Refusal, SocketTask } from './api.js';
import type { Differences } from './differences.js';
import type { Platform } from '../platform.js';

const OPENING_MS = 10_000;
/** Waits after refusals because of the background; two seconds in all. */
const WAITS_MS = [100, 300, 600, 1000];

type Timers = Pick<Platform, 'setTimer' | 'clearTimer'>;

export function createSockets(api: Api, { setTimer, clearTimer }: Timers, { socket: more, frame }: Differences): Platform['connect'] {
  return (url, protocol, handlers) => {
    /** The task whose events count. */
    let task: SocketTask | undefined;
    /** Grows with every attempt and at the end: what belongs to an earlier one is stale. */
    let current = 0;
    let refusals = 0;
    let isOpen = false;
    let isOver = false;
    let retry = 0;

    function end(): void {
      if (isOver) return;
      isOver = true;
      isOpen = false;
      current++;
      clearTimer(retry);
      clearTimer(patience);
      discard(task);
      // Never inside a call of the one who is told.
      setTimer(0, () => handlers.close());
    }

    function attempt(): void {
      const mine = ++current;
      const isMine = (): boolean => mine === current;

      const lost = (refusal?: Refusal): void => {
        if (!isMine()) return;
        const wait = WAITS_MS[refusals];
        if (isOpen || wait === undefined || !refusal || !/suspend/i.test(refusal.errMsg || '')) return end();
        refusals++;
        current++;
        discard(task);
        task = undefined;
        retry = setTimer(wait, attempt);
      };

      let made: SocketTask | undefined;
      const opened = (): void => {
        // Closed before it was open, which not every host takes in.
        if (!isMine()) return discard(made);
        if (isOpen) return;
        isOpen = true;
        clearTimer(patience);
        handlers.open();
      };

      try {
        // At least one callback, or some hosts give a promise instead of a task.
        const options = { url, protocols: [protocol], tcpNoDelay: true, timeout: OPENING_MS, success() {}, fail: lost };
        made = api.connectSocket(Object.assign(options, more));
        made.onOpen(opened);
        made.onMessage((event) => {
          const text = frame ? frame(event) : event.data;
          if (!isMine() || typeof text !== 'string') return;
          opened();
          if (isMine()) handlers.frame(text);
        });
        made.onError(lost);
        made.onClose(() => {
          if (isMine()) task = undefined;
          lost();
        });
      } catch {
        lost();
      }
      // It may be over already.
      if (isMine()) task = made;
      else discard(made);
    }

    const patience = setTimer(OPENING_MS + 2000, end);
    attempt();

    return {
      send(text) {
        if (!isOpen || !task) return;
        try {
          task.send({ data: text, fail: end });
        } catch {
          end();
        }
      },
      close: end,
    };
  };
}

/** Closes a task in whatever state it is. */
function discard(task: SocketTask | undefined): void {
  try {
    if (task) task.close({ code: 1000, fail() {} });
  } catch {
    // There was nothing left to close.
  }
}
