// Which screen this page shows, and the way from one to the next.
//
//   sign-in ──login──▶ chat ──logout──▶ sign-in
//                        └──kicked out──▶ kicked ──"log in here again"──▶ chat
//
// A remembered login shows the chat at once and logs in behind it: the SDK has the conversation list
// on the device. If there is no server and nothing on the device, it goes on trying. Being kicked out
// is final until the person says otherwise, also across a reload.

import { shallowReactive } from 'vue';
import { askServer, SigningIsOff, type Credentials } from './credentials';
import { beginChat, type Chat, type KickReason } from '../chat/chat';
import { explain, isSignatureProblem, isUnreachable } from '../text/errors';
import { forget, kickOfThisTab, ofThisBrowser, ofThisTab, remember, rememberKick } from './remembered';
import { isInAnotherTab, occupy } from './other-tabs';
import { openTim } from '../chat/sdk';

const TRY_AGAIN_MS = 3_000;

export const session = shallowReactive({
  screen: 'starting' as 'starting' | 'sign-in' | 'chat' | 'kicked',
  /** Whom the sign-in form proposes, and whom the kicked screen speaks of. */
  userID: '',
  /** A login is running. */
  busy: false,
  /** Why the last one failed. */
  failure: '',
  /** Why there is a sign-in form and not a chat. */
  hint: '',
  /** The form asks for a UserSig: somebody has one, or the server does not sign. */
  manual: undefined as 'chosen' | 'needed' | undefined,
  kicked: undefined as KickReason | undefined,
  chat: undefined as Chat | undefined,
});

/** Ends what the running login holds: its listeners, and its claim against other tabs. */
let leave = () => {};


/** Decides with what the page begins. */
export async function begin(): Promise<void> {
  const kicked = kickOfThisTab();
  const mine = ofThisTab();
  if (mine && kicked) {
    session.userID = mine.userID;
    return showKicked(kicked);
  }
  if (mine) return resume(mine);
  const last = ofThisBrowser();
  if (!last) return showSignIn();
  if (!(await isInAnotherTab(last))) return resume(last);
  session.userID = last.userID;
  session.hint = `${last.userID} uses another tab of this browser. Log in as somebody else, or take ${last.userID} over to this tab.`;
  showSignIn();
}

/** Logs in with what the server's development app signs. */
export async function signIn(userID: string): Promise<void> {
  await attempt(userID, () => askServer(userID));
}

export async function signInWith(credentials: Credentials): Promise<void> {
  await attempt(credentials.userID, async () => credentials);
}

async function attempt(userID: string, ask: () => Promise<Credentials>): Promise<void> {
  Object.assign(session, { userID, busy: true, failure: '', hint: '' });
  try {
    const credentials = await ask();
    const chat = prepare(credentials);
    try {
      await chat.tim.login(credentials);
    } catch (thrown) {
      leave();
      throw thrown;
    }
    remember(credentials);
    rememberKick(undefined);
    showChat(chat);
  } catch (thrown) {
    if (thrown instanceof SigningIsOff) session.manual = 'needed';
    else session.failure = explain(thrown);
    if (session.screen !== 'kicked' || session.manual) showSignIn(session.failure);
  } finally {
    session.busy = false;
  }
}

/** Logs in with a remembered login, behind a chat that is already on the screen. */
async function resume(credentials: Credentials): Promise<void> {
  session.userID = credentials.userID;
  const chat = prepare(credentials);
  showChat(chat);
  let renewed = false;
  while (session.chat === chat) {
    try {
      await chat.tim.login(credentials);
      remember(credentials);
      return;
    } catch (thrown) {
      if (session.chat !== chat) return;
      if (isUnreachable(thrown)) {
        chat.network.unreachable();
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
        continue;
      }
      if (isSignatureProblem(thrown) && credentials.signedHere && !renewed) {
        renewed = true;
        leave();
        return void (await signIn(credentials.userID));
      }
      leave();
      return showSignIn(explain(thrown));
    }
  }
}

export async function signOut(): Promise<void> {
  const chat = session.chat;
  if (!chat) return;
  forget(chat.me);
  leave();
  showSignIn();
  // While the first login is still running there is nothing to log out of; then the instance goes.
  await chat.tim.logout().catch(() => chat.tim.destroy());
}

function prepare(credentials: Credentials): Chat {
  const chat = beginChat(openTim(credentials.SDKAppID), credentials.userID, (why) => {
    rememberKick(why);
    leave();
    showKicked(why);
  });
  const release = occupy(credentials);
  leave = () => {
    chat.end();
    release();
  };
  return chat;
}

function showChat(chat: Chat): void {
  Object.assign(session, { screen: 'chat', chat, kicked: undefined, failure: '', userID: chat.me });
}

function showSignIn(failure = ''): void {
  Object.assign(session, { screen: 'sign-in', chat: undefined, kicked: undefined, failure });
}

function showKicked(why: KickReason): void {
  Object.assign(session, { screen: 'kicked', chat: undefined, kicked: why });
}

/** From the kicked screen: with the same credentials, or fresh ones where the server signs. */
export async function signInAgain(): Promise<void> {
  const known = ofThisTab();
  if (!known || known.signedHere) await signIn(session.userID);
  else await signInWith(known);
}
