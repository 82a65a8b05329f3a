// User IDs that may be, initials, and colours that stay.

import { describe, expect, it } from 'vitest';
import { initials, stableIndex, userIDProblem } from './names';

describe('a user ID', () => {
  it.each(['alice', 'a', '7', 'user_1-2', 'a.b@c', 'x'.repeat(32)])('may be %s', (id) => expect(userIDProblem(id)).toBe(''));
  it.each([
    ['', /Enter/],
    ['two words', /spaces/],
    ['josé', /unaccented/],
    ['爱丽丝', /unaccented/],
    ['x'.repeat(33), /32/],
    ['@TIM#SYSTEM', /reserved/],
    ['@TGS#1', /reserved/],
  ])('may not be %j', (id, why) => expect(userIDProblem(id)).toMatch(why));
});

describe('initials', () => {
  it.each([
    ['Alice Liddell', 'AL'],
    ['alice', 'A'],
    ['anna maria rossi', 'AR'],
    ['user_7', 'U7'],
    ['爱丽丝', '爱'],
    ['Zoë 🌸', 'Z'],
    ['🌸', '🌸'],
    ['👩‍🚀', '👩‍🚀'],
    ['', ''],
  ])('of %j are %j', (name, letters) => expect(initials(name)).toBe(letters));
});

it('a colour stays with its name and is one of those there are', () => {
  expect(stableIndex('alice', 12)).toBe(stableIndex('alice', 12));
  const used = new Set(Array.from({ length: 500 }, (_, n) => stableIndex(`user${n}`, 12)));
  expect([...used].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, n) => n));
});
