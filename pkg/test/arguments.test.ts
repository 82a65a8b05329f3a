// Arguments as the engine reads them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { argumentsText, messageArgumentsText, messageText } from '../src/arguments.js';

const sent = (args: unknown[], undefinedCounts?: boolean): unknown => JSON.parse(argumentsText(args, undefinedCounts));

const sentWith = (message: unknown, ...rest: unknown[]): unknown => JSON.parse(messageArgumentsText(messageText(message), ...rest));

test('arguments left out are left out', () => {
  assert.deepEqual(sent([]), []);
  assert.deepEqual(sent([undefined, undefined]), []);
  assert.deepEqual(sent([{ a: 1 }, undefined]), [{ a: 1 }]);
  assert.deepEqual(sent([undefined, 1]), [null, 1]);
});

test('undefined members are absent, unless they count', () => {
  assert.deepEqual(sent([{ a: undefined, b: 1 }]), [{ b: 1 }]);
  assert.deepEqual(sent([{ nick: undefined }], true), [{ nick: null }]);
});

test('what JSON cannot say does not vanish', () => {
  assert.deepEqual(sent([{ count: NaN, to: () => 1, time: Infinity, id: Symbol('x') }]), [
    { count: null, to: null, time: null, id: null },
  ]);
});

test('arguments that cannot be written are null', () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const trap = {
    get conversationID(): string {
      throw new Error('mine');
    },
  };
  assert.deepEqual(sent([cycle, 1n, trap, { a: 1 }]), [null, null, null, { a: 1 }]);
});

test('of a message only its own fields go across, whatever hangs on it', () => {
  const message: Record<string, unknown> = { ID: '1-2-3', conversationID: 'C2Ca', payload: { text: 'x' } };
  message.self = message;
  message.component = { render: () => 1 };
  assert.deepEqual(sentWith(message), [{ ID: '1-2-3', conversationID: 'C2Ca', payload: { text: 'x' } }]);
  assert.deepEqual(sentWith(undefined, { a: 1 }), [null, { a: 1 }]);
  assert.deepEqual(sentWith('message', undefined, true), ['message', null, true]);
});

test('of a message blank fields stay here, wrong ones do not', () => {
  const message = { ID: '1-2-3', nick: '', version: 0, status: 'success', time: NaN, payload: () => 1, cloudCustomData: 1n };
  assert.deepEqual(sentWith(message), [{ ID: '1-2-3', time: null, payload: null, cloudCustomData: null }]);
});
