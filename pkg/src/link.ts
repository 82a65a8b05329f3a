// The way to the engine: before it is loaded, while, and after.
//
// Before, nobody can be logged in, so everything that needs a login is refused here with the codes
// the engine would give; a login waits for the engine. From then on the engine decides everything
// and this only carries text.
//
//     loading ──login──▶ loading, login waits ──▶ loaded
//        └────────────────────────────────────────▶ loaded ──close──▶ closed
//
// A module that broke down takes every call with it: what waits and what comes is refused until the
// application destroys the instance; the next one loads the module anew.

import { Code, failureOf, type Failure } from './error.js';
import type { Engine, Loaded } from './engine.js';

export interface Link {
  /** The engine once it is there and until `close`. */
  engine(): Engine | undefined;
  /** Resolves with the data of the result; rejects with a `Failure`. */
  call(method: string, args: string): Promise<unknown>;
  login(args: string): Promise<unknown>;
  /** The text of what a `create…Message` of the engine gives; throws a `Failure`. */
  create(method: string, args: string): string;
  setLogLevel(level: number): void;
  /** Ends the engine; everything is refused from now on. Never rejects. */
  close(): Promise<void>;
}

interface LinkOptions {
  /** What the engine's constructor takes, as text. */
  engineOptions: string;
  load: () => Promise<Loaded>;
  output: (operations: string) => void;
  /** Told a failure that is also dispatched as an event; before the caller learns of it. */
  announce: (failure: Failure) => void;
}

export function createLink({ engineOptions, load, output, announce }: LinkOptions): Link {
  let engine: Engine | undefined;
  let closed = false;
  let broken: Failure | undefined;
  const unanswered = new Set<(failure: Failure) => void>();
  let logLevel: number | undefined;
  let waiting: { args: string; resolve: (text: Promise<string>) => void; reject: (failure: Failure) => void } | undefined;

  function arrived(loaded: Loaded): void {
    if (engine || closed) return;
    engine = new loaded.Engine(engineOptions, output);
    void loaded.broken?.then(breakDown);
    if (logLevel !== undefined) engine.setLogLevel(logLevel);
    // In the same turn, or another call could get in between and find nobody logging in.
    waiting?.resolve(engine.call('login', waiting.args));
    waiting = undefined;
  }

  function breakDown(reason: unknown): void {
    if (closed) return;
    broken = { code: Code.CANNOT_FIND_MODULE, message: `the WebAssembly module broke down, destroy this instance and create another: ${String(reason)}` };
    announce(broken);
    unanswered.forEach((reject) => reject(broken as Failure));
    unanswered.clear();
  }

  function missing(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    waiting?.reject({ code: Code.CANNOT_FIND_MODULE, message: `login: the WebAssembly module could not be loaded: ${reason}` });
    waiting = undefined;
  }

  const start = (): void => void load().then(arrived).catch(missing);

  function refusal(method: string): Failure {
    if (broken) return { ...broken, message: `${method}: ${broken.message}` };
    return waiting && !closed && method !== 'logout'
      ? { code: Code.LOGGING_IN, message: `${method}: login is in progress` }
      : { code: Code.NOT_LOGGED_IN, message: `${method}: not logged in` };
  }

  /** A rejection that is announced first, and not inside the frame of the call. */
  async function refuse(failure: Failure): Promise<never> {
    await undefined;
    announce(failure);
    throw failure;
  }

  function answer(method: string, text: Promise<string>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      unanswered.add(reject);
      text
        .then((it) => {
          resolve(JSON.parse(it));
          unanswered.delete(reject);
        })
        .catch((reason: unknown) => {
          // Else it was answered when everything broke down.
          if (unanswered.delete(reject)) reject(failed(method, reason));
        });
    });
  }

  function failed(method: string, reason: unknown): Failure {
    const failure = isFailure(reason) ? reason : failureOf(reason, method);
    if (failure.code === Code.UNCAUGHT_ERROR) queueMicrotask(() => announce(failure));
    return failure;
  }

  start();

  return {
    engine: () => (closed || broken ? undefined : engine),
    async call(method, args) {
      if (!engine || closed || broken) return refuse(refusal(method));
      return answer(method, later(engine, method, args));
    },
    async login(args) {
      if (closed || broken) return refuse(refusal('login'));
      if (engine) return answer('login', later(engine, 'login', args));
      if (waiting) return refuse({ code: Code.REPEAT_LOGIN, message: 'login: another login is in progress' });
      const text = new Promise<string>((resolve, reject) => (waiting = { args, resolve, reject }));
      start();
      return answer('login', text);
    },
    create(method, args) {
      if (!engine || closed || broken) {
        const failure = refusal(method);
        queueMicrotask(() => announce(failure));
        throw failure;
      }
      try {
        return engine.create(method, args);
      } catch (reason) {
        throw failed(method, reason);
      }
    },
    setLogLevel(level) {
      logLevel = level;
      if (!closed && !broken) engine?.setLogLevel(level);
    },
    async close() {
      closed = true;
      waiting?.reject({ code: Code.NOT_LOGGED_IN, message: 'login: the instance was destroyed' });
      waiting = undefined;
      if (!engine || broken) return;
      try {
        await engine.call('destroy', '[]');
        engine.free();
      } catch {
        // An engine that broke down has nothing left to end.
      }
    },
  };
}

/** A synchronous throw of the engine is a rejection like any other. */
async function later(engine: Engine, method: string, args: string): Promise<string> {
  return engine.call(method, args);
}

function isFailure(reason: unknown): reason is Failure {
  return typeof reason === 'object' && reason !== null && !(reason instanceof Error) && 'code' in reason;
}
