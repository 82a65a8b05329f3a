// Things that go wrong because a test wants them to.
//
// A fault belongs to a function of the host by its name (`appendFile`, `SocketTask.send`,
// `WXWebAssembly.instantiate`, …; a Sync variant has the name of the other). Who performs a function
// asks here first. Knows nothing of what the functions do.

import { Failure } from './realm.js';

/** How the host says it when a test does not. */
const TEXTS = new Map([
  [1300001, 'operation not permitted'],
  [1300002, 'no such file or directory'],
  [1300005, 'Input/output error'],
  [1300013, 'permission denied'],
  [1300201, 'system error'],
  [1300202, 'the maximum size of the file storage limit is exceeded'],
]);

export class Faults {
  #all = [];

  constructor(initial) {
    for (const [name, fault] of Object.entries(initial)) this.add(name, fault);
  }

  /**
   * The next calls of `name` go wrong; all from now on, or `times`, or those whose path, address or
   * key fits `match` (a part of it, an expression, or a function). `errno` and `errMsg` are what the
   * program is told. With `kill` the program is ended instead. `done` says what takes effect all the
   * same: nothing, `true` for everything, or so many bytes of what was to be written. With `slow`
   * alone the call succeeds, so many ms later; that is for calls with callbacks only.
   *
   * Returns the fault: `hits` counts, `end()` takes it back.
   */
  add(name, { times = Infinity, match, errno, errMsg, kill = false, done = false, slow, ...others } = {}) {
    const [unknown] = Object.keys(others);
    if (unknown) throw new TypeError(`a fault has no “${unknown}”`);
    const fault = { name, times, match, errno, errMsg, kill, done, slow, hits: 0 };
    fault.end = () => {
      fault.times = 0;
    };
    this.#all.push(fault);
    return fault;
  }

  /** The fault that concerns this call, if there is one; it counts as used. */
  take(name, subject = '') {
    const fault = this.#all.find((it) => it.name === name && it.hits < it.times && fits(it.match, String(subject)));
    if (fault) fault.hits += 1;
    return fault;
  }
}

function fits(match, subject) {
  if (match === undefined) return true;
  if (typeof match === 'function') return match(subject);
  return match instanceof RegExp ? match.test(subject) : subject.includes(match);
}

/** What the program is told of a fault. */
export function failureOf({ errno, errMsg }, usual = 'system error') {
  return new Failure(errMsg ?? TEXTS.get(errno) ?? usual, { errno });
}

/** Whether the fault is only that it takes long. */
export const isOnlySlow = (fault) =>
  fault.slow !== undefined && !fault.kill && fault.errno === undefined && !fault.errMsg;
