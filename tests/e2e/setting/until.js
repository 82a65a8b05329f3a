// Waiting for a condition, and saying what was there instead when it does not come.

import assert from 'node:assert/strict';

const PATIENCE_MS = 15_000;
const LOOK_EVERY_MS = 40;

/** Looks until `look()` gives something deeply equal to `expected`. */
export async function until(look, expected, { patience = PATIENCE_MS, what } = {}) {
  const deadline = Date.now() + patience;
  for (;;) {
    const seen = await look();
    try {
      assert.deepEqual(seen, expected, what);
      return;
    } catch (difference) {
      if (Date.now() > deadline) throw difference;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
