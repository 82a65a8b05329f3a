// The messages of one conversation, oldest first.
//
// Four things change them: a page of history, a message that arrives, one that is sent, and the peer
// reading. The order is the SDK's: what arrives or is sent is put at the end, then the newest page is
// read again, which the SDK answers from the device. Knows nothing of rows and scrolling.

const TIM = require('tim-wasm/mini');
const createState = require('./state.js');
const { targetOf } = require('./conversations.js');
const { viewOf } = require('./message.js');
const { explain } = require('./words.js');

module.exports = function createTimeline(tim, conversationID, ready) {
  const state = createState({
    /** Small copies of the SDK's messages, see message.js. */
    messages: [],
    /** The newest page: `none`, `loading`, `there` or `failed`. */
    newest: 'none',
    /** The page before: `idle`, `loading` or `failed`. */
    older: 'idle',
    /** Why a page did not come. */
    failure: '',
    /** The first message of the conversation is among them. */
    complete: false,
  });
  /** The SDK's own objects, which change in place. */
  let messages = [];
  let next = '';
  /** How often the newest page was asked for: an answer that was overtaken is not looked at. */
  let asked = 0;
  const sending = new Set();
  const reasons = new Map();

  function show(changes) {
    const views = messages.map((it) => viewOf(it, sending.has(it.ID), reasons.get(it.ID)));
    state.set(Object.assign({ messages: views }, changes));
  }

  async function page(nextReqMessageID) {
    await ready;
    const { data } = await tim.getMessageList({ conversationID, nextReqMessageID });
    return data;
  }

  /** Puts the newest page where it belongs: at the end, before what is on its way. */
  async function refresh() {
    asked += 1;
    const turn = asked;
    const known = messages;
    const { messageList, nextReqMessageID, isCompleted } = await page();
    const isFirst = state.now.newest !== 'there';
    if (turn !== asked && !isFirst) return;
    const isWaiting = (it) => sending.has(it.ID) || !known.includes(it);
    const placed = messageList.filter((it) => !sending.has(it.ID));
    const others = messages.filter((it) => !placed.includes(it));
    const waiting = others.filter(isWaiting);
    // Without a message in common there is something missing between the page and what is shown.
    const touches = placed.length === 0 || others.length < messages.length;
    messages = (touches ? others.filter((it) => !isWaiting(it)) : []).concat(placed, waiting);
    if (touches && !isFirst) return show();
    next = nextReqMessageID;
    show({ newest: 'there', complete: isCompleted });
  }

  function settled(message, promise) {
    sending.add(message.ID);
    reasons.delete(message.ID);
    if (!messages.includes(message)) messages = messages.concat([message]);
    show();
    return promise
      .catch((error) => reasons.set(message.ID, explain(error)))
      .then(() => {
        sending.delete(message.ID);
        show();
        return refresh();
      })
      .catch(() => {});
  }

  return {
    state,
    show: () => show(),
    refresh: () => refresh().catch(() => {}),
    /** Loads the newest page unless it is there or on its way. */
    async open() {
      if (state.now.newest === 'loading' || state.now.newest === 'there') return;
      state.set({ newest: 'loading', failure: '' });
      await refresh().catch((error) => state.set({ newest: 'failed', failure: explain(error) }));
    },
    async loadOlder() {
      if (state.now.newest !== 'there' || state.now.older === 'loading' || state.now.complete) return;
      state.set({ older: 'loading' });
      try {
        const { messageList, nextReqMessageID, isCompleted } = await page(next);
        messages = messageList.filter((it) => !messages.includes(it)).concat(messages);
        next = nextReqMessageID;
        show({ older: 'idle', complete: isCompleted });
      } catch (error) {
        state.set({ older: 'failed', failure: explain(error) });
      }
    },
    receive(arrived) {
      const fresh = arrived.filter((it) => !messages.includes(it));
      if (fresh.length === 0 || state.now.newest !== 'there') return;
      messages = messages.concat(fresh);
      show();
      refresh().catch(() => {});
    },
    /** Throws what the SDK has against the text. */
    send(text) {
      const to = targetOf(conversationID);
      const conversationType = conversationID.slice(0, -to.length);
      const message = tim.createTextMessage({ to, conversationType, payload: { text } });
      settled(message, tim.sendMessage(message));
    },
    resend(ID) {
      const message = messages.find((it) => it.ID === ID && it.status === 'fail');
      if (message && !sending.has(ID)) settled(message, tim.resendMessage(message));
    },
    /** The SDK remembers what the server was not told; there is nothing to do about a failure. */
    markRead: () => ready.then(() => tim.setMessageRead({ conversationID })).catch(() => {}),
  };
};
