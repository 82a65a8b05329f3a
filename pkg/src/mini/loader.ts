// The engine in a mini-program: its module, its glue and its platform put together, once.
//
// A module in which a function trapped is lost as a whole. That is noticed here, where every call
// into it passes, and the next load makes a new one. Names no host.

import { createGlue } from '#glue';
import type { Loaded } from '../engine.js';
import type { Exports, Imports } from './module.js';
import type { Platform } from './platform.js';

/** Enough for the usual session, so that the memory rarely grows. */
const RESERVED = 4 << 20;

/**
 * A function that loads the engine: one load for all callers, tried again after a failure or a
 * break-down. `instantiate` is asked with the first caller's options.
 */
export function createLoader<Options>(
  instantiate: (imports: Imports, options: Options) => Promise<Exports>,
  platform: () => Promise<Platform>,
): (options: Options) => Promise<Loaded> {
  let loading: Promise<Loaded> | undefined;

  async function load(options: Options): Promise<Loaded> {
    const glue = createGlue();
    const [exports, host] = await Promise.all([instantiate(glue.imports, options), platform()]);
    if (!exports[glue.memory]) throw new Error('what was loaded is not the module of this version of tim-wasm');
    const broken = new Promise<unknown>((resolve) => {
      glue.join(
        watched(exports, (reason) => {
          loading = undefined;
          resolve(reason);
        }),
      );
    });
    glue.reserve(RESERVED);
    class Engine extends glue.Client {
      constructor(options: string, output: (operations: string) => void) {
        super(options, output, host);
      }
    }
    return { Engine, broken };
  }

  return (options) => {
    loading ??= load(options).catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

/**
 * The exports, with an eye on what they throw: errors of JavaScript never pass through the module,
 * so it is always the module itself that is at its end. Afterwards nothing is called any more.
 */
function watched(exports: Exports, fell: (reason: unknown) => void): Exports {
  let dead = false;
  const all: Exports = {};
  for (const name of Object.keys(exports)) {
    const it = exports[name];
    if (typeof it !== 'function') {
      all[name] = it;
      continue;
    }
    all[name] = function () {
      if (dead) return undefined;
      try {
        return it.apply(undefined, arguments);
      } catch (error) {
        dead = true;
        fell(error);
        throw error;
      }
    };
  }
  return all;
}
