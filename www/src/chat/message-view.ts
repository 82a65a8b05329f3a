// One message as the screen shows it: a small copy of the SDK's object at one moment.
//
// Knows the shapes of payloads and what they look like to a person; nothing of where a message stands
// or how it is drawn. A view is never changed, only replaced.

import TIM, { type CustomPayload, type ExactMessage } from 'tim-wasm';
import { isTypingSignal } from './typing-signal';

export type Content =
  | { kind: 'text'; text: string }
  | { kind: 'face'; index: number; name: string }
  | { kind: 'location'; description: string; latitude: number; longitude: number }
  | { kind: 'custom'; description: string; data: string }
  | { kind: 'recalled' }
  | { kind: 'other'; label: string };

export interface MessageView {
  id: string;
  /** `out` is mine, from whichever of my devices. */
  flow: 'in' | 'out';
  from: string;
  /** What to call the sender in a group. */
  sender: string;
  /** Seconds. */
  time: number;
  status: 'unSend' | 'success' | 'fail';
  peerRead: boolean;
  content: Content;
  /** Why it could not be sent, as a sentence; empty when nobody knows any more. */
  failure: string;
}

export function viewOf(message: ExactMessage, failure = ''): MessageView {
  return {
    id: message.ID,
    flow: message.flow,
    from: message.from,
    sender: message.nameCard || message.nick || message.from,
    time: message.time,
    status: message.status,
    peerRead: message.isPeerRead,
    content: contentOf(message),
    failure: message.status === 'fail' ? failure : '',
  };
}

/** What the text of a message, and a screen reader's announcement, says. */
export function spoken(content: Content): string {
  switch (content.kind) {
    case 'text':
      return content.text;
    case 'face':
      return `Sticker: ${content.name || content.index}`;
    case 'location':
      return `Location: ${content.description || place(content)}`;
    case 'custom':
      return content.description || 'Custom message';
    case 'recalled':
      return 'Message recalled';
    case 'other':
      return content.label;
  }
}

/** `48.2082° N, 16.3738° E` */
export function place({ latitude, longitude }: { latitude: number; longitude: number }): string {
  const degrees = (value: number, positive: string, negative: string) =>
    `${Math.abs(value).toFixed(4)}° ${value < 0 ? negative : positive}`;
  return `${degrees(latitude, 'N', 'S')}, ${degrees(longitude, 'E', 'W')}`;
}

/** True for what is no message to a person at all. */
export const isSignal = (message: ExactMessage) =>
  message.type === TIM.TYPES.MSG_CUSTOM && isTypingSignal(message.payload as CustomPayload);

function contentOf(message: ExactMessage): Content {
  if (message.isRevoked) return { kind: 'recalled' };
  switch (message.type) {
    case TIM.TYPES.MSG_TEXT:
      return { kind: 'text', text: message.payload.text };
    case TIM.TYPES.MSG_FACE:
      return { kind: 'face', index: message.payload.index, name: message.payload.data };
    case TIM.TYPES.MSG_LOCATION: {
      const { description, latitude, longitude } = message.payload;
      return { kind: 'location', description, latitude, longitude };
    }
    case TIM.TYPES.MSG_CUSTOM: {
      const { description, data } = message.payload;
      return { kind: 'custom', description, data };
    }
    default:
      return { kind: 'other', label: LABELS[message.type] ?? 'This kind of message cannot be shown here' };
  }
}

const LABELS: Record<string, string> = {
  [TIM.TYPES.MSG_IMAGE]: 'Image',
  [TIM.TYPES.MSG_AUDIO]: 'Voice message',
  [TIM.TYPES.MSG_VIDEO]: 'Video',
  [TIM.TYPES.MSG_FILE]: 'File',
  [TIM.TYPES.MSG_MERGER]: 'Chat record',
  [TIM.TYPES.MSG_GRP_TIP]: 'Group notification',
  [TIM.TYPES.MSG_GRP_SYS_NOTICE]: 'Group notice',
};
