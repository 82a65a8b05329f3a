// Everything that belongs to one login: the SDK's instance, the list, the messages, the connection.
//
// Made before `login` is called, because the first events come during it, and ended with the login.
// Knows nothing of screens and of what is remembered.

const TIM = require('tim-wasm/mini');
const createConversations = require('./conversations.js');
const createNetwork = require('./network.js');
const createTimeline = require('./timeline.js');
const { isSignal } = require('./message.js');

/** `onKicked(type)` is called when the server ended the login. */
module.exports = function beginChat({ SDKAppID, server, userID }, onKicked) {
  const tim = TIM.create({ SDKAppID, proxyServer: server });
  tim.setLogLevel(2);

  // The SDK serves requests from here on; before, it refuses them.
  const ready = new Promise((resolve) => tim.on(TIM.EVENT.SDK_READY, () => resolve()));
  const timelines = new Map();

  tim.on(TIM.EVENT.MESSAGE_RECEIVED, ({ data }) => {
    const messages = data.filter((it) => !isSignal(it));
    timelines.forEach((timeline, id) => timeline.receive(messages.filter((it) => it.conversationID === id)));
  });
  tim.on(TIM.EVENT.MESSAGE_READ_BY_PEER, () => timelines.forEach((it) => it.show()));
  tim.on(TIM.EVENT.SDK_RELOAD, () => timelines.forEach((it) => it.refresh()));
  tim.on(TIM.EVENT.KICKED_OUT, ({ data }) => onKicked(data.type));

  return {
    tim,
    userID,
    ready,
    conversations: createConversations(tim, ready),
    network: createNetwork(tim),
    /** The messages of one conversation; the same object each time. */
    timeline(conversationID) {
      if (!timelines.has(conversationID)) timelines.set(conversationID, createTimeline(tim, conversationID, ready));
      return timelines.get(conversationID);
    },
    /** Logs out and gives everything back; the promise never rejects. */
    end: () => tim.destroy(),
  };
};
