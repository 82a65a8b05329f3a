// One socket of the program: what `wx.connectSocket` returns and what happens to it.
//
// A task is connecting (0), open (1), closing (2) or closed (3). A *lost* socket is one that nothing
// passes through any more while it still looks open; the other end is not told either. Knows nothing
// of limits, domains and the reasons why sockets are lost.

import WebSocket from 'ws';
import { fromProgram, toProgram } from './bytes.js';
import { refuse } from './call.js';
import { Failure } from './realm.js';

const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3];

export class SocketTask {
  readyState = CONNECTING;
  #listeners = { Open: [], Message: [], Error: [], Close: [] };
  #lost = false;
  #socket;
  #host;
  #freed;

  /** `host` has realm, thread, calls and profile; `freed()` is called once, when its place is free. */
  constructor(host, freed) {
    this.#host = host;
    this.#freed = freed;
  }

  /** The object for the program. */
  face() {
    const { realm } = this.#host;
    const methods = { send: (it) => this.#send(it), close: (it) => this.#close(it), CONNECTING, OPEN, CLOSING, CLOSED };
    for (const [name, listeners] of Object.entries(this.#listeners)) {
      methods[`on${name}`] = (listener) => void listeners.push(listener);
    }
    const face = realm.object(methods);
    realm.getter(face, 'readyState', () => this.readyState);
    return face;
  }

  connect(url, protocols, options) {
    const socket = new WebSocket(url, protocols, options);
    this.#socket = socket;
    let header = {};
    socket.on('upgrade', (answer) => {
      header = { ...answer.headers };
    });
    socket.on('open', () => {
      if (this.#isDeaf()) return;
      this.readyState = OPEN;
      this.#tell('Open', { header, profile: {} });
    });
    socket.on('message', (bytes, isBinary) => {
      if (!this.#isDeaf()) this.#tell('Message', { data: isBinary ? toProgram(bytes) : bytes.toString() });
    });
    socket.on('error', (error) => {
      if (this.#isDeaf()) return;
      if (this.readyState === CONNECTING) this.fail(error.message);
      else this.#tell('Error', { errMsg: error.message });
    });
    socket.on('close', (code, reason) => {
      if (!this.#isDeaf()) this.#closed({ code, reason: reason.toString() });
    });
  }

  /** The connection did not come about. */
  fail(text) {
    if (this.readyState === CLOSED) return;
    this.#tell('Error', { errMsg: text });
    if (this.#host.profile.closeAfterError) this.#closed({ code: 1006, reason: 'abnormal closure' });
    else this.#over();
  }

  /** Nothing passes any more in either direction, and nobody notices yet. */
  lose() {
    this.#lost = true;
    // Nor does it answer the other end's pings.
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.pause();
  }

  /** The host has noticed that a lost socket is dead. */
  die(result) {
    this.lose();
    if (this.readyState === CONNECTING) this.fail('the network connection was lost');
    else if (this.readyState !== CLOSED) this.#closed(result);
  }

  /** It never was: `connectSocket` itself has failed. */
  refuse() {
    this.readyState = CLOSED;
    this.#freed();
  }

  /** Also the other end is told, by the connection's breaking. */
  break() {
    this.lose();
    this.#socket?.terminate();
  }

  #send(argument) {
    const given = argument ?? {};
    const { calls } = this.#host;
    calls.answer('sendSocketMessage', given, () => {
      const data = fromProgram(given.data);
      return calls.attempt('SocketTask.send', typeof data === 'string' ? data : '', () => {
        if (this.readyState !== OPEN) {
          throw new Failure('SocketTask.send:fail SocketTask.readyState is not OPEN');
        }
        if (this.#lost) return {};
        return new Promise((resolve, reject) => {
          const text = 'sendSocketMessage:fail WebSocket is not connected';
          this.#socket.send(data, (error) => (error ? reject(new Failure(text)) : resolve({})));
        });
      });
    });
  }

  #close(argument) {
    const given = argument ?? {};
    const { code = 1000, reason = '' } = given;
    this.#host.calls.answer('closeSocket', given, () => {
      if (code !== 1000 && !(code >= 3000 && code <= 4999)) {
        refuse('The code must be either 1000, or between 3000 and 4999;');
      }
      if (this.readyState >= CLOSING) throw new Failure('closeSocket:fail WebSocket is not connected');
      this.readyState = CLOSING;
      if (this.#lost) {
        // The other end will never answer, and a host that has not noticed the loss says nothing.
        this.#over(CLOSING);
      } else if (this.#socket) {
        this.#socket.close(code, reason);
      }
      return {};
    });
  }

  #isDeaf() {
    return this.#lost || this.readyState === CLOSED;
  }

  #closed(result) {
    this.#over();
    this.#tell('Close', result);
  }

  #over(state = CLOSED) {
    this.readyState = state;
    this.#freed();
  }

  #tell(name, result) {
    const { realm, thread } = this.#host;
    const own = realm.toProgram(result);
    thread.post(() => {
      for (const listener of [...this.#listeners[name]]) thread.run(() => listener(own));
    });
  }
}
