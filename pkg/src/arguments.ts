// Arguments of a call as the JSON text that the engine reads.
//
// What JSON cannot say must not silently vanish where the engine would have refused it: functions,
// symbols and numbers that are none become `null`, which no parameter accepts. Of a message only
// the fields that are a message's go across; what the application hung on it may be anything,
// cycles included.

import { MESSAGE_FIELDS } from './templates.js';
import { type Fields } from './update.js';

function visible(_key: string, value: unknown): unknown {
  const lost = typeof value === 'function' || typeof value === 'symbol' || (typeof value === 'number' && !Number.isFinite(value));
  return lost ? null : value;
}

/** As `visible`; and a property that is there but `undefined` counts as one. */
function visibleWithUndefined(key: string, value: unknown): unknown {
  return value === undefined ? null : visible(key, value);
}

function text(value: unknown, replacer: typeof visible): string {
  try {
    return JSON.stringify(value, replacer) ?? 'null';
  } catch {
    // A cycle, a BigInt, a throwing getter: the engine refuses the null with the right code, after
    // it has looked at the state of the session.
    return 'null';
  }
}

/** A JSON array; arguments that were left out at the end are left out here. */
export function argumentsText(args: readonly unknown[], undefinedCounts = false): string {
  const replacer = undefinedCounts ? visibleWithUndefined : visible;
  let given = args.length;
  while (given > 0 && args[given - 1] === undefined) given--;
  return `[${args.slice(0, given).map((it) => text(it, replacer)).join()}]`;
}

/** The fields of a message, read through whatever was passed; anything that is no object as it is. */
export function messageFields(message: unknown): unknown {
  if (!isObject(message)) return message;
  try {
    return Object.fromEntries(MESSAGE_FIELDS.filter((key) => key in message).map((key) => [key, message[key]]));
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
