// User IDs, and what stands for a person without a picture.
//
// Pure; knows nothing of the SDK.

/** White letters stand out on each of these. */
const COLOURS = ['#b3402a', '#8a5a0b', '#4d6b12', '#1d7042', '#0f766e', '#0b7285', '#2563b8', '#4f56d3', '#7a46c4', '#a33aa3', '#b93a72', '#55657a'];

/** Why this cannot be a user ID, as a sentence; empty when it can. */
function userIDProblem(userID) {
  if (userID === '') return 'Enter a user ID.';
  if (/\s/.test(userID)) return 'A user ID has no spaces.';
  if (!/^[\x21-\x7e]*$/.test(userID)) return 'A user ID has only unaccented letters, digits and signs such as - or _.';
  if (userID.length > 32) return 'A user ID has at most 32 characters.';
  if (/^@T[IG][MS]#/.test(userID)) return 'IDs that begin with @TIM# or @TGS# are reserved.';
  return '';
}

/** One or two letters: of the first word and the last. */
function initialsOf(name) {
  const words = name.split(/[\s._\-@#]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0] || name];
  return letters.map((word) => Array.from(word)[0] || '').join('').toUpperCase();
}

/** The same colour for the same text. */
function colourOf(text) {
  let hash = 0;
  for (let i = 0; i < text.length; i += 1) hash = (hash * 31 + text.charCodeAt(i)) % 65521;
  return COLOURS[hash % COLOURS.length];
}

module.exports = { userIDProblem, initialsOf, colourOf };
