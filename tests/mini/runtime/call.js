// How functions of `wx` answer: success, fail and complete, or a promise when none of them is given.
//
// Answers never come in the turn of the call. Knows nothing of what the functions do: they return a
// result or throw a `Failure`, at once or later.

import { failureOf, isOnlySlow } from './faults.js';
import { Failure } from './realm.js';

/** Thrown into code of a program that has just been ended; nobody hears of it. */
class Killed extends Error {}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Calls {
  #realm;
  #thread;
  #faults;
  #kill;

  constructor({ realm, thread, faults, kill }) {
    this.#realm = realm;
    this.#thread = thread;
    this.#faults = faults;
    this.#kill = kill;
  }

  /** Performs `work(portion)`, or what a test wants instead of it; see `Faults.add`. */
  attempt(name, subject, work) {
    if (this.#thread.ended) throw new Killed();
    const fault = this.#faults.take(name, subject);
    if (!fault) return work(true);
    if (isOnlySlow(fault)) return wait(fault.slow).then(() => work(true));
    if (fault.done !== false) work(fault.done);
    if (fault.kill) {
      this.#kill();
      throw new Killed();
    }
    throw failureOf(fault);
  }

  /**
   * A function with callbacks. `work(argument)` runs in the turn of the call and gives the result's
   * members, or a promise of them. Functions that return a task call `answer` themselves.
   */
  asynchronous(name, work) {
    return this.#realm.function(name, (argument) => {
      const given = argument ?? {};
      const hasCallback = ['success', 'fail', 'complete'].some((it) => typeof given[it] === 'function');
      if (hasCallback) {
        this.answer(name, given, () => work(given));
        return undefined;
      }
      const { promise, resolve, reject } = this.#realm.deferred();
      this.answer(name, { success: resolve, fail: reject }, () => work(given));
      return promise;
    });
  }

  /** A function that gives its result at once and throws what goes wrong. */
  synchronous(name, work) {
    return this.#realm.function(
      name,
      (...given) => {
        try {
          return this.#realm.toProgram(work(...given));
        } catch (error) {
          if (error instanceof Killed) return undefined;
          throw error;
        }
      },
      name,
    );
  }

  /** Tells the callbacks how `work` went. */
  answer(name, { success, fail, complete }, work) {
    const tell = (callback, members) => {
      const result = this.#realm.toProgram(members);
      this.#thread.post(() => {
        if (typeof callback === 'function') this.#thread.run(() => callback(result));
        if (typeof complete === 'function') this.#thread.run(() => complete(result));
      });
    };
    const succeed = (result) => tell(success, { ...result, errMsg: `${name}:ok` });
    const failed = (error) => {
      if (error instanceof Killed) return;
      // Anything else is a mistake of this simulator and must not look like an answer of the host.
      if (!(error instanceof Failure)) throw error;
      tell(fail, { errMsg: error.errMsg(name), ...error.fields });
    };
    try {
      const result = work();
      if (typeof result?.then === 'function') result.then(succeed, failed);
      else succeed(result);
    } catch (error) {
      failed(error);
    }
  }
}

/** Refuses a parameter the way the host's own check does. */
export function refuse(text) {
  throw new Failure(`parameter error: ${text}`, { errno: 1001 });
}

/** The name of a value's kind, as the host's complaints have it. */
export const kindOf = (value) => Object.prototype.toString.call(value).slice(8, -1);
