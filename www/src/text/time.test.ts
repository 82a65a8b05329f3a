// Times as people read them. Built from local dates, so that the tests hold in every time zone.

import { describe, expect, it } from 'vitest';
import { clock, dayLabel, dayOf, listTime } from './time';

const at = (year: number, month: number, day: number, hour = 12, minute = 0) => new Date(year, month - 1, day, hour, minute).getTime() / 1000;

const NOW = at(2026, 11, 21, 14, 30); // a Saturday

describe('beside a message', () => {
  it('is hours and minutes of the day, from 00 to 23', () => {
    expect(clock(at(2026, 11, 21, 9, 5))).toBe('09:05');
    expect(clock(at(2026, 11, 21, 0, 0))).toBe('00:00');
    expect(clock(at(2026, 11, 21, 23, 59))).toBe('23:59');
  });
});

describe('in the conversation list', () => {
  it('is the time today', () => expect(listTime(at(2026, 11, 21, 0, 1), NOW)).toBe('00:01'));
  it('is Yesterday from one midnight to the next, not for 24 hours', () => {
    expect(listTime(at(2026, 11, 20, 23, 59), NOW)).toBe('Yesterday');
    expect(listTime(at(2026, 11, 20, 0, 0), NOW)).toBe('Yesterday');
    expect(listTime(at(2026, 11, 19, 23, 59), NOW)).toBe('Thu');
  });
  it('is the weekday for six days and then the date', () => {
    expect(listTime(at(2026, 11, 15), NOW)).toBe('Sun');
    expect(listTime(at(2026, 11, 14), NOW)).toMatch(/14/);
    expect(listTime(at(2026, 11, 14), NOW)).not.toMatch(/2026/);
    expect(listTime(at(2025, 11, 14), NOW)).toMatch(/2025/);
  });
  it('is empty without messages', () => expect(listTime(0, NOW)).toBe(''));
  it('is the time when the other clock is ahead', () => expect(listTime(at(2026, 11, 22, 0, 10), NOW)).toBe('00:10'));
});

describe('between two days', () => {
  it('counts calendar days', () => {
    expect(dayLabel(at(2026, 11, 21, 0, 0), NOW)).toBe('Today');
    expect(dayLabel(at(2026, 11, 20, 1, 0), NOW)).toBe('Yesterday');
    expect(dayLabel(at(2026, 11, 16), NOW)).toBe('Monday');
    expect(dayLabel(at(2026, 3, 12), NOW)).toMatch(/Thursday/);
    expect(dayLabel(at(2023, 3, 12), NOW)).toMatch(/2023/);
  });
  it('goes up by one at every midnight of a year, also when clocks change', () => {
    for (let day = 1; day <= 365; day++) expect(dayOf(at(2026, 1, day + 1, 0, 30)) - dayOf(at(2026, 1, day, 23, 30))).toBe(1);
  });
});
