// The server's address, and the credential that a development server gives for the asking.
//
// An application of your own asks its own backend for the UserSig instead. Knows nothing of the SDK.

const TIMEOUT_MS = 10000;

/**
 * The address of what somebody typed, `https://chat.example.org`, or `''` when that is none. The SDK
 * takes it as it is and finds the socket behind it. A path such as `/im/ws` stays.
 */
function addressOf(typed) {
  const text = typed.trim();
  if (text === '') return '';
  const isLocal = /^(localhost|[\d.]+|\[[\da-f:]+\])(:|\/|$)/i.test(text);
  const address = /^[a-z]+:\/\//i.test(text) ? text : `${isLocal ? 'http' : 'https'}://${text}`;
  return /^(http|ws)s?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/i.test(address) ? address.replace(/\/$/, '') : '';
}

/** A promise of `{ SDKAppID, userSig }`. Rejects with `signingIsOff` when the server does not sign. */
function askUserSig(server, userID) {
  const [, secure, host] = /^(?:http|ws)(s?):\/\/([^/]+)/i.exec(server);
  return new Promise((resolve, reject) => {
    wx.request({
      url: `http${secure}://${host}/dev/usersig?userID=${encodeURIComponent(userID)}`,
      timeout: TIMEOUT_MS,
      success({ statusCode, data }) {
        if (statusCode === 200 && data && data.SDKAppID && data.userSig) resolve({ SDKAppID: data.SDKAppID, userSig: data.userSig });
        else if (statusCode === 400) reject(new Error('The server does not accept this user ID.'));
        else if (statusCode >= 500) reject(new Error(`The server has a problem (${statusCode}). Try again in a moment.`));
        // Any other answer is that of a server that has no such address, be it a web page.
        else reject(Object.assign(new Error('This server does not sign.'), { signingIsOff: true }));
      },
      fail: ({ errMsg }) => reject(new Error(sentenceOf(errMsg))),
    });
  });
}

function sentenceOf(errMsg) {
  return /domain list/.test(errMsg)
    ? 'This server is not on the mini-program’s list of domains.'
    : 'The server cannot be reached. Check its address and your connection, then try again.';
}

module.exports = { addressOf, askUserSig };
