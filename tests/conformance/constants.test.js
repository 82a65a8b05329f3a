// The constants are those of the published SDK, all of them and no others.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import TIM from 'tim-wasm';
import { reference } from './reference.js';

const { TIM: published, end } = reference();
after(end);

/** Our own additions; none so far. */
const ADDED = { EVENT: {}, TYPES: {} };

for (const table of ['EVENT', 'TYPES']) {
  test(`${table} is that of tim-js-sdk`, () => {
    assert.deepEqual(TIM[table], { ...published[table], ...ADDED[table] });
  });

  test(`${table} is a plain object that is not frozen`, () => {
    assert.equal(Object.getPrototypeOf(TIM[table]), Object.prototype);
    assert.equal(Object.isFrozen(TIM[table]), Object.isFrozen(published[table]));
    assert.ok(Object.isExtensible(TIM[table]));
  });
}

test('the namespace has the members of the published one', () => {
  assert.deepEqual(Reflect.ownKeys(TIM).sort(), Reflect.ownKeys(published).sort());
  assert.match(TIM.VERSION, /^\d+\.\d+\.\d+/);
});

test('require gives the very object that import gives', () => {
  assert.equal(createRequire(import.meta.url)('tim-wasm'), TIM);
});
