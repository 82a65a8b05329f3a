// The microtasks' own queue: order, tasks that add tasks, tasks that throw, steps of a promise.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueMicrotask as queue } from '../../src/mini/microtasks.js';
import { takeTime } from './clock.js';

const done = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('tasks run in order, after this turn and before the next', async () => {
  const ran: string[] = [];
  setImmediate(() => ran.push('next turn'));
  queue(() => {
    ran.push('a');
    queue(() => void ran.push('c'));
  });
  queue(() => void ran.push('b'));
  assert.deepEqual(ran, []);
  await done();
  assert.deepEqual(ran, ['a', 'b', 'c', 'next turn']);
});

test('a burst takes one step of a promise', async (t) => {
  const then = t.mock.method(Promise.prototype, 'then');
  let ran = 0;
  for (let count = 0; count < 100; count++) queue(() => void ran++);
  const steps = then.mock.callCount();
  then.mock.restore();
  await done();
  assert.equal(steps, 1);
  assert.equal(ran, 100);
  queue(() => void ran++);
  await done();
  assert.equal(ran, 101, 'and the next burst its own');
});

test('a task that throws stops no other and is reported', async (t) => {
  const clock = takeTime(t);
  let ran = 0;
  queue(() => {
    throw new Error('mine');
  });
  queue(() => void ran++);
  await done();
  assert.equal(ran, 1);
  clock.pass(1);
  assert.match(String(clock.errors), /mine/);
});
