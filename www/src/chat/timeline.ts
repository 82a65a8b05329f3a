// The messages of one conversation on the screen, oldest first.
//
// Four things change it: a page of history, a message that arrives, one that is sent, and the peer
// reading. The order is the SDK's. What arrives or is sent is first put at the end; since the server may
// have stored a message of ours after one that reaches us only now, the SDK's newest page is read again
// whenever a send has settled or something arrived; once nothing is on its way any more, as many pages
// as were put at the end meanwhile. That costs no round trip: the SDK answers from the device.

import { shallowReactive } from 'vue';
import { TIM, type Tim } from './sdk';
import { codeOf, explain } from '../text/errors';
import { mergeNewest, prependOlder } from '../text/merge';
import { viewOf, type MessageView } from './message-view';
import type { ConversationRow } from './conversations';
import type { ExactMessage } from 'tim-wasm';

export interface TimelineState {
  readonly ids: readonly string[];
  /** The newest page: not asked for, on its way, there, or refused. */
  readonly newest: 'none' | 'loading' | 'there' | 'failed';
  readonly older: 'idle' | 'loading' | 'failed';
  /** Why a page did not come. */
  readonly failure: string;
  /** The first message of the conversation is among them. */
  readonly complete: boolean;
  /** Messages that arrived since the page was opened; grows only. */
  readonly arrivals: number;
}

export interface Timeline {
  readonly state: TimelineState;
  view(id: string): MessageView | undefined;
  /** Loads the newest page unless it is there; again after a failure. */
  open(): Promise<void>;
  loadOlder(): Promise<void>;
  /** Starts over: what is known may have gaps. */
  reload(): Promise<void>;
  receive(messages: readonly ExactMessage[]): void;
  readByPeer(messages: readonly ExactMessage[]): void;
  sendText(text: string): void;
  sendFace(index: number, name: string): void;
  sendLocation(latitude: number, longitude: number): void;
  resend(id: string): void;
}

