// What a login needs, and where this page gets it: from the server's development app, which signs for
// anybody, or from a form. An application of your own asks its own backend instead.

export interface Credentials {
  userID: string;
  SDKAppID: number;
  userSig: string;
  /** Made by the server for the asking, so that another can be had. */
  signedHere: boolean;
}

/** The server does not sign for pages. */
export class SigningIsOff extends Error {}

export async function askServer(userID: string): Promise<Credentials> {
  let response: Response;
  try {
    response = await fetch(`/dev/usersig?userID=${encodeURIComponent(userID)}`, { headers: { accept: 'application/json' } });
  } catch {
    throw new Error('The server cannot be reached. Check your connection, then try again.');
  }
  if (response.status === 404 || response.status === 403) throw new SigningIsOff();
  if (response.status === 400) throw new Error('The server does not accept this user ID.');
  if (!response.ok) throw new Error(`The server has a problem (${response.status}). Try again in a moment.`);
  // A static host answers every path with its page.
  const answer: unknown = await response.json().catch(() => undefined);
  if (!isSigned(answer)) throw new SigningIsOff();
  return { userID, SDKAppID: answer.SDKAppID, userSig: answer.userSig, signedHere: true };
}

function isSigned(answer: unknown): answer is { SDKAppID: number; userSig: string } {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'SDKAppID' in answer &&
    typeof answer.SDKAppID === 'number' &&
    'userSig' in answer &&
    typeof answer.userSig === 'string'
  );
}
