// The rows of a conversation on the screen: its messages, and where a day begins.
//
// What one person wrote without a pause stands close together. Pure; knows nothing of the SDK.

const { clock, dayLabel, dayOf } = require('./time.js');

const PAUSE_SECONDS = 5 * 60;

/** `messages` as message.js describes them, oldest first; `now` in seconds. */
function rowsOf(messages, peer, now) {
  return messages.map((message, index) => {
    const before = messages[index - 1];
    const startsDay = !before || dayOf(before.time) !== dayOf(message.time);
    const state = message.flow === 'out' ? stateOf(message) : '';
    const time = clock(message.time);
    return {
      id: message.id,
      /** For `scroll-into-view`, which takes no ID that begins with a digit. */
      anchor: `m-${message.id}`,
      day: startsDay ? dayLabel(message.time, now) : '',
      flow: message.flow,
      starts: startsDay || before.from !== message.from || message.time - before.time > PAUSE_SECONDS,
      text: message.text,
      isLabel: message.isLabel,
      status: message.status,
      meta: state ? `${time} · ${state}` : time,
      reason: message.reason,
      label: `${message.flow === 'out' ? 'You' : peer}: ${message.text}, ${time}${state ? `, ${state}` : ''}`,
    };
  });
}

function stateOf({ status, peerRead }) {
  if (status === 'unSend') return 'sending…';
  if (status === 'fail') return 'not sent';
  return peerRead ? 'read' : 'sent';
}

module.exports = { rowsOf };
