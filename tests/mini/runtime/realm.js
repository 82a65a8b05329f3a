// The border between the program's realm and ours.
//
// The program's objects must have its own prototypes: what the host hands over is copied into the
// program's realm, functions are wrapped, failures become the program's own errors. Bytes are the
// exception: an ArrayBuffer from the host is one of another realm, as it is on phones, and
// `instanceof ArrayBuffer` says no. Not a wall against hostile code.

import vm from 'node:vm';

/** What a function of the host fails with; the program gets an Error or a result, never this. */
export class Failure extends Error {
  /** `text` follows `name:fail `, unless it is a whole `errMsg` already. */
  constructor(text, { errno, kind = 'Error', ...fields } = {}) {
    super(text);
    this.kind = kind;
    this.fields = { ...(errno !== undefined && { errno, errCode: errno }), ...fields };
  }

  errMsg(name) {
    return /^[\w.]+:fail/.test(this.message) ? this.message : `${name}:fail ${this.message}`;
  }
}

/** Runs inside the program's context before anything else and keeps what later code may change. */
function inside(hostObject) {
  const { CompileError, LinkError, RuntimeError } = WebAssembly;
  const errors = { Error, TypeError, CompileError, LinkError, RuntimeError };
  const { parse, stringify } = JSON;
  const { assign, defineProperty, getPrototypeOf, keys } = Object;
  const own = Object.prototype;
  let promise = Promise;

  function copy(value) {
    if (Array.isArray(value)) return Array.from(value, copy);
    if (typeof value !== 'object' || value === null) return value;
    const kind = getPrototypeOf(value);
    if (kind !== hostObject && kind !== null) return value;
    const it = {};
    for (const key of keys(value)) it[key] = copy(value[key]);
    return it;
  }

  return {
    copy,
    parse,
    stringify,
    nativePromise: Promise,
    own,
    wasm: WebAssembly,
    usePromise(it) {
      promise = it;
    },
    deferred() {
      const it = {};
      it.promise = new promise((resolve, reject) => assign(it, { resolve, reject }));
      return it;
    },
    error: (kind, message, fields) => assign(new errors[kind](message), fields),
    wrap: (name, call) =>
      ({
        [name](...given) {
          const [failed, value] = call(given);
          if (failed) throw value;
          return value;
        },
      })[name],
    getter: (object, name, get) => defineProperty(object, name, { get, enumerable: true }),
  };
}

export class Realm {
  #inside;

  constructor(context) {
    this.context = context;
    this.#inside = this.evaluate(inside)(Object.prototype);
    this.global = vm.runInContext('globalThis', context);
    this.wasm = this.#inside.wasm;
  }

  /** One of our functions, compiled in the program's context; it sees nothing of its surroundings. */
  evaluate(code) {
    return vm.runInContext(`(${code})`, this.context);
  }

  /** The value of code in a text. */
  text(code) {
    return vm.runInContext(code, this.context);
  }

  usePromise(it) {
    this.#inside.usePromise(it);
  }

  /** A promise as the program's own code would make it, with its `resolve` and `reject`. */
  deferred() {
    return this.#inside.deferred();
  }

  error(failure, name) {
    const message = name ? failure.errMsg(name) : failure.message;
    return this.#inside.error(failure.kind ?? 'Error', message, name ? { errMsg: message, ...failure.fields } : {});
  }

  /** A function for the program. What `work` throws on purpose arrives as an error of the program. */
  function(name, work, apiName) {
    return this.#inside.wrap(name, (given) => {
      try {
        return [false, work(...given)];
      } catch (error) {
        return [true, error instanceof Failure ? this.error(error, apiName) : error];
      }
    });
  }

  /** An object for the program: functions are wrapped, everything else is copied. */
  object(members) {
    const it = this.#inside.copy({});
    for (const [name, member] of Object.entries(members)) {
      it[name] = typeof member === 'function' ? this.function(name, member) : this.toProgram(member);
    }
    return it;
  }

  getter(object, name, get) {
    this.#inside.getter(object, name, get);
  }

  /** Plain objects and lists are copied; functions, bytes and the program's own objects stay. */
  toProgram(value) {
    return this.#inside.copy(value);
  }

  /** What is left of the program's value after a way through JSON, as a text. */
  stringify(value) {
    return this.#inside.stringify(value);
  }

  parse(text) {
    return this.#inside.parse(text);
  }

  clone(value) {
    const text = this.stringify(value);
    return text === undefined ? undefined : this.parse(text);
  }

  owns(promise) {
    return promise instanceof this.#inside.nativePromise;
  }

  /** For a test: plain objects and lists with our prototypes, so that they can be compared. */
  toHost(value, seen = new Map()) {
    if (typeof value !== 'object' || value === null) return value;
    if (seen.has(value)) return seen.get(value);
    if (typeof value.then === 'function') {
      return new Promise((resolve, reject) => value.then((it) => resolve(this.toHost(it)), reject));
    }
    const isList = Array.isArray(value);
    if (!isList && Object.getPrototypeOf(value) !== this.#inside.own) return value;
    const it = isList ? [] : {};
    seen.set(value, it);
    for (const key of Object.keys(value)) it[key] = this.toHost(value[key], seen);
    return it;
  }
}
