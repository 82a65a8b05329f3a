// Times as people read them: beside a message, in the list, between two days.
//
// Takes seconds since 1970, as messages carry them, and what "now" is. Without `Intl`, which not every
// client has. Days are those of the reader's calendar, so that "Yesterday" begins at midnight.

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

const dateOf = (seconds) => new Date(seconds * 1000);
const twoDigits = (number) => String(number).padStart(2, '0');

const nowInSeconds = () => Math.floor(Date.now() / 1000);

/** A number that grows by one at each local midnight. */
function dayOf(seconds) {
  const date = dateOf(seconds);
  // Through UTC, because local days have 23 or 25 hours twice a year.
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86400000;
}

/** `14:05` */
const clock = (seconds) => `${twoDigits(dateOf(seconds).getHours())}:${twoDigits(dateOf(seconds).getMinutes())}`;

/** In the list: `14:05`, `Yesterday`, `Mon`, `12 Mar`, `12 Mar 2023`; empty for 0. */
function listTime(seconds, now) {
  if (seconds <= 0) return '';
  const age = dayOf(now) - dayOf(seconds);
  // A time ahead of the reader's clock means that clocks differ.
  if (age <= 0) return clock(seconds);
  if (age === 1) return 'Yesterday';
  const date = dateOf(seconds);
  if (age < 7) return DAYS[date.getDay()].slice(0, 3);
  const day = `${date.getDate()} ${MONTHS[date.getMonth()].slice(0, 3)}`;
  return date.getFullYear() === dateOf(now).getFullYear() ? day : `${day} ${date.getFullYear()}`;
}

/** Between two days: `Today`, `Yesterday`, `Monday`, `Thursday 12 March`, `12 March 2023`. */
function dayLabel(seconds, now) {
  const age = dayOf(now) - dayOf(seconds);
  if (age <= 0) return 'Today';
  if (age === 1) return 'Yesterday';
  const date = dateOf(seconds);
  const weekday = DAYS[date.getDay()];
  if (age < 7) return weekday;
  const day = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return date.getFullYear() === dateOf(now).getFullYear() ? `${weekday} ${day}` : `${day} ${date.getFullYear()}`;
}

module.exports = { nowInSeconds, dayOf, clock, listTime, dayLabel };
