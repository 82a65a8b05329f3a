// Arguments of a call as the JSON text that the engine reads.
//
// What JSON cannot say must not silently vanish where the engine would have refused it: functions,
// symbols and numbers that are none become `null`, which no parameter accepts. Of a message only
// the fields that are a message's go across; what the application hung on it may be anything,
// cycles included.

import { blankMessage } from './templates.js';
import { isPlain, type Fields } from './update.js';

const BLANK = Object.entries(blankMessage(''));

/** How deep arguments are looked into; none of the API is nested like this. */
const DEPTH = 8;

function visible(_key: string, value: unknown): unknown {
  return isLost(value) ? null : value;
}

/** As `visible`; and a property that is there but `undefined` counts as one. */
function visibleWithUndefined(key: string, value: unknown): unknown {
  return value === undefined ? null : visible(key, value);
}

function isLost(value: unknown): boolean {
  return typeof value === 'function' || typeof value === 'symbol' || (typeof value === 'number' && !Number.isFinite(value));
}

/** Whether plain `JSON.stringify` says it all, which is several times as fast as with a replacer. */
function isJson(value: unknown, depth = DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return value !== undefined && !isLost(value);
  return depth > 0 && (isPlain(value) || Array.isArray(value)) && Object.values(value).every((it) => isJson(it, depth - 1));
}

function text(value: unknown, replacer: typeof visible): string {
  try {
    return JSON.stringify(value, isJson(value) ? undefined : replacer) ?? 'null';
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

/**
 * The text of a message, read through whatever was passed: its fields as far as they are not blank,
 * as the engine leaves them out, too. Anything that is no object as it is.
 */
export function messageText(message: unknown): string {
  if (!isObject(message)) return text(message, visible);
  const members: string[] = [];
  try {
    for (const [key, blank] of BLANK) {
      const value = message[key];
      if (value !== undefined && value !== blank) members.push(`"${key}":${text(value, visible)}`);
    }
  } catch {
    return 'null';
  }
  return `{${members.join()}}`;
}

/** As `argumentsText`, of a message by its text and what follows it. */
export function messageArgumentsText(message: string, ...rest: unknown[]): string {
  const others = argumentsText(rest);
  return `[${message}${others === '[]' ? '' : ','}${others.slice(1)}`;
}

/** The ID of what was passed as a message, if it has one. */
export function messageID(message: unknown): string | undefined {
  try {
    return isObject(message) && typeof message.ID === 'string' ? message.ID : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
