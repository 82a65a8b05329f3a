// What the host tells about the program's life: to the background and back, another network, short
// of memory.
//
// The host gets one listener of each kind, shared by all of ours and taken back when the last one
// left. Some hosts cannot forget a listener, some lack an event; then it stays and reaches nobody, or
// nothing is ever told. What follows from an event is decided elsewhere.

import type { Api } from './api.js';
import { throwLater } from '../microtasks.js';
import type { Platform } from '../platform.js';

/** Registers a listener; the result takes it back. */
type Subscribe<T> = (listener: (event: T) => void) => () => void;

type Life = Pick<Platform, 'onVisible' | 'onNetwork' | 'onMemoryWarning'>;

export function createLife(api: Api): Life {
  /** The host's event of that name, reported as `value`. */
  function event<T>(name: 'AppShow' | 'AppHide' | 'NetworkStatusChange' | 'MemoryWarning', value: T): Subscribe<T> {
    return (listener) => {
      let ended = false;
      const own = (): void => {
        if (!ended) listener(value);
      };
      api[`on${name}`]?.(own);
      return () => {
        ended = true;
        api[`off${name}`]?.(own);
      };
    };
  }

  const shown = event('AppShow', true);
  const hidden = event('AppHide', false);

  return {
    onVisible: shared((listener) => {
      const ends = [shown(listener), hidden(listener)];
      return () => ends.forEach((end) => end());
    }),
    onNetwork: shared(event('NetworkStatusChange', undefined)),
    onMemoryWarning: shared(event('MemoryWarning', undefined)),
  };
}

/** One subscription for everybody. A listener that throws stops nobody. */
function shared<T>(subscribe: Subscribe<T>): Subscribe<T> {
  let all: Array<{ listener: (event: T) => void }> = [];
  let end: () => void;

  function tell(event: T): void {
    for (const it of all) {
      // Whoever left while others were told is not told any more.
      if (all.indexOf(it) < 0) continue;
      try {
        it.listener(event);
      } catch (error) {
        throwLater(error);
      }
    }
  }

  return (listener) => {
    const entry = { listener };
    all = all.concat(entry);
    if (all.length === 1) end = subscribe(tell);
    return () => {
      all = all.filter((it) => it !== entry);
      if (!all.length) end();
    };
  };
}
