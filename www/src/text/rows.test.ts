// Day separators and groups, from messages to the rows that are drawn.

import { expect, it } from 'vitest';
import { rowsOf } from './rows';

const noon = new Date(2026, 10, 21, 12).getTime() / 1000;
const message = (id: string, from: string, after: number) => ({ id, from, time: noon + after });

const drawn = (...messages: ReturnType<typeof message>[]) =>
  rowsOf(messages).map((row) => (row.kind === 'day' ? 'day' : `${row.first ? '<' : ''}${row.message.id}${row.last ? '>' : ''}`));

it('a conversation without messages has no rows', () => expect(drawn()).toEqual([]));

it('what one person writes without a pause is one group', () => {
  expect(drawn(message('a', 'x', 0), message('b', 'x', 60), message('c', 'x', 120))).toEqual(['day', '<a', 'b', 'c>']);
});

it('another sender or a pause begins a new group', () => {
  expect(drawn(message('a', 'x', 0), message('b', 'y', 1), message('c', 'y', 302))).toEqual(['day', '<a>', '<b>', '<c>']);
  expect(drawn(message('a', 'x', 0), message('b', 'x', 300))).toEqual(['day', '<a', 'b>']);
});

it('midnight separates, also within a group', () => {
  const midnight = 12 * 3600;
  expect(drawn(message('a', 'x', midnight - 10), message('b', 'x', midnight + 10))).toEqual(['day', '<a>', 'day', '<b>']);
});

it('keys are unique even when times go back over midnight', () => {
  const rows = rowsOf([message('a', 'x', 0), message('b', 'x', 86_400), message('c', 'x', 0)]);
  expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
});