/** `ready` resolves when the SDK serves requests; before, it would refuse them. */
export function createTimeline(tim: Tim, conversation: Pick<ConversationRow, 'id' | 'type' | 'target'>, ready: Promise<void>): Timeline {
  const conversationID = conversation.id;
  const state = shallowReactive({
    ids: [] as readonly string[],
    newest: 'none' as TimelineState['newest'],
    older: 'idle' as TimelineState['older'],
    failure: '',
    complete: false,
    arrivals: 0,
  });
  const views = shallowReactive(new Map<string, MessageView>());
  /** Kept until they are sent: the SDK may have forgotten them by then. */
  const failed = new Map<string, { message: ExactMessage; why: string }>();
  /** Put at the end, and perhaps not where they belong. */
  const loose = new Set<string>();
  /** Sends that have not settled. */
  let running = 0;
  let reconciling = false;
  let stale = false;
  let next = '';

  const show = (message: ExactMessage) => {
    if (message.status !== 'fail') failed.delete(message.ID);
    else if (!failed.has(message.ID)) failed.set(message.ID, { message, why: '' });
    views.set(message.ID, viewOf(message, failed.get(message.ID)?.why));
  };
  const append = (message: ExactMessage) => {
    show(message);
    if (state.ids.includes(message.ID)) return;
    state.ids = [...state.ids, message.ID];
    loose.add(message.ID);
  };

  /** The newest page, and as many older ones as it takes to find all of `wanted`. */
  async function newestPage(wanted: ReadonlySet<string> = new Set()) {
    const { data } = await tim.getMessageList({ conversationID });
    data.messageList.forEach(show);
    const page = { ids: data.messageList.map((it) => it.ID), next: data.nextReqMessageID, complete: data.isCompleted };
    const missing = new Set(wanted);
    page.ids.forEach((id) => missing.delete(id));
    // What was put at the end lies close to it; whatever does not is not searched for.
    const farthest = page.ids.length + 2 * wanted.size;
    while (missing.size > 0 && !page.complete && page.ids.length < farthest) {
      const older = (await tim.getMessageList({ conversationID, nextReqMessageID: page.next })).data;
      older.messageList.forEach(show);
      page.ids.unshift(...older.messageList.map((it) => it.ID));
      older.messageList.forEach((it) => missing.delete(it.ID));
      page.next = older.nextReqMessageID;
      page.complete = older.isCompleted;
    }
    return page;
  }

  async function loadNewest() {
    state.newest = 'loading';
    state.failure = '';
    try {
      await ready;
      const page = await newestPage();
      // What is shown already arrived or was sent while the page was on its way.
      state.ids = mergeNewest(state.ids, page.ids) ?? [...page.ids, ...state.ids];
      next = page.next;
      state.complete = page.complete;
      state.newest = 'there';
    } catch (thrown) {
      state.failure = explain(thrown);
      state.newest = 'failed';
    }
  }

  /** Takes the SDK's order for the end of the list; asked while it does so, it does so once more. */
  async function reconcile() {
    stale = true;
    if (reconciling) return;
    reconciling = true;
    while (stale && state.newest === 'there') {
      stale = false;
      await takeOrder();
    }
    reconciling = false;
  }

  async function takeOrder() {
    const wanted = new Set(running === 0 ? loose : []);
    try {
      const page = await newestPage(wanted);
      const merged = mergeNewest(state.ids, page.ids);
      if (merged) {
        state.ids = merged;
      } else {
        state.ids = page.ids;
        next = page.next;
        state.complete = page.complete;
      }
      wanted.forEach((id) => loose.delete(id));
    } catch {
      // The order on the screen stays as it is until the next occasion.
    }
  }

  async function settled(message: ExactMessage, sending: Promise<unknown>) {
    try {
      await sending;
    } catch (thrown) {
      // Sending ended because the session did; the message is on the device as failed.
      if (codeOf(thrown) !== 2024) failed.set(message.ID, { message, why: explain(thrown) });
    }
    running -= 1;
    show(message);
    void reconcile();
  }

  function send(message: ExactMessage) {
    const sending = tim.sendMessage(message);
    running += 1;
    append(message);
    void settled(message, sending);
  }

  const target = {
    to: conversation.target,
    conversationType: conversation.type === TIM.TYPES.CONV_GROUP ? TIM.TYPES.CONV_GROUP : TIM.TYPES.CONV_C2C,
  };

  return {
    state,
    view: (id) => views.get(id),
    async open() {
      if (state.newest === 'none' || state.newest === 'failed') await loadNewest();
    },
    async loadOlder() {
      if (state.newest !== 'there' || state.complete || state.older === 'loading') return;
      state.older = 'loading';
      try {
        const { data } = await tim.getMessageList({ conversationID, nextReqMessageID: next });
        data.messageList.forEach(show);
        state.ids = prependOlder(state.ids, data.messageList.map((it) => it.ID));
        next = data.nextReqMessageID;
        state.complete = data.isCompleted;
        state.older = 'idle';
      } catch (thrown) {
        state.failure = explain(thrown);
        state.older = 'failed';
      }
    },
    async reload() {
      if (state.newest === 'none' || state.newest === 'loading') return;
      state.ids = [];
      state.complete = false;
      await loadNewest();
    },
    receive(messages) {
      const fresh = messages.filter((it) => !state.ids.includes(it.ID));
      messages.forEach(append);
      state.arrivals += fresh.filter((it) => it.flow === 'in').length;
      if (fresh.length > 0) void reconcile();
    },
    readByPeer(messages) {
      // Reading is a position: whatever stands before the newest of them was read too.
      const position = Math.max(...messages.map((it) => state.ids.indexOf(it.ID)));
      for (const id of state.ids.slice(0, position + 1)) {
        const view = views.get(id);
        if (view?.flow === 'out' && view.status === 'success' && !view.peerRead) views.set(id, { ...view, peerRead: true });
      }
    },
    sendText: (text) => send(tim.createTextMessage({ ...target, payload: { text } })),
    sendFace: (index, data) => send(tim.createFaceMessage({ ...target, payload: { index, data } })),
    sendLocation: (latitude, longitude) => send(tim.createLocationMessage({ ...target, payload: { description: '', latitude, longitude } })),
    resend(id) {
      const message = tim.findMessage(id) ?? failed.get(id)?.message;
      if (!message) return;
      const sending = tim.resendMessage(message);
      running += 1;
      loose.add(id);
      failed.delete(id);
      // The SDK says so only when this turn is over.
      views.set(id, { ...viewOf(message), status: 'unSend' });
      void settled(message, sending);
    },
  };
}
