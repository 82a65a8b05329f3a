// `wx.connectSocket`: which sockets there may be, and what befalls them all.
//
// Sockets go to real servers. They are lost when the network goes or the program stays in the
// background; whether the program is told, and when, is a setting.

import { resolve } from './addresses.js';
import { Failure } from './realm.js';
import { SocketTask } from './socket-task.js';

const SUSPENDED = [
  'jsapi has no permission, event=connectSocket, runningState=suspend, permissionMsg=permission ok',
  'detail=network api interrupted in suspend state',
].join(', ');

export class Sockets {
  /** Tasks that count against the limit. */
  #open = new Set();
  /** Tasks that have a connection, be it one that is lost and that the other end still believes in. */
  #connected = new Set();
  #host;
  #timer;

  /** `host` has realm, thread, calls, profile, settings and lifecycle. */
  constructor(host) {
    this.#host = host;
    const { lifecycle, settings, profile } = host;
    lifecycle.on('background', () => {
      this.#timer = setTimeout(() => {
        for (const task of [...this.#open]) {
          if (!settings.closeNeverFires) task.die(profile.backgroundClose);
          task.break();
        }
      }, settings.socketsDieAfter);
    });
    lifecycle.on('foreground', () => clearTimeout(this.#timer));
    lifecycle.on('network', () => {
      if (lifecycle.isOnline) this.#sweep();
      const lost = [...this.#open];
      lost.forEach((it) => it.lose());
      const die = () => lost.forEach((it) => it.die({ code: 1006, reason: 'abnormal closure' }));
      if (settings.networkLossAfter) setTimeout(die, settings.networkLossAfter).unref();
      else die();
    });
  }

  /** How many sockets count against the limit. */
  get count() {
    return this.#open.size;
  }

  /** For `wx`. */
  connect(argument) {
    const given = argument ?? {};
    const { calls, settings, lifecycle } = this.#host;
    const isFull = this.#open.size >= settings.limits.sockets;
    const task = new SocketTask(this.#host, () => this.#open.delete(task));
    this.#open.add(task);
    calls.answer('connectSocket', given, async () => {
      try {
        return await calls.attempt('connectSocket', given.url, () => {
          if (lifecycle.sinceReturn < settings.refusedOnReturn) throw new Failure(SUSPENDED, { errno: 600003 });
          if (isFull) throw new Failure('exceed max task count', { errno: 600007 });
          const url = resolve(given.url, settings, { secure: 'wss:', domains: settings.socketDomains, anyPort: true });
          this.#begin(task, url, given);
          return {};
        });
      } catch (error) {
        task.refuse();
        throw error;
      }
    });
    return task.face();
  }

  #begin(task, url, { protocols = [], header = {}, timeout = 60_000, perMessageDeflate = false }) {
    if (!this.#host.lifecycle.isOnline) {
      setImmediate(() => task.fail('Unable to resolve host: no network'));
      return;
    }
    const headers = { Referer: `https://servicewechat.com/${this.#host.settings.appId}/0/page-frame.html`, ...header };
    this.#connected.add(task);
    task.connect(url, [...protocols], { headers, handshakeTimeout: timeout, perMessageDeflate });
  }

  /** With a network again, the other ends of lost connections learn that they are. */
  #sweep() {
    for (const task of this.#connected) {
      if (this.#open.has(task)) continue;
      task.break();
      this.#connected.delete(task);
    }
  }

  end() {
    clearTimeout(this.#timer);
    this.#connected.forEach((it) => it.break());
    this.#connected.clear();
    this.#open.clear();
  }
}
