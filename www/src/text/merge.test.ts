// The end of the list and the newest page of the SDK, brought together.

import { expect, it } from 'vitest';
import { mergeNewest, prependOlder } from './merge';

const merged = (shown: string, page: string) => mergeNewest([...shown], [...page])?.join('');

it('a page that says nothing new changes nothing', () => expect(merged('abcdef', 'def')).toBe('abcdef'));

it('the page decides the order', () => expect(merged('abdce', 'bcde')).toBe('abcde'));

it('the page brings what was missing', () => expect(merged('abd', 'bcde')).toBe('abcde'));

it('what arrived while the page was fetched stays at the end', () => expect(merged('abcxy', 'bc')).toBe('abcxy'));

it('an empty screen takes the page, an empty page leaves the screen', () => {
  expect(merged('', 'abc')).toBe('abc');
  expect(merged('abc', '')).toBe('abc');
});

it('a page that does not touch what is shown is a gap', () => expect(merged('abc', 'xyz')).toBeUndefined());

it('older messages go before, each once', () => expect(prependOlder([...'cde'], [...'abc']).join('')).toBe('abcde'));
