// The conversation list as rows for the screen.
//
// The SDK sends the complete, sorted list whenever anything in it changed; first the one it keeps on
// the device, before anything came over the network. Knows nothing of messages that are open.

const TIM = require('tim-wasm/mini');
const createState = require('./state.js');
const { colourOf, initialsOf } = require('./names.js');
const { listTime } = require('./time.js');

/** The state is `{ list, known, unread }`; `known`: a list has come, from the device or the server. */
module.exports = function createConversations(tim, ready) {
  const state = createState({ list: [], known: false, unread: 0 });

  tim.on(TIM.EVENT.CONVERSATION_LIST_UPDATED, ({ data }) => {
    state.set({ list: data, known: true, unread: tim.getTotalUnreadMessageCount() });
  });
  tim.on(TIM.EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, ({ data }) => state.set({ unread: data }));

  return {
    state,
    /** A promise of the conversation's ID; rejects when there is no such user. */
    async begin(userID) {
      await ready;
      const { data } = await tim.getConversationProfile(TIM.TYPES.CONV_C2C + userID);
      return data.conversation.conversationID;
    },
    /** What to call a conversation; of one that is not in the list, the user's ID. */
    nameOf(conversationID) {
      const conversation = state.now.list.find((it) => it.conversationID === conversationID);
      return conversation ? nameOf(conversation) : targetOf(conversationID);
    },
  };
};

/** The list's rows; `now` in seconds. */
function rowsOf(list, me, now) {
  return list.map((conversation) => {
    const { conversationID, lastMessage, unreadCount, userProfile } = conversation;
    const name = nameOf(conversation);
    const mine = lastMessage.lastTime > 0 && lastMessage.fromAccount === me;
    const text = lastMessage.isRevoked ? 'Message recalled' : lastMessage.messageForShow;
    const row = {
      id: conversationID,
      name,
      initials: initialsOf(name),
      colour: colourOf(conversationID),
      avatar: userProfile && /^https:/.test(userProfile.avatar) ? userProfile.avatar : '',
      preview: mine ? `You: ${text}` : text,
      time: listTime(lastMessage.lastTime, now),
      badge: unreadCount > 99 ? '99+' : unreadCount > 0 ? String(unreadCount) : '',
    };
    row.label = [name, row.badge && `${row.badge} unread`, row.preview, row.time].filter(Boolean).join(', ');
    return row;
  });
}

function nameOf({ conversationID, type, remark, userProfile, groupProfile }) {
  if (type === TIM.TYPES.CONV_SYSTEM) return 'Notices';
  const name = userProfile ? remark || userProfile.nick : groupProfile && groupProfile.name;
  return name || targetOf(conversationID);
}

/** Whom a conversation is with: its ID begins with its type. */
const targetOf = (conversationID) => conversationID.replace(/^(C2C|GROUP)/, '');

module.exports.rowsOf = rowsOf;
module.exports.targetOf = targetOf;
