// The conversation list.
//
// The SDK sends the complete, sorted list whenever anything in it changed; first, before anything came
// over the network, the one it keeps on the device. Here it becomes rows for the screen. A row that did
// not change stays the same object, so that only what changed is drawn again.

import { shallowReactive } from 'vue';
import { TIM, type Listeners, type Tim } from './sdk';
import type { ExactConversation } from 'tim-wasm';

export interface ConversationRow {
  id: string;
  type: 'C2C' | 'GROUP' | '@TIM#SYSTEM';
  /** Whom a message goes to: a userID or a groupID. */
  target: string;
  name: string;
  avatar: string;
  /** The newest message in one line. */
  preview: string;
  /** Seconds; 0 without messages. */
  time: number;
  /** The newest message is mine, and whether the peer has read it. */
  mine: boolean;
  peerRead: boolean;
  unread: number;
  pinned: boolean;
}

export interface Conversations {
  readonly state: {
    readonly rows: readonly ConversationRow[];
    /** A list has arrived, from the device or from the server. */
    readonly known: boolean;
    /** Unread messages of all conversations. */
    readonly unread: number;
  };
  find(id: string): ConversationRow | undefined;
  /** Makes sure that a conversation with this user is in the list; gives its ID. */
  begin(userID: string): Promise<string>;
  markRead(id: string): void;
}

export function createConversations(tim: Tim, { on }: Listeners, me: string): Conversations {
  const state = shallowReactive({ rows: [] as readonly ConversationRow[], known: false, unread: 0 });

  on(TIM.EVENT.CONVERSATION_LIST_UPDATED, ({ data }) => {
    const before = new Map(state.rows.map((row) => [row.id, row]));
    state.rows = data.map((conversation) => reused(before.get(conversation.conversationID), rowOf(conversation, me)));
    state.known = true;
    state.unread = tim.getTotalUnreadMessageCount();
  });
  on(TIM.EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, ({ data }) => {
    state.unread = data;
  });

  return {
    state,
    find: (id) => state.rows.find((row) => row.id === id),
    async begin(userID) {
      const { data } = await tim.getConversationProfile(TIM.TYPES.CONV_C2C + userID);
      return data.conversation.conversationID;
    },
    markRead(id) {
      // The SDK keeps the local zero and tells the server later; there is nothing to do about a failure.
      tim.setMessageRead({ conversationID: id }).catch(() => {});
    },
  };
}

function rowOf(conversation: ExactConversation, me: string): ConversationRow {
  const { conversationID: id, lastMessage } = conversation;
  const target = id.slice(conversation.type === TIM.TYPES.CONV_SYSTEM ? 0 : conversation.type.length);
  return {
    id,
    type: conversation.type,
    target,
    name: nameOf(conversation) || target,
    avatar: conversation.userProfile?.avatar ?? conversation.groupProfile?.avatar ?? '',
    preview: lastMessage.isRevoked ? 'Message recalled' : lastMessage.messageForShow,
    time: lastMessage.lastTime,
    mine: lastMessage.fromAccount === me && lastMessage.lastTime > 0 && target !== me,
    peerRead: lastMessage.isPeerRead,
    unread: conversation.unreadCount,
    pinned: conversation.isPinned,
  };
}

function nameOf(conversation: ExactConversation): string {
  if (conversation.type === TIM.TYPES.CONV_SYSTEM) return 'Notices';
  if (conversation.type === TIM.TYPES.CONV_GROUP) return conversation.groupProfile.name;
  return conversation.remark || conversation.userProfile.nick;
}

function reused(before: ConversationRow | undefined, now: ConversationRow): ConversationRow {
  const same = before && (Object.keys(now) as Array<keyof ConversationRow>).every((key) => before[key] === now[key]);
  return same ? before : now;
}
