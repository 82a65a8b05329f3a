// The platform object over a mini-program host's API: its parts, joined.
//
// Takes the API object as an argument, so that `wx`, its sisters and a test's own all do, and knows
// no global but timers and the console. What the engine wants from it is in platform.ts.

import type { Api } from './api.js';
import type { Differences } from './differences.js';
import { createFiles } from './files.js';
import { createLife } from './life.js';
import { log } from './log.js';
import { createSeed } from './random.js';
import { createSockets } from './sockets.js';
import { createTimers } from './timers.js';
import type { Platform } from '../platform.js';

export type { Api } from './api.js';
export { alipay, douyin, type Differences } from './differences.js';

/**
 * Makes the platform object; once per program, for it listens to the host as long as that runs.
 * Takes a second at most and never rejects: what the host lacks fails when it is used.
 */
export function createPlatform(api: Api, differences: Differences = {}): Promise<Platform> {
  return createSeed(api).then(([first, second]) => {
    let seeds = 0;
    const life = createLife(api);
    const timers = createTimers(life.onVisible);
    const platform: Platform = {
      seed: () => [first, (second + seeds++) >>> 0],
      now: Date.now,
      setTimer: timers.setTimer,
      clearTimer: timers.clearTimer,
      connect: createSockets(api, timers, differences),
      files: createFiles(api, differences),
      onVisible: life.onVisible,
      onNetwork: life.onNetwork,
      onMemoryWarning: life.onMemoryWarning,
      log,
    };
    return platform;
  });
}
