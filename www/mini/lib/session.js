// Who is logged in: the program's one login, and the screen that follows from it.
//
//   login ──signIn──▶ chats ──signOut──▶ login
//                       └──kicked out──▶ kicked ──signInAgain──▶ chats
//
// A remembered login shows the chats at once and logs in behind them: the SDK has the list on the
// device. Knows nothing of pages, and of chats only that they begin and end.

const beginChat = require('./chat.js');
const createState = require('./state.js');
const { recall, remember, forget } = require('./remembered.js');
const { askUserSig } = require('./server.js');
const { explain, isUnreachable, isSignatureProblem } = require('./words.js');

const TRY_AGAIN_MS = 3000;

const state = createState({
  /** `chats`, `login` or `kicked`. */
  screen: 'login',
  chat: undefined,
  userID: '',
  /** A login that somebody waits for is running. */
  busy: false,
  /** Why the last one failed, as a sentence. */
  failure: '',
  /** The server does not sign: the form asks for a UserSig. */
  manual: false,
  /** Why the server ended the login; a type of the SDK's event. */
  kicked: '',
});

/** Settles when the chat before is gone: two may not have the same files open. */
let ended = Promise.resolve();

/** Decides what the program starts with. */
function begin() {
  const last = recall();
  if (last.kicked) state.set({ screen: 'kicked', userID: last.userID, kicked: last.kicked });
  else if (last.userSig) resume(last);
}

/** `wanted` has `server` and `userID`; with a form for them also `SDKAppID` and `userSig`. */
async function signIn(wanted) {
  state.set({ busy: true, failure: '', userID: wanted.userID });
  try {
    const signed = !wanted.userSig;
    const login = Object.assign({ signed }, wanted, signed ? await askUserSig(wanted.server, wanted.userID) : {});
    await ended;
    const chat = open(login);
    try {
      await chat.tim.login({ userID: login.userID, userSig: login.userSig });
    } catch (error) {
      end(chat);
      throw error;
    }
    remember(login);
    state.set({ screen: 'chats', chat, busy: false, manual: false });
  } catch (error) {
    if (error.signingIsOff) state.set({ screen: 'login', busy: false, manual: true });
    else state.set({ busy: false, failure: explain(error) });
  }
}

/** Logs in behind chats that are on the screen already, for as long as it takes to find the server. */
async function resume(login) {
  const chat = open(login);
  state.set({ screen: 'chats', chat, userID: login.userID });
  let failure;
  do {
    failure = undefined;
    try {
      await chat.tim.login({ userID: login.userID, userSig: login.userSig });
    } catch (error) {
      failure = error;
      if (isUnreachable(error)) {
        chat.network.unreachable();
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
      }
    }
    // Meanwhile it may have ended: logged out, kicked out.
    if (state.now.chat !== chat) return;
  } while (failure && isUnreachable(failure));
  if (!failure) return;
  end(chat);
  state.set({ screen: 'login', chat: undefined, failure: explain(failure) });
  if (login.signed && isSignatureProblem(failure)) await signIn({ server: login.server, userID: login.userID });
}

/** The kicked screen's way back. */
function signInAgain() {
  const { server, userID, SDKAppID, userSig, signed } = recall();
  return signIn(signed ? { server, userID } : { server, userID, SDKAppID, userSig });
}

function signOut() {
  forget();
  if (state.now.chat) end(state.now.chat);
  state.set({ screen: 'login', chat: undefined, kicked: '', failure: '' });
}

function open(login) {
  const chat = beginChat(login, (kicked) => {
    remember(Object.assign({}, login, { kicked }));
    end(chat);
    state.set({ screen: 'kicked', chat: undefined, kicked, failure: '' });
  });
  return chat;
}

function end(chat) {
  ended = chat.end();
}

const setManual = (manual) => state.set({ manual, failure: '' });

module.exports = { state, begin, signIn, signInAgain, signOut, setManual };
