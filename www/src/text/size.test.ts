// Bytes as the SDK counts them, and the room a message has left.

import { expect, it } from 'vitest';
import { bytes, MESSAGE_LIMIT, messageRoom } from './size';

it('counts UTF-8', () => {
  expect(bytes('abc')).toBe(3);
  expect(bytes('é')).toBe(2);
  expect(bytes('你好')).toBe(6);
  expect(bytes('👍🏽')).toBe(8);
});

it('a message has room for its limit less what JSON adds', () => {
  const empty = messageRoom('');
  expect(empty).toBe(MESSAGE_LIMIT - '{"text":""}'.length);
  expect(messageRoom('a'.repeat(empty))).toBe(0);
  expect(messageRoom('a'.repeat(empty + 1))).toBe(-1);
});

it('a line break and a quote take two bytes each', () => expect(messageRoom('\n"')).toBe(messageRoom('') - 4));
