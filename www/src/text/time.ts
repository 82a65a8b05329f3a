// Times as people read them: beside a message, in the conversation list, between two days.
//
// Takes seconds since 1970, as messages carry them, and what "now" is; knows nothing of clocks that
// tick or of components. Days are calendar days of the reader, so that "Yesterday" begins at midnight
// and not 24 hours ago.

/** The page speaks English; a reader's own kind of English decides how dates look. */
export const locale =
  (globalThis.navigator?.languages ?? []).find((it) => /^en\b/i.test(it)) ?? 'en-GB';

const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options);

const hours = format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const weekdayShort = format({ weekday: 'short' });
const weekdayLong = format({ weekday: 'long' });
const dayShort = format({ day: 'numeric', month: 'short' });
const dayLong = format({ weekday: 'long', day: 'numeric', month: 'long' });
const dateShort = format({ day: 'numeric', month: 'short', year: 'numeric' });
const dateLong = format({ day: 'numeric', month: 'long', year: 'numeric' });
const everything = format({ dateStyle: 'full', timeStyle: 'short', hourCycle: 'h23' });

const DAY = 86_400_000;

/** The calendar day of the reader, as a number that grows by one at each local midnight. */
export function dayOf(seconds: number): number {
  const date = new Date(seconds * 1000);
  // Through UTC, because local days have 23 or 25 hours twice a year.
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY;
}

const sameYear = (one: number, other: number) =>
  new Date(one * 1000).getFullYear() === new Date(other * 1000).getFullYear();

/** `14:05` */
export const clock = (seconds: number) => hours.format(seconds * 1000);

/** For a tooltip or a screen reader: `Saturday 21 November 2026 at 14:05` */
export const fullTime = (seconds: number) => everything.format(seconds * 1000);

/** For `<time datetime>`. */
export const machineTime = (seconds: number) => new Date(seconds * 1000).toISOString();

/** In the conversation list: `14:05`, `Yesterday`, `Mon`, `12 Mar`, `12 Mar 2023`; empty for 0. */
export function listTime(seconds: number, now: number): string {
  if (seconds <= 0) return '';
  const age = dayOf(now) - dayOf(seconds);
  // A time ahead of the reader's clock means that clocks differ, not that it comes from tomorrow.
  if (age <= 0) return clock(seconds);
  if (age === 1) return 'Yesterday';
  if (age < 7) return weekdayShort.format(seconds * 1000);
  return (sameYear(seconds, now) ? dayShort : dateShort).format(seconds * 1000);
}

/** Between two days of a conversation: `Today`, `Yesterday`, `Monday`, `Thursday 12 March`, `12 March 2023`. */
export function dayLabel(seconds: number, now: number): string {
  const age = dayOf(now) - dayOf(seconds);
  if (age <= 0) return 'Today';
  if (age === 1) return 'Yesterday';
  if (age < 7) return weekdayLong.format(seconds * 1000);
  return (sameYear(seconds, now) ? dayLong : dateLong).format(seconds * 1000);
}
