// Programs for the runtime's own tests, ended when the tests are over, and waiting.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { codePackage } from '../package.js';

const packages = [];
after(() => Promise.all(packages.map((it) => it.end())));

/** A code package of these files. */
export function packed(files) {
  packages.push(codePackage(files));
  return packages.at(-1);
}

/** A program of these files, or an empty one. */
export const start = (options, files) => packed(files).start(options);

export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks until `look()` gives something true. */
export async function until(look) {
  const deadline = Date.now() + 3000;
  while (!look()) {
    assert.ok(Date.now() < deadline, `${look} did not come true`);
    await wait(2);
  }
}
