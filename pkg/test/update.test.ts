// Changing objects in place: what is written, what stays, what is replaced.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copy, update, type Fields } from '../src/update.js';

/** Records what is written. */
function watched(target: Fields): { object: Fields; writes: string[] } {
  const writes: string[] = [];
  const wrap = (it: Fields, path: string): Fields =>
    new Proxy(it, {
      get: (on, key) => {
        const value = on[key as string];
        return typeof value === 'object' && value !== null ? wrap(value as Fields, `${path}${String(key)}.`) : value;
      },
      set: (on, key, value) => {
        writes.push(path + String(key));
        on[key as string] = value;
        return true;
      },
    });
  return { object: wrap(target, ''), writes };
}

test('only what differs is written', () => {
  const before = { a: 1, b: { c: 1, d: [1, 2] }, e: null };
  const { object, writes } = watched(copy(before));
  update(object, before, { a: 1, b: { c: 2, d: [1, 2] }, e: 'x' });
  assert.deepEqual(writes, ['b.c', 'e']);
});

test('nested objects stay the same objects, arrays do not', () => {
  const before = { payload: { text: 'a' }, list: [1] };
  const target: Fields = copy(before);
  const { payload, list } = target;
  update(target, before, { payload: { text: 'b' }, list: [1, 2] });
  assert.equal(target.payload, payload);
  assert.deepEqual(payload, { text: 'b' });
  assert.notEqual(target.list, list);
  assert.deepEqual(target.list, [1, 2]);
});

test('what the application changed or added stays until there is news', () => {
  const before = { nick: 'Ann', status: 'fail', payload: { text: 'a' } };
  const target: Fields = copy(before);
  target.nick = 'my friend';
  target.status = 'unSend';
  target.progress = 5;
  (target.payload as Fields).translated = 'ä';
  update(target, before, { ...before, payload: { text: 'b' } });
  assert.deepEqual(target, {
    nick: 'my friend',
    status: 'unSend',
    progress: 5,
    payload: { text: 'b', translated: 'ä' },
  });
  update(target, before, { ...before, nick: 'Anna' });
  assert.equal(target.nick, 'Anna');
});

test('an object of another shape is replaced, with what the application added to it', () => {
  const before = { payload: { text: 'a' } };
  const target: Fields = copy(before);
  const old = target.payload as Fields;
  old.own = true;
  update(target, before, { payload: { data: '1', description: '' } });
  assert.notEqual(target.payload, old);
  assert.deepEqual(target.payload, { data: '1', description: '', own: true });
});

test('members that went away go away', () => {
  const before = { info: { a: 1, b: 2 } };
  const target: Fields = copy(before);
  update(target, before, { info: { a: 1 } });
  assert.deepEqual(target.info, { a: 1 });
});

test('what is written is a copy', () => {
  const now = { payload: { list: [{ x: 1 }] } };
  const target: Fields = { payload: null };
  update(target, { payload: null }, now);
  ((target.payload as Fields).list as Fields[])[0]!.x = 2;
  assert.equal(now.payload.list[0]!.x, 1);
});
