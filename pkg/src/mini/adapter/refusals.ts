// What a host's refusal of a file operation means.
//
// Hosts have a number, a text or both for it, and the numbers differ; the texts agree in a few words.
// What follows from it is decided elsewhere.

import type { Refusal } from './api.js';
import type { FileFailure } from '../platform.js';

export interface Failed extends FileFailure {
  /** There is no such file, or no folder for it. */
  missing: boolean;
  /** There is a file of that name already. */
  taken: boolean;
}

/** @param reason what the host said, or what a call of it threw */
export function failureOf(reason: unknown): Failed {
  const { errMsg, errorMessage, errno, errCode } = (reason || {}) as Refusal;
  const text = String(errMsg || errorMessage || reason);
  const says = (code: number, words: RegExp): boolean => errno === code || errCode === code || words.test(text);
  return {
    text,
    full: says(1300202, /maximum size|(size|storage) limit|no space/i),
    missing: says(1300002, /no such file/i),
    taken: says(1301005, /already exist/i),
  };
}
