// The profiles that change the language itself: promises made of timers, and the oldest engine.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PROFILE_NAMES } from '../profiles.js';
import { start } from './start.js';

describe('profiles', () => {
  test('every one runs a program without errors', async () => {
    for (const profile of PROFILE_NAMES) {
      const program = await start({ profile }, { 'app.js': 'App({ onLaunch() { this.x = Promise.resolve(1) } })' });
      assert.equal(await program.run('getApp().x'), 1);
      assert.deepEqual(program.errors, []);
    }
  });

  test('timer-promise: each reaction is a task of its own', async () => {
    const program = await start({ profile: 'timer-promise' });
    const order = await program.run(
      () =>
        new Promise((done) => {
          const seen = [];
          Promise.resolve()
            .then(() => seen.push('first'))
            .then(() => seen.push('second'))
            .then(() => done(seen));
          setTimeout(() => seen.push('timer'), 0);
        }),
    );
    assert.deepEqual(order, ['first', 'timer', 'second']);
    assert.equal(program.run('(async () => {})() instanceof Promise'), false, 'async functions are native');
    assert.equal(program.run("wx.getNetworkType() instanceof Promise && typeof Promise.any === 'undefined'"), true);
  });

  test('timer-promise: does what a promise must', async () => {
    const program = await start({ profile: 'timer-promise' });
    const result = await program.run(async () => {
      const thenable = {
        then: (resolve) => {
          resolve('thenable');
          throw new Error('too late');
        },
      };
      const settled = await Promise.allSettled([1, Promise.reject('no'), thenable]);
      const all = await Promise.all([Promise.resolve(1), 2, new Promise((resolve) => setTimeout(resolve, 3, 3))]);
      const race = await Promise.race([new Promise(() => {}), Promise.resolve('winner')]);
      const circle = new Promise((resolve) => setTimeout(() => resolve(circle), 0));
      const caught = await circle.catch((error) => error.name);
      const late = await Promise.reject('x')
        .finally(() => 'ignored')
        .catch((it) => it);
      const nested = await Promise.resolve(new Promise((resolve) => resolve(Promise.resolve('deep'))));
      const empty = await Promise.all([]);
      return { settled, all, race, caught, late, nested, empty };
    });
    assert.deepEqual(result, {
      settled: [
        { status: 'fulfilled', value: 1 },
        { status: 'rejected', reason: 'no' },
        { status: 'fulfilled', value: 'thenable' },
      ],
      all: [1, 2, 3],
      race: 'winner',
      caught: 'TypeError',
      late: 'x',
      nested: 'deep',
      empty: [],
    });
  });

  test('old: newer things are gone', async () => {
    const program = await start({ profile: 'old' });
    const gone = [
      'BigInt',
      'Proxy',
      'WeakRef',
      'FinalizationRegistry',
      'Atomics',
      'structuredClone',
      'Object.hasOwn',
      'Promise.any',
      '[].at',
      '[].findLast',
      "''.at",
      "''.replaceAll",
      'new Uint8Array(1).at',
    ];
    for (const name of gone) assert.equal(program.run(`typeof ${name}`), 'undefined', name);
    const error = program.run("new TypeError('text', { cause: 1 })");
    assert.deepEqual([error.message, 'cause' in error, error.name], ['text', false, 'TypeError']);
    assert.equal(
      program.run(
        "new TypeError('x') instanceof Error && Error('x') instanceof Error && !(new Error('x') instanceof TypeError)",
      ),
      true,
    );
    assert.equal(program.run("class Own extends Error {}; new Own('x') instanceof Own"), true);
    assert.equal(program.run('try { null.x } catch (error) { error instanceof TypeError }'), true);
  });
});
