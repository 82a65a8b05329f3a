// Turns the messages of a conversation into the rows of the screen: day separators, and groups of
// messages that one person wrote in one go.
//
// Pure; takes what it looks at and nothing else. A group is what one sender wrote on one day without
// a pause: its messages stand close together and only the first carries a name, the last a tail.

import { dayOf } from './time';

/** A pause after which the same sender starts a new group. */
const PAUSE_SECONDS = 5 * 60;

/** What grouping needs to know of a message. */
export interface Grouped {
  id: string;
  from: string;
  time: number;
}

export interface DayRow {
  kind: 'day';
  key: string;
  /** Any time of that day. */
  time: number;
}

export interface MessageRow<Message> {
  kind: 'message';
  key: string;
  message: Message;
  /** First and last of its group. */
  first: boolean;
  last: boolean;
}

export type Row<Message> = DayRow | MessageRow<Message>;

export function rowsOf<Message extends Grouped>(messages: ReadonlyArray<Message>): Array<Row<Message>> {
  const rows: Array<Row<Message>> = [];
  messages.forEach((message, index) => {
    const before = messages[index - 1];
    const after = messages[index + 1];
    if (!before || dayOf(before.time) !== dayOf(message.time)) {
      rows.push({ kind: 'day', key: `day ${message.id}`, time: message.time });
    }
    rows.push({
      kind: 'message',
      key: message.id,
      message,
      first: !before || !together(before, message),
      last: !after || !together(message, after),
    });
  });
  return rows;
}

const together = (one: Grouped, next: Grouped) =>
  one.from === next.from && dayOf(one.time) === dayOf(next.time) && Math.abs(next.time - one.time) <= PAUSE_SECONDS;
