// The seed of the engine's random numbers.
//
// Hosts give random bytes asynchronously, if at all: plugins and old base libraries have none. What
// is seeded names messages and spreads retries; nothing secret is made from it, so a start without
// good numbers is better than none.

import type { Api } from './api.js';
import { log } from './log.js';

type Seed = readonly [number, number];

const PATIENCE_MS = 1000;
const RANGE = 0x100000000;

/** Resolves with two whole numbers below 2 ** 32, after a second at the latest; never rejects. */
export function createSeed(api: Api): Promise<Seed> {
  return new Promise<Seed>((resolve, reject) => {
    setTimeout(() => reject('no answer'), PATIENCE_MS);
    (api.getRandomValues as NonNullable<Api['getRandomValues']>)({
      length: 8,
      success({ randomValues }) {
        const [first, second] = new Uint32Array(randomValues);
        if (second === undefined) reject('too few');
        else resolve([first as number, second]);
      },
      fail: (refusal) => reject(refusal && refusal.errMsg),
    });
  }).catch((reason: unknown) => {
    log(2, `the host gives no random numbers (${String(reason)}), weaker ones are used`);
    return [Math.floor(Math.random() * RANGE), (Math.floor(Math.random() * RANGE) ^ Date.now()) >>> 0];
  });
}
