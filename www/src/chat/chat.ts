// Everything that belongs to one login: made before `login` is called, ended with the session.
//
// Its parts do not know each other. This file joins them: it takes the events that concern more than
// one of them apart, and hands out one timeline per conversation.

import { inject, type InjectionKey } from 'vue';
import { createConversations, type ConversationRow, type Conversations } from './conversations';
import { createNetwork, type Network } from './network';
import { createProfiles, type Profiles } from './profiles';
import { createTimeline, type Timeline } from './timeline';
import { createTyping, type Typing } from './typing';
import { isGateRefusal } from '../text/errors';
import { isSignal } from './message-view';
import { Listeners, TIM, type Tim } from './sdk';
import { tell } from './notices';
import type { EventData } from 'tim-wasm';

export interface Chat {
  readonly tim: Tim;
  readonly me: string;
  readonly conversations: Conversations;
  readonly network: Network;
  readonly profiles: Profiles;
  readonly typing: Typing;
  /** Resolves when the SDK serves requests. */
  readonly ready: Promise<void>;
  timeline(conversation: ConversationRow): Timeline;
  /** Stops listening; what is on the screen no longer changes. */
  end(): void;
}

export type KickReason = EventData['kickedOut']['type'];

export function beginChat(tim: Tim, me: string, kicked: (why: KickReason) => void): Chat {
  const listeners = new Listeners(tim);
  const { on } = listeners;
  const ready = new Promise<void>((resolve) => on(TIM.EVENT.SDK_READY, () => resolve()));
  const timelines = new Map<string, Timeline>();
  const typing = createTyping(tim);

  const end = () => {
    listeners.stop();
    typing.end();
  };

  on(TIM.EVENT.MESSAGE_RECEIVED, ({ data }) => {
    data.filter(isSignal).forEach(typing.signal);
    const messages = data.filter((it) => !isSignal(it));
    const conversationID = messages[0]?.conversationID;
    if (conversationID === undefined) return;
    if (messages.some((it) => it.flow === 'in')) typing.clear(conversationID);
    timelines.get(conversationID)?.receive(messages);
  });
  on(TIM.EVENT.MESSAGE_READ_BY_PEER, ({ data }) => {
    for (const [id, timeline] of timelines) timeline.readByPeer(data.filter((it) => it.conversationID === id));
  });
  on(TIM.EVENT.SDK_RELOAD, () => {
    for (const timeline of timelines.values()) void timeline.reload();
  });
  on(TIM.EVENT.ERROR, ({ data }) => {
    // Among others: the database of this browser cannot be used. Said once, by the SDK and here.
    if (!isGateRefusal(data.code)) tell(data.message);
  });
  on(TIM.EVENT.KICKED_OUT, ({ data }) => {
    end();
    kicked(data.type);
  });

  return {
    tim,
    me,
    conversations: createConversations(tim, listeners, me),
    network: createNetwork(listeners),
    profiles: createProfiles(tim, listeners, me, ready),
    typing,
    ready,
    timeline(conversation) {
      let timeline = timelines.get(conversation.id);
      if (!timeline) timelines.set(conversation.id, (timeline = createTimeline(tim, conversation, ready)));
      return timeline;
    },
    end,
  };
}

export const CHAT: InjectionKey<Chat> = Symbol('chat');

export function useChat(): Chat {
  const chat = inject(CHAT);
  if (!chat) throw new Error('no chat is provided around this component');
  return chat;
}
