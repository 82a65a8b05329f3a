// One socket of the program: what `wx.connectSocket` returns and what happens to it.
//
// A task is connecting (0), open (1), closing (2) or closed (3). A *lost* socket is one that nothing
// passes through any more while it still looks open; the other end is not told either. The program
// sees a new state when it hears of it, not before. Knows nothing of limits, domains and the reasons
// why sockets are lost.

import WebSocket from 'ws';
import { fromProgram, toProgram } from './bytes.js';
import { refuse } from './call.js';
import { Failure } from './realm.js';

const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3];

export class SocketTask {
  #state = CONNECTING;
  /** The state as the program knows it. */
  #shown = CONNECTING;
  #listeners = { Open: [], Message: [], Error: [], Close: [] };
  #lost = false;
  #socket;
  #host;
  #freed;

  /** `host` has realm, thread, calls and profile; `freed()` is called when its place is free. */
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
    realm.getter(face, 'readyState', () => this.#shown);
    return face;
  }

  connect(url, protocols, options) {
    if (this.#state !== CONNECTING) {
      // Closed before it began.
      this.#closed({ code: 1006, reason: 'abnormal closure' });
      return;
    }
    const socket = new WebSocket(url, protocols, options);
    this.#socket = socket;
    let header = {};
    socket.on('upgrade', (answer) => {
      header = { ...answer.headers };
    });
    socket.on('open', () => {
      if (this.#isDeaf()) return;
      this.#state = OPEN;
      this.#tell('Open', { header, profile: {} });
    });
    socket.on('message', (bytes, isBinary) => {
      if (!this.#isDeaf()) this.#tell('Message', { data: isBinary ? toProgram(bytes) : bytes.toString() });
    });
    socket.on('error', (error) => {
      if (this.#isDeaf()) return;
      if (this.#state === CONNECTING) this.fail(error.message);
      else this.#tell('Error', { errMsg: error.message });
    });
    socket.on('close', (code, reason) => {
      if (!this.#isDeaf()) this.#closed({ code, reason: reason.toString() });
    });
  }

  /** The connection did not come about. */
  fail(text) {
    if (this.#state === CLOSED) return;
    this.#over();
    this.#tell('Error', { errMsg: text });
    if (this.#host.profile.closeAfterError) this.#tell('Close', { code: 1006, reason: 'abnormal closure' });
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
    if (this.#state === CONNECTING) this.fail('the network connection was lost');
    else if (this.#state !== CLOSED) this.#closed(result);
  }

  /** It never was: `connectSocket` itself has failed. */
  refuse() {
    this.#over();
    this.#shown = CLOSED;
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
        if (this.#shown !== OPEN) {
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
      if (this.#shown >= CLOSING) throw new Failure('closeSocket:fail WebSocket is not connected');
      this.#shown = CLOSING;
      this.#state = Math.max(this.#state, CLOSING);
      // On a lost one the other end will never answer, and a host that has not noticed says nothing.
      if (this.#lost) this.#freed();
      else this.#socket?.close(code, reason);
      return {};
    });
  }

  #isDeaf() {
    return this.#lost || this.#state === CLOSED;
  }

  #closed(result) {
    this.#over();
    this.#tell('Close', result);
  }

  #over() {
    this.#state = CLOSED;
    this.#freed();
  }

  #tell(name, result) {
    const { realm, thread } = this.#host;
    const own = realm.toProgram(result);
    const state = this.#state;
    thread.post(() => {
      // What it has closed itself does not open again.
      this.#shown = Math.max(this.#shown, state);
      for (const listener of [...this.#listeners[name]]) thread.run(() => listener(own));
    });
  }
}
