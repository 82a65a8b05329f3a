// The login this page remembers, so that a reload goes straight to the chats.
//
// Twice: for this tab, which may be another person than the tab beside it, and for the next tab to be
// opened. A browser that refuses storage forgets on reload and that is all. Also here: whether a tab
// was thrown out, which must survive a reload, or two tabs would throw each other out for ever.

import type { Credentials } from './credentials';
import type { KickReason } from '../chat/chat';

const LOGIN = 'tim-demo.login';
const KICKED = 'tim-demo.kicked';

export function remember(credentials: Credentials): void {
  const text = JSON.stringify(credentials);
  attempt(() => sessionStorage.setItem(LOGIN, text));
  attempt(() => localStorage.setItem(LOGIN, text));
}

export function forget(userID: string): void {
  attempt(() => sessionStorage.removeItem(LOGIN));
  // Another tab may have logged in as somebody else since.
  if (read(localStorage)?.userID === userID) attempt(() => localStorage.removeItem(LOGIN));
}

/** The login of this tab before it was reloaded. */
export const ofThisTab = () => attempt(() => read(sessionStorage));

/** The last login of this browser. */
export const ofThisBrowser = () => attempt(() => read(localStorage));

export function rememberKick(why: KickReason | undefined): void {
  attempt(() => (why ? sessionStorage.setItem(KICKED, why) : sessionStorage.removeItem(KICKED)));
}

export const kickOfThisTab = () => attempt(() => sessionStorage.getItem(KICKED) as KickReason | null) ?? undefined;

function read(storage: Storage): Credentials | undefined {
  const text = storage.getItem(LOGIN);
  if (text === null) return undefined;
  const login = JSON.parse(text) as Partial<Credentials> | null;
  if (typeof login?.userID !== 'string' || typeof login.userSig !== 'string' || typeof login.SDKAppID !== 'number') return undefined;
  return { userID: login.userID, SDKAppID: login.SDKAppID, userSig: login.userSig, signedHere: login.signedHere === true };
}

/** Storage that is blocked throws at a touch; what is in it may be anything. */
function attempt<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch {
    return undefined;
  }
}
