// Promise as some clients have it: made of setTimeout, so that every reaction is a task of its own.
//
// The function is compiled in the program's context and sees nothing of this file. Native async
// functions go on using the engine's own promises, as they do on such clients.

/** Returns the class; `setTimeout` is the program's, `unhandled(reason)` hears of what nobody caught. */
export function timerPromise(setTimeout, unhandled) {
  function react(promise, reaction) {
    promise.isHandled = true;
    setTimeout(() => {
      const handler = promise.state === 'fulfilled' ? reaction.fulfilled : reaction.rejected;
      try {
        if (typeof handler === 'function') reaction.resolve(handler(promise.value));
        else if (promise.state === 'fulfilled') reaction.resolve(promise.value);
        else reaction.reject(promise.value);
      } catch (error) {
        reaction.reject(error);
      }
    }, 0);
  }

  function settle(promise, state, value) {
    promise.state = state;
    promise.value = value;
    promise.reactions.splice(0).forEach((it) => react(promise, it));
    if (state === 'rejected') setTimeout(() => promise.isHandled || unhandled(value), 0);
  }

  /** The two functions that decide a promise; only the first call of either counts. */
  function deciders(promise) {
    let isDecided = false;
    const once = (action) => (value) => {
      if (isDecided) return;
      isDecided = true;
      action(value);
    };
    return [once((value) => follow(promise, value)), once((reason) => settle(promise, 'rejected', reason))];
  }

  function follow(promise, value) {
    if (value === promise.self) {
      settle(promise, 'rejected', new TypeError('a promise cannot be resolved with itself'));
      return;
    }
    const [resolve, reject] = deciders(promise);
    try {
      const then = value !== null && (typeof value === 'object' || typeof value === 'function') && value.then;
      if (typeof then === 'function') then.call(value, resolve, reject);
      else settle(promise, 'fulfilled', value);
    } catch (error) {
      reject(error);
    }
  }

  const hidden = new WeakMap();

  class Promise {
    constructor(executor) {
      if (typeof executor !== 'function') throw new TypeError(`Promise resolver ${executor} is not a function`);
      const promise = { self: this, state: 'pending', value: undefined, reactions: [], isHandled: false };
      hidden.set(this, promise);
      const [resolve, reject] = deciders(promise);
      try {
        executor(resolve, reject);
      } catch (error) {
        reject(error);
      }
    }

    then(fulfilled, rejected) {
      const promise = hidden.get(this);
      return new Promise((resolve, reject) => {
        const reaction = { fulfilled, rejected, resolve, reject };
        if (promise.state === 'pending') {
          promise.isHandled = true;
          promise.reactions.push(reaction);
        } else {
          react(promise, reaction);
        }
      });
    }

    catch(rejected) {
      return this.then(undefined, rejected);
    }

    finally(action) {
      if (typeof action !== 'function') return this.then(action, action);
      return this.then(
        (value) => Promise.resolve(action()).then(() => value),
        (reason) =>
          Promise.resolve(action()).then(() => {
            throw reason;
          }),
      );
    }

    static resolve(value) {
      return value instanceof Promise ? value : new Promise((resolve) => resolve(value));
    }

    static reject(reason) {
      return new Promise((_, reject) => reject(reason));
    }

    static all(items) {
      return gather(items, (it, put, reject) => it.then(put, reject));
    }

    static allSettled(items) {
      return gather(items, (it, put) =>
        it.then(
          (value) => put({ status: 'fulfilled', value }),
          (reason) => put({ status: 'rejected', reason }),
        ),
      );
    }

    static race(items) {
      return new Promise((resolve, reject) => {
        for (const it of items) Promise.resolve(it).then(resolve, reject);
      });
    }
  }

  function gather(items, attend) {
    return new Promise((resolve, reject) => {
      const values = [];
      let open = 1;
      const close = () => --open === 0 && resolve(values);
      for (const [index, item] of Array.from(items).entries()) {
        open += 1;
        const put = (value) => {
          values[index] = value;
          close();
        };
        attend(Promise.resolve(item), put, reject);
      }
      close();
    });
  }

  return Promise;
}
