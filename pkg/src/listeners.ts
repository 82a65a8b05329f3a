// Who listens to what: `on`, `once`, `off` and the dispatch.
//
// A dispatch works on a snapshot, so handlers may add and remove handlers; one that throws is
// reported and the next one runs. Knows nothing of what events mean or when they happen.

import { Code, TimError } from './error.js';

type Handler = (this: unknown, event: { name: string; data: unknown }) => unknown;

interface Registration {
  handler: Handler;
  context: unknown;
  once: boolean;
}

export interface Listeners {
  on(name: string, handler: unknown, context?: unknown): void;
  once(name: string, handler: unknown, context?: unknown): void;
  off(name: string, handler: unknown, context?: unknown, once?: boolean): void;
  /** Calls everybody who listens to `name` now, in the order they came. */
  dispatch(name: string, data: unknown): void;
  clear(): void;
}

/**
 * @param instance `this` of handlers that were added without a context
 * @param report told what a handler threw
 */
export function createListeners(instance: () => unknown, report: (problem: string, error: unknown) => void): Listeners {
  const registrations = new Map<string, Registration[]>();

  function check(method: string, name: unknown, handler: unknown): asserts handler is Handler {
    if (typeof name !== 'string' || !name || typeof handler !== 'function') {
      const wrong = typeof handler === 'function' ? 'eventName must be a non-empty string' : 'handler must be a function';
      throw new TimError({ code: Code.INVALID_PARAMETERS, message: `${method}: ${wrong}` });
    }
  }

  function add(method: string, name: string, handler: unknown, context: unknown, once: boolean): void {
    check(method, name, handler);
    registrations.set(name, [...(registrations.get(name) ?? []), { handler, context, once }]);
  }

  function keep(name: string, wanted: (registration: Registration) => boolean): void {
    const kept = registrations.get(name)?.filter(wanted);
    if (kept?.length) registrations.set(name, kept);
    else registrations.delete(name);
  }

  return {
    on: (name, handler, context) => add('on', name, handler, context, false),
    once: (name, handler, context) => add('once', name, handler, context, true),
    off(name, handler, context, once) {
      check('off', name, handler);
      keep(
        name,
        (it) => it.handler !== handler || (context != null && it.context !== context) || (once === true && !it.once),
      );
    },
    dispatch(name, data) {
      for (const registration of registrations.get(name) ?? []) {
        // Removed before it runs: if it causes the same event again it must not run twice.
        if (registration.once) keep(name, (it) => it !== registration);
        try {
          registration.handler.call(registration.context ?? instance(), { name, data });
        } catch (error) {
          report(`a listener of ${name} threw`, error);
        }
      }
    },
    clear: () => registrations.clear(),
  };
}
