// What went wrong, in a sentence for the person who holds the phone.
//
// The SDK's codes are the contract; its own messages are for developers. A code without a sentence
// here is shown with the SDK's text, so that nothing fails silently.

const SENTENCES = {
  2501: 'There is nobody with this user ID yet. People appear after their first login.',
  2801: 'The server did not answer in time.',
  2802: 'This is not the address of a server.',
  2805: 'There is no connection to the server.',
  2996: 'That was too much at once. Wait a second, then try again.',
  2998: 'The chat engine could not be loaded. Close the mini-program and open it again.',
  2999: 'Still loading. Try again in a moment.',
  3000: 'Still loading. Try again in a moment.',
  20003: 'The receiver does not exist.',
  20007: 'This person does not accept messages from you.',
  20009: 'You can only write to friends.',
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

const KICKED = {
  multipleAccount: 'This account was used to log in somewhere else. Only one place at a time is allowed.',
  multipleDevice: 'This account was used to log in on another device.',
  userSigExpired: 'The login has expired.',
  REST_API_Kick: 'An administrator ended this login.',
};

function explain({ code, message }) {
  return SENTENCES[code] || (code === undefined ? message : `${message} (${code})`);
}

/** Why the server ended a login; `type` is that of the SDK's event. */
const explainKick = (type) => KICKED[type] || 'The server ended this login.';

/** The server was not there; trying again later makes sense. */
const isUnreachable = ({ code }) => code === 2801 || code === 2805;

/** The credential is no good; a fresh one may be. */
const isSignatureProblem = ({ code }) => (code >= 70001 && code <= 70020) || code === 70052;

module.exports = { explain, explainKick, isUnreachable, isSignatureProblem };
