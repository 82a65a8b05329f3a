// Who is typing, and telling others that I am.
//
// The signal goes only to those who are online and is not stored; whoever receives it shows it for a
// few seconds, or until the message itself arrives. Losing one costs nothing, so nothing is retried.

import { shallowReactive } from 'vue';
import { TIM, type Tim } from './sdk';
import { saysTyping, typingSignal } from './typing-signal';
import type { CustomPayload, ExactMessage } from 'tim-wasm';

const TELL_EVERY_MS = 3_000;
const SHOW_FOR_MS = 5_000;

export interface Typing {
  /** conversationIDs in which the peer is typing. */
  readonly now: ReadonlySet<string>;
  /** A signal came in. */
  signal(message: ExactMessage): void;
  /** The message itself came. */
  clear(conversationID: string): void;
  /** I typed something. */
  tell(userID: string): void;
  end(): void;
}

export function createTyping(tim: Tim): Typing {
  const now = shallowReactive(new Set<string>());
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const told = new Map<string, number>();

  const clear = (conversationID: string) => {
    clearTimeout(timers.get(conversationID));
    timers.delete(conversationID);
    now.delete(conversationID);
  };

  return {
    now,
    clear,
    signal(message) {
      if (message.flow !== 'in') return;
      clear(message.conversationID);
      if (!saysTyping(message.payload as CustomPayload)) return;
      now.add(message.conversationID);
      timers.set(message.conversationID, setTimeout(clear, SHOW_FOR_MS, message.conversationID));
    },
    tell(userID) {
      if (Date.now() - (told.get(userID) ?? 0) < TELL_EVERY_MS) return;
      told.set(userID, Date.now());
      const message = tim.createCustomMessage({ to: userID, conversationType: TIM.TYPES.CONV_C2C, payload: typingSignal() });
      tim.sendMessage(message, { onlineUserOnly: true }).catch(() => {});
    },
    end() {
      for (const id of [...timers.keys()]) clear(id);
    },
  };
}
