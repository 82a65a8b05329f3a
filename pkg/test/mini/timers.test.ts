// Timers by the wall clock: early, late, asleep, with the clock set.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createLife } from '../../src/mini/adapter/life.js';
import { createTimers } from '../../src/mini/adapter/timers.js';
import { takeTime } from './clock.js';
import { fakeHost } from './host.js';

function make(t: TestContext) {
  const clock = takeTime(t);
  const host = fakeHost();
  const timers = createTimers(createLife(host.api).onVisible);
  const fired: string[] = [];
  const set = (name: string, ms: number): number => timers.setTimer(ms, () => void fired.push(name));
  return { clock, host, timers, fired, set };
}

test('a timer fires once and when it is due', (t) => {
  const { clock, fired, set } = make(t);
  set('b', 20);
  set('a', 10);
  clock.pass(9);
  assert.deepEqual(fired, []);
  clock.pass(1);
  assert.deepEqual(fired, ['a']);
  clock.pass(100);
  assert.deepEqual(fired, ['a', 'b']);
});

test('no wait at all is still another turn', (t) => {
  const { clock, host, fired, set } = make(t);
  for (const ms of [0, -1, NaN]) set('a', ms);
  host.tell('AppShow');
  assert.deepEqual(fired, []);
  clock.pass(1);
  assert.deepEqual(fired, ['a', 'a', 'a']);
});

test('a host that fires early is asked again', (t) => {
  const { clock, fired, set } = make(t);
  set('a', 100);
  clock.wallOnly(60);
  clock.timersOnly(100);
  assert.deepEqual(fired, []);
  clock.pass(39);
  assert.deepEqual(fired, []);
  clock.pass(1);
  assert.deepEqual(fired, ['a']);
});

test('what became due in the background is called on return, the rest when it is due', (t) => {
  const { clock, host, fired, set } = make(t);
  set('a', 1000);
  set('b', 60_000);
  host.tell('AppHide');
  clock.wallOnly(50_000);
  assert.deepEqual(fired, []);
  host.tell('AppShow');
  assert.deepEqual(fired, [], 'in a turn of its own');
  clock.pass(1);
  assert.deepEqual(fired, ['a']);
  host.tell('AppShow');
  clock.pass(9998);
  assert.deepEqual(fired, ['a'], 'and not again');
  clock.pass(1);
  assert.deepEqual(fired, ['a', 'b']);
});

test('a cleared timer never fires, also not on return; unknown ones are fine', (t) => {
  const { clock, host, timers, fired, set } = make(t);
  const a = set('a', 10);
  set('b', 10);
  timers.clearTimer(a);
  timers.clearTimer(a);
  timers.clearTimer(12345);
  clock.wallOnly(100);
  host.tell('AppShow');
  clock.pass(100);
  assert.deepEqual(fired, ['b']);
});

test('a clock that is set back lets nothing wait much longer than it was to', (t) => {
  const { clock, fired, set } = make(t);
  set('a', 100);
  clock.pass(50);
  clock.wallOnly(-3_600_000);
  clock.pass(150);
  assert.deepEqual(fired, ['a']);
});

test('waits longer than a host can take', (t) => {
  const { clock, fired, set } = make(t);
  const most = 2 ** 31 - 1;
  set('most', most);
  set('more', most + 10);
  clock.wallOnly(most - 1);
  clock.timersOnly(most - 1);
  assert.deepEqual(fired, []);
  clock.pass(1);
  assert.deepEqual(fired, ['most']);
  clock.pass(10);
  assert.deepEqual(fired, ['most', 'more']);
  assert.deepEqual(clock.errors, []);
});

test('one that throws stops no other and may set and clear others', (t) => {
  const { clock, timers, fired, set } = make(t);
  let doomed = 0;
  timers.setTimer(10, () => {
    timers.clearTimer(doomed);
    set('later', 5);
    throw new Error('mine');
  });
  doomed = set('doomed', 11);
  set('other', 12);
  clock.pass(20);
  assert.match(String(clock.errors), /mine/);
  assert.deepEqual(fired, ['other', 'later']);
});
