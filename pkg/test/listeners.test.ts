// `on`, `once`, `off` and the dispatch: who is called, how often, in which order, with which `this`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createListeners } from '../src/listeners.js';

function make() {
  const reports: unknown[] = [];
  const instance = { instance: true };
  const listeners = createListeners(
    () => instance,
    (_problem, error) => reports.push(error),
  );
  const heard: string[] = [];
  const hear = (name: string) => () => void heard.push(name);
  return { listeners, reports, instance, heard, hear };
}

test('handlers run in the order they were added, the same one twice if added twice', () => {
  const { listeners, heard, hear } = make();
  const a = hear('a');
  listeners.on('x', a);
  listeners.on('x', hear('b'));
  listeners.on('x', a);
  listeners.dispatch('x', 1);
  assert.deepEqual(heard, ['a', 'b', 'a']);
});

test('the event has exactly name and data, and every handler gets its own', () => {
  const { listeners } = make();
  const events: object[] = [];
  listeners.on('x', (event: object) => events.push(event));
  listeners.on('x', (event: object) => events.push(event));
  listeners.dispatch('x', [1]);
  assert.deepEqual(events, [
    { name: 'x', data: [1] },
    { name: 'x', data: [1] },
  ]);
  assert.notEqual(events[0], events[1]);
});

test('this is the context, or the instance', () => {
  const { listeners, instance } = make();
  const seen: unknown[] = [];
  const handler = function (this: unknown) {
    seen.push(this);
  };
  const context = {};
  listeners.on('x', handler);
  listeners.on('x', handler, context);
  listeners.dispatch('x', undefined);
  assert.equal(seen[0], instance);
  assert.equal(seen[1], context);
});

test('off without a context removes all registrations of a handler, with one only its own', () => {
  const { listeners, heard, hear } = make();
  const a = hear('a');
  const [one, two] = [{}, {}];
  listeners.on('x', a, one);
  listeners.on('x', a, two);
  listeners.on('x', a);
  listeners.off('x', a, one);
  listeners.dispatch('x', 0);
  assert.equal(heard.length, 2);
  listeners.off('x', a);
  listeners.dispatch('x', 0);
  assert.equal(heard.length, 2);
});

test('off with once removes only what was added with once', () => {
  const { listeners, heard, hear } = make();
  const a = hear('a');
  listeners.on('x', a);
  listeners.once('x', a);
  listeners.off('x', a, undefined, true);
  listeners.dispatch('x', 0);
  listeners.dispatch('x', 0);
  assert.deepEqual(heard, ['a', 'a']);
});

test('a handler added with once runs once, also when it causes the event again', () => {
  const { listeners, heard } = make();
  listeners.once('x', () => {
    heard.push('once');
    listeners.dispatch('x', 0);
  });
  listeners.dispatch('x', 0);
  assert.deepEqual(heard, ['once']);
});

test('a dispatch works on those who listened when it began', () => {
  const { listeners, heard, hear } = make();
  const late = hear('late');
  const b = hear('b');
  listeners.on('x', () => {
    listeners.off('x', b);
    listeners.on('x', late);
  });
  listeners.on('x', b);
  listeners.dispatch('x', 0);
  assert.deepEqual(heard, ['b']);
  listeners.off('x', late);
});

test('a handler that throws is reported and stops nobody', () => {
  const { listeners, heard, hear, reports } = make();
  const error = new Error('mine');
  listeners.on('x', () => {
    throw error;
  });
  listeners.on('x', hear('next'));
  listeners.dispatch('x', 0);
  assert.deepEqual(heard, ['next']);
  assert.deepEqual(reports, [error]);
});

test('unknown names are accepted, off of a stranger is harmless', () => {
  const { listeners, hear } = make();
  listeners.on('never heard of', hear('a'));
  listeners.off('nor of this', hear('b'));
  listeners.dispatch('nobody listens', 0);
});

test('a missing name or handler throws 6017', () => {
  const { listeners } = make();
  for (const bad of [
    () => listeners.on('x', undefined),
    () => listeners.once('x', {}),
    () => listeners.off('x', undefined),
    () => listeners.on(undefined as never, () => {}),
    () => listeners.on('', () => {}),
  ]) {
    assert.throws(bad, { code: 6017, name: 'Error' });
  }
});
