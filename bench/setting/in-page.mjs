// What pages of the benchmarks can use, put into them before anything else runs.
//
// `link` stands between the page and its sockets: it counts what is sent and received and can cut
// the page off and let it come back. Everything is measured with it in place, ours and reference alike.

export function prepare() {
  const Native = window.WebSocket;
  const link = { isCut: false, sockets: new Set(), openedAt: 0, frames: undefined };
  window.link = link;

  window.WebSocket = class WebSocket extends Native {
    constructor(url, protocols) {
      // Nobody listens on port 1.
      super(link.isCut ? 'ws://127.0.0.1:1/' : url, protocols);
      link.sockets.add(this);
      this.addEventListener('open', () => {
        link.openedAt = performance.now();
        link.frames?.push({ in: 'open' });
      });
      if (link.frames) this.addEventListener('message', ({ data }) => link.frames?.push({ in: data }));
      this.addEventListener('close', () => link.sockets.delete(this));
    }
    send(data) {
      link.frames?.push({ out: data });
      super.send(data);
    }
  };

  /** Loses the connection, and every attempt until `mend`. */
  link.cut = () => {
    link.isCut = true;
    for (const it of link.sockets) it.close();
  };
  link.mend = () => {
    link.isCut = false;
    link.openedAt = 0;
    window.dispatchEvent(new Event('online'));
  };

  window.wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  /** The next event of a name that fits. */
  window.next = (tim, name, fits = () => true) =>
    new Promise((resolve) => {
      tim.on(name, function listen(event) {
        if (!fits(event.data)) return;
        tim.off(name, listen);
        resolve(event.data);
      });
    });

  /** Logs in and waits until the SDK is ready; `window.tim` is the instance. */
  window.enter = async ({ SDKAppID, userID, userSig, proxyServer }) => {
    const tim = window.TIM.create({ SDKAppID, proxyServer });
    tim.setLogLevel(2);
    window.tim = tim;
    const ready = window.next(tim, window.TIM.EVENT.SDK_READY);
    await Promise.all([tim.login({ userID, userSig }), ready]);
    return tim;
  };

  window.text = (tim, to, text) => tim.createTextMessage({ to, conversationType: 'C2C', payload: { text } });

  /** A raw socket whose `ask` resolves with the next frame. */
  window.rawSocket = async (url, protocol) => {
    const socket = new WebSocket(url, protocol);
    let answered = () => {};
    socket.onmessage = ({ data }) => answered(data);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error(`${url} does not answer`));
    });
    return {
      socket,
      ask: (frame) =>
        new Promise((resolve) => {
          answered = resolve;
          socket.send(frame);
        }),
    };
  };

  /**
   * Logs in over a raw socket; answers `send(text, to)`, which resolves with the answer, or with
   * `answered` on the socket when many are under way.
   */
  window.rawUser = async ({ SDKAppID, userID, userSig, proxyServer }) => {
    const { socket, ask } = await window.rawSocket(proxyServer, 'tim.v1');
    const { body } = JSON.parse(await ask(JSON.stringify({ id: 1, do: 'login', body: { SDKAppID, userID, userSig } })));
    let id = 1;
    const frame = (text, to) => {
      id += 1;
      const ID = `${body.tinyID}-${Math.floor(Date.now() / 1000)}-${id}`;
      const message = { ID, type: 'TIMTextElem', payload: { text }, conversationType: 'C2C', from: userID, to, clientSequence: id };
      return JSON.stringify({ id, do: 'message.send', body: { message } });
    };
    return { socket, frame, send: (text, to) => ask(frame(text, to)) };
  };

  /** The result of an IndexedDB request. */
  window.done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
}
