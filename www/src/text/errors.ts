// What went wrong, in a sentence for the person in front of the screen.
//
// The SDK's codes are the contract; its own messages are for developers. A code without a sentence
// here is shown with the SDK's text, so that nothing fails silently.

/** Anything that was thrown, as far as it is one of the SDK's errors. */
export const codeOf = (thrown: unknown): number | undefined =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'number' ? thrown.code : undefined;

const SENTENCES: Record<number, string> = {
  2501: 'There is nobody with this user ID yet. People appear after their first login.',
  2721: 'A name or address is too long, or of the wrong kind.',
  2801: 'The server did not answer in time.',
  2802: 'The page does not know the address of its server.',
  2805: 'There is no connection to the server.',
  2996: 'That was too much at once. Wait a second, then try again.',
  2998: 'The chat engine could not be loaded. Reload the page to try again.',
  2999: 'Still loading. Try again in a moment.',
  20003: 'The receiver does not exist.',
  20007: 'This person does not accept messages from you.',
  20009: 'You can only write to friends.',
  20010: 'You can only write to friends.',
  20011: 'You can only write to friends.',
  20012: 'You may not send messages at the moment.',
  70001: 'The UserSig has expired.',
  70003: 'The UserSig cannot be read. Was it copied completely?',
  70009: 'The UserSig was not made with the key of this server.',
  70013: 'The UserSig belongs to another user ID.',
  70014: 'The UserSig belongs to another app.',
  70020: 'The server does not know this app.',
  70050: 'Too many failed logins. Wait a minute, then try again.',
  70051: 'This account is blocked.',
  70052: 'The UserSig was withdrawn.',
  70107: 'This account does not exist, and the server does not create accounts on login.',
  80001: 'The server refused this text.',
  80002: 'The message is too long.',
};

export function explain(thrown: unknown): string {
  const code = codeOf(thrown);
  const sentence = code === undefined ? undefined : SENTENCES[code];
  if (sentence) return sentence;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return code === undefined ? message : `${message} (${code})`;
}

/** The server was not there; trying again later makes sense. */
export const isUnreachable = (thrown: unknown) => [2801, 2805].includes(codeOf(thrown) ?? 0);

/** The credential is no good; a fresh one may be. */
export const isSignatureProblem = (thrown: unknown) => {
  const code = codeOf(thrown) ?? 0;
  return (code >= 70001 && code <= 70020) || code === 70052;
};

/** The SDK refused a call because of the state it is in; says nothing to the person. */
export const isGateRefusal = (code: number) => [2024, 2025, 2999, 3000].includes(code);
