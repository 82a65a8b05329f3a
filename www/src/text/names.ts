// User IDs and what stands for a person without a picture.

const RESERVED = ['@TIM#', '@TGS#'];

/** Why this cannot be a user ID, as a sentence for whoever typed it; empty when it can. */
export function userIDProblem(userID: string): string {
  if (userID === '') return 'Enter a user ID.';
  if (/\s/.test(userID)) return 'A user ID has no spaces.';
  if (!/^[\x21-\x7e]*$/.test(userID)) return 'A user ID has only unaccented letters, digits and signs such as - or _.';
  if (userID.length > 32) return 'A user ID has at most 32 characters.';
  if (RESERVED.some((it) => userID.startsWith(it))) return 'IDs that begin with @TIM# or @TGS# are reserved.';
  return '';
}

/** One or two letters: of the first and last word that have any, or whatever the name begins with. */
export function initials(name: string): string {
  const words = name.split(/[\s._\-@#]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const first = words[0] ?? name;
  const last = words.length > 1 ? words[words.length - 1]! : '';
  return (firstLetter(first) + firstLetter(last)).toLocaleUpperCase();
}

/** A letter with its accents and joiners is one; half a surrogate pair is none. */
const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const firstLetter = (word: string) => segmenter.segment(word)[Symbol.iterator]().next().value?.segment ?? '';

/** The same number for the same text, below `count`. */
export function stableIndex(text: string, count: number): number {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return (hash >>> 0) % count;
}
