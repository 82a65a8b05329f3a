// Where the program stands: on the screen or behind it, running or stopped, with or without a network.
//
// Parts of the host that live by it (sockets, requests) listen to its signals: `stop`, `foreground`,
// `background`, `network`. What the program is told goes through the thread, so a stopped program hears
// of it when it runs again. Knows nothing of sockets, pages or listeners.

import { EventEmitter } from 'node:events';

export class Lifecycle extends EventEmitter {
  isVisible = true;
  isOnline = true;
  networkType = 'wifi';
  #returnedAt = -Infinity;
  #thread;
  #settings;
  #timer;

  constructor(thread, settings) {
    super();
    this.#thread = thread;
    this.#settings = settings;
  }

  /** Milliseconds since the program came back from the background. */
  get sinceReturn() {
    return performance.now() - this.#returnedAt;
  }

  /** `tell` runs in the program's turn. The promise is kept when the JS thread has stopped. */
  background(tell) {
    if (!this.isVisible) return Promise.resolve();
    this.isVisible = false;
    this.emit('background');
    return new Promise((resolve) => {
      // Who comes back in time need not wait for what will not happen.
      this.once('foreground', resolve);
      this.#thread.post(() => {
        tell();
        if (!this.isVisible) this.#timer = setTimeout(() => this.#stop(resolve), this.#settings.suspendAfter);
      });
    });
  }

  #stop(done) {
    this.#thread.stop();
    this.emit('stop');
    done();
  }

  /** The promise is kept when the program has run what was held and was told of its return. */
  foreground(tell) {
    if (this.isVisible) return Promise.resolve();
    this.isVisible = true;
    this.#returnedAt = performance.now();
    clearTimeout(this.#timer);
    this.emit('foreground');
    this.#thread.resume();
    return this.#told(tell);
  }

  /** Nothing is told when nothing changes. */
  network(isOnline, type, tell) {
    const networkType = isOnline ? (type ?? (this.isOnline ? this.networkType : 'wifi')) : 'none';
    if (isOnline === this.isOnline && networkType === this.networkType) return Promise.resolve();
    Object.assign(this, { isOnline, networkType });
    this.emit('network');
    return this.#told(tell);
  }

  #told(tell) {
    return new Promise((resolve) => {
      this.#thread.post(() => {
        tell();
        resolve();
      });
    });
  }

  end() {
    clearTimeout(this.#timer);
    this.removeAllListeners();
  }
}
