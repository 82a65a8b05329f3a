// Timers that mean the wall clock.
//
// A host's timers stand still while the program is in the background, and some fire early. So a timer
// here is a moment: whenever the host's fires the clock is asked, and on return to the foreground all
// of them are set anew. Every function runs in a turn of its own, so one that throws is the host's to
// report and stops no other.

import type { Platform } from '../platform.js';

/** The longest a host's timer can wait. */
const LONGEST = 0x7fffffff;

interface Timer {
  /** How long it was to wait; never more remains, even if the clock is set back. */
  ms: number;
  due: number;
  fn: () => void;
  handle: ReturnType<typeof setTimeout>;
}

type Timers = Pick<Platform, 'setTimer' | 'clearTimer'>;

export function createTimers(onVisible: Platform['onVisible']): Timers {
  const timers = new Map<number, Timer>();
  let last = 0;

  function arm(id: number, timer: Timer): void {
    const rest = Math.min(timer.due - Date.now(), timer.ms);
    timer.due = Date.now() + rest;
    timer.handle = setTimeout(() => {
      if (Date.now() < timer.due) return arm(id, timer);
      timers.delete(id);
      timer.fn();
    }, Math.min(Math.max(rest, 0), LONGEST));
  }

  onVisible((visible) => {
    if (!visible) return;
    timers.forEach((timer, id) => {
      clearTimeout(timer.handle);
      arm(id, timer);
    });
  });

  return {
    setTimer(ms, fn) {
      const timer = { ms, fn, due: Date.now() + ms } as Timer;
      timers.set(++last, timer);
      arm(last, timer);
      return last;
    },
    clearTimer(id) {
      const timer = timers.get(id);
      timers.delete(id);
      if (timer) clearTimeout(timer.handle);
    },
  };
}
