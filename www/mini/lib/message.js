// One message as the screen shows it: a small copy of the SDK's object at one moment.
//
// Knows what kinds of message look like to a person; nothing of where a message stands.

const TIM = require('tim-wasm/mini');

const LABELS = {
  [TIM.TYPES.MSG_IMAGE]: 'Image',
  [TIM.TYPES.MSG_AUDIO]: 'Voice message',
  [TIM.TYPES.MSG_VIDEO]: 'Video',
  [TIM.TYPES.MSG_FILE]: 'File',
  [TIM.TYPES.MSG_MERGER]: 'Chat record',
};

function viewOf(message, isSending, reason) {
  const status = isSending ? 'unSend' : message.status;
  return {
    id: message.ID,
    /** `out` is mine, from whichever of my devices. */
    flow: message.flow,
    from: message.from,
    /** Seconds. */
    time: message.time,
    status,
    peerRead: message.isPeerRead,
    text: textOf(message),
    /** Not what somebody wrote, but a word for it. */
    isLabel: message.isRevoked || message.type !== TIM.TYPES.MSG_TEXT,
    /** Why it was not sent, as a sentence; empty when nobody knows any more. */
    reason: (status === 'fail' && reason) || '',
  };
}

function textOf({ type, payload, isRevoked }) {
  if (isRevoked) return 'Message recalled';
  if (type === TIM.TYPES.MSG_TEXT) return payload.text;
  if (type === TIM.TYPES.MSG_FACE) return `Sticker: ${payload.data || payload.index}`;
  if (type === TIM.TYPES.MSG_LOCATION) return `Location: ${payload.description || `${payload.latitude}, ${payload.longitude}`}`;
  if (type === TIM.TYPES.MSG_CUSTOM) return payload.description || 'Custom message';
  return LABELS[type] || 'This kind of message cannot be shown here';
}

/** “I am typing”, as apps tell each other; no message to a person. */
const isSignal = ({ type, payload }) => type === TIM.TYPES.MSG_CUSTOM && payload.data.includes('user_typing_status');

module.exports = { viewOf, isSignal };
