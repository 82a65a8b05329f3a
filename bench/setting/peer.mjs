// Somebody at the other end who speaks the wire directly: logs in and sends as fast as is answered.

const TEXT =
  'A message of the length that people really write to each other, give or take a few words, so that nothing is measured that nobody sends.';

let people = 0;

/** A userID nobody had before. */
export const newName = (name) => `${name}${process.pid}-${++people}`;

/** Logs in over a raw socket. */
export async function openPeer(server, userID = newName('peer')) {
  const socket = new WebSocket(server.url, 'tim.v1');
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('the server does not answer'));
  });
  const waiting = new Map();
  let id = 0;
  let random = 0;
  socket.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    waiting.get(frame.id)?.(frame);
    waiting.delete(frame.id);
  };
  function ask(method, body) {
    id += 1;
    socket.send(JSON.stringify({ id, do: method, body }));
    return new Promise((resolve) => waiting.set(id, resolve)).then((frame) => {
      if (frame.code !== 0) throw new Error(`${method}: ${frame.code} ${frame.message}`);
      return frame.body;
    });
  }
  const { SDKAppID, userSig } = server.credentials(userID);
  const { tinyID } = await ask('login', { SDKAppID, userID, userSig });

  function send(to, text = TEXT) {
    random += 1;
    const ID = `${tinyID}-${Math.floor(Date.now() / 1000)}-${random}`;
    const message = { ID, type: 'TIMTextElem', payload: { text }, conversationType: 'C2C', from: userID, to, clientSequence: random };
    return ask('message.send', { message });
  }
  return {
    userID,
    send,
    /** Sends to each of `receivers`, `window` at a time; resolves when all is acknowledged. */
    async sendAll(receivers, { window = 64, text = TEXT } = {}) {
      const queue = receivers.values();
      await Promise.all(
        Array.from({ length: window }, async () => {
          for (const to of queue) await send(to, text);
        }),
      );
    },
    close: () => socket.close(),
  };
}
