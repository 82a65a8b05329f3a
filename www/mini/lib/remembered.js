// The last login, kept so that the next start goes straight to the chats.
//
// After a log-out only the address and the user ID stay, for the form to propose. Where the host's
// storage is full or fails, the program forgets, and that is all.

const KEY = 'tim-demo.login';

/** `{ server, userID }`, after a login also `{ SDKAppID, userSig, signed }`, or `{}`. */
function recall() {
  try {
    return wx.getStorageSync(KEY) || {};
  } catch (error) {
    return {};
  }
}

/** `signed`: the server made the UserSig for the asking. `kicked`: why the server ended this login. */
function remember({ server, userID, SDKAppID, userSig, signed, kicked }) {
  try {
    wx.setStorageSync(KEY, { server, userID, SDKAppID, userSig, signed, kicked });
  } catch (error) {
    console.warn('The login is not remembered.', error);
  }
}

/** What the form proposes stays, the credential goes. */
function forget() {
  const { server, userID } = recall();
  remember({ server, userID });
}

module.exports = { recall, remember, forget };
