// Time in the hands of a test: the host's timers and the wall clock, together or apart.
//
// Timers are as a host's: each runs in a turn of its own, and what it throws is collected.

import type { TestContext } from 'node:test';

export interface Clock {
  now(): number;
  /** Time passes as it should, millisecond by millisecond. */
  pass(ms: number): void;
  /** Timers get ahead of the wall clock, as those of some hosts do. */
  timersOnly(ms: number): void;
  /** The wall clock goes on and timers stand still, as in the background; or it is set. */
  wallOnly(ms: number): void;
  /** What timers threw, and waits no host can do. */
  readonly errors: unknown[];
}

const LONGEST = 2 ** 31 - 1;

/** Until the end of the test. */
export function takeTime(t: TestContext): Clock {
  t.mock.restoreAll();
  let now = 1_700_000_000_000;
  let ticks = 0;
  let last = 0;
  const timers = new Map<number, { at: number; fn: () => void }>();
  const errors: unknown[] = [];

  const set = (fn: () => void, ms = 0): number => {
    if (ms > LONGEST) errors.push(new Error(`${ms} ms are too long for a host`));
    const wait = Math.max(1, Math.trunc(ms) || 0);
    timers.set(++last, { at: ticks + wait, fn });
    return last;
  };
  t.mock.method(globalThis, 'setTimeout', set as never);
  t.mock.method(globalThis, 'clearTimeout', ((id: number) => timers.delete(id)) as never);
  t.mock.method(Date, 'now', () => now);

  function timersOnly(ms: number): void {
    ticks += ms;
    const due = [...timers].filter(([, it]) => it.at <= ticks).sort(([, one], [, other]) => one.at - other.at);
    for (const [id, { fn }] of due) {
      if (!timers.delete(id)) continue;
      try {
        fn();
      } catch (error) {
        errors.push(error);
      }
    }
  }

  return {
    now: () => now,
    pass(ms) {
      for (let passed = 0; passed < ms; passed++) {
        now++;
        timersOnly(1);
      }
    },
    timersOnly,
    wallOnly: (ms) => void (now += ms),
    errors,
  };
}
