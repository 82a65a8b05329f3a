// What an app does with the SDK, and the clock beside it. `wx.clock`, in milliseconds with a fraction,
// is the benchmarks' own: programs have none that is finer than a millisecond.
//
// Knows nothing of the process it runs in; child.mjs calls these functions by their names.

const TIM = require('tim-wasm');

let tim;
let received = 0;
let kept;
let waiting;

/** From `TIM.create` until the engine answers: it alone refuses a login without a userID. */
exports.load = (options) => {
  const began = wx.clock();
  return TIM.create(options)
    .login({ userID: '', userSig: '' })
    .then(
      () => 0,
      (error) => error.code,
    )
    .then((code) => ({ code, ms: wx.clock() - began }));
};

/** Logs in and waits until the SDK is ready. */
exports.enter = ({ SDKAppID, proxyServer, userID, userSig }) => {
  tim = TIM.create({ SDKAppID, proxyServer });
  tim.setLogLevel(2);
  tim.on(TIM.EVENT.MESSAGE_RECEIVED, ({ data }) => {
    received += data.length;
    if (kept) kept.push(...data);
    if (waiting && received >= waiting.count) waiting.resolve();
  });
  const ready = new Promise((resolve) => tim.on(TIM.EVENT.SDK_READY, () => resolve()));
  return Promise.all([tim.login({ userID, userSig }), ready]).then(() => undefined);
};

/** Waits until so many messages have been received since the start. */
exports.received = (count) =>
  new Promise((resolve) => {
    if (received >= count) resolve();
    else waiting = { count, resolve };
  });

/** From now on what is received is kept, as an app does that wants to store it itself. */
exports.keep = () => {
  kept = [];
};

/** The newest page of a conversation. */
exports.firstPage = (conversationID) => {
  const began = wx.clock();
  return tim.getMessageList({ conversationID }).then(({ data }) => ({ ms: wx.clock() - began, count: data.messageList.length }));
};

/** All pages of a conversation. The messages are what `storeKept` stores, if it is called. */
exports.allPages = (conversationID) => {
  const began = wx.clock();
  const all = [];
  const next = (nextReqMessageID) =>
    tim.getMessageList({ conversationID, nextReqMessageID }).then(({ data }) => {
      all.unshift(...data.messageList);
      return data.isCompleted ? undefined : next(data.nextReqMessageID);
    });
  return next('').then(() => {
    const ms = wx.clock() - began;
    kept = all;
    return { ms, count: all.length };
  });
};

// ---- what apps do that keep messages without help: lists under keys

/** Messages under one key: apps keep well away from the megabyte that a key may have. */
const PER_KEY = 200;
const keyOf = (index) => `messages-${index}`;

/** Calls a function of `wx`; the milliseconds until its success and what it gave. */
const timed = (name, options) =>
  new Promise((resolve, reject) => {
    const began = wx.clock();
    wx[name](Object.assign({ success: (result) => resolve({ ms: wx.clock() - began, result }), fail: reject }, options));
  });

/**
 * Stores what was kept, `batch` messages at a time, each time writing the list that grows anew. The
 * sum of the times is without what this host spends on adding up the sizes of all keys, which is
 * what `getStorageInfo` does and nothing else.
 */
exports.storeKept = async (batch) => {
  const messages = JSON.parse(JSON.stringify(kept));
  const sum = { ms: 0, calls: 0, bytes: 0 };
  for (let end = batch; end <= messages.length; end += batch) {
    const index = Math.floor((end - 1) / PER_KEY);
    const data = messages.slice(index * PER_KEY, end);
    const bookkeeping = await timed('getStorageInfo', {});
    const { ms } = await timed('setStorage', { key: keyOf(index), data });
    sum.ms += ms - bookkeeping.ms;
    sum.calls += 1;
    sum.bytes += JSON.stringify(data).length;
  }
  return sum;
};

/** Reads `count` messages back into one list. */
exports.readStored = async (count) => {
  const began = wx.clock();
  const all = [];
  for (let index = 0; index * PER_KEY < count; index++) {
    const { result } = await timed('getStorage', { key: keyOf(index) });
    all.push(...result.data);
  }
  return { ms: wx.clock() - began, count: all.length };
};
