// One exchange over HTTP with a real server, for `wx.request` and `wx.uploadFile`.
//
// Ends with what the server said or with a failure in the host's words. What the body is, and what
// the program is told of the answer, is up to those who call.

import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { Failure } from './realm.js';

const PIECE = 16 * 1024;

export class Transfers {
  #running = new Set();
  #lifecycle;

  /** A stopped program's exchanges are broken off. */
  constructor(lifecycle) {
    this.#lifecycle = lifecycle;
    lifecycle.on('stop', () => this.#breakOff('interrupted', 600003));
    lifecycle.on('network', () => this.#breakOff('net::ERR_NETWORK_CHANGED', 600001));
  }

  /**
   * Sends `body`, if there is one, in pieces; `sent(bytes)` hears how far it is. Returns `abort` and
   * `answer`, a promise of `{ status, headers, body }`.
   */
  begin(url, { method, headers, body, timeout = 60_000, sent = () => {} }) {
    let stop;
    const answer = new Promise((resolve, reject) => {
      const fail = (text, errno) => reject(new Failure(text, { errno }));
      if (!this.#lifecycle.isOnline) {
        fail('net::ERR_INTERNET_DISCONNECTED', 600001);
        return;
      }
      const exchange = (url.startsWith('https:') ? secureRequest : request)(url, { method, headers });
      stop = (text, errno) => {
        fail(text, errno);
        exchange.destroy();
      };
      this.#running.add(stop);
      const timer = setTimeout(() => stop('timeout', 5), timeout);
      exchange.on('close', () => {
        clearTimeout(timer);
        this.#running.delete(stop);
      });
      exchange.on('error', (error) => fail(error.message, 600001));
      exchange.on('response', (response) => {
        const parts = [];
        response.on('data', (it) => parts.push(it));
        response.on('error', (error) => fail(error.message, 600001));
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }),
        );
      });
      write(exchange, body, sent);
    });
    return { answer, abort: () => stop?.('abort') };
  }

  #breakOff(text, errno) {
    for (const stop of [...this.#running]) stop(text, errno);
  }

  end() {
    this.#breakOff('interrupted');
  }
}

/** Each piece counts as sent when the connection has taken it. */
function write(exchange, body, sent) {
  if (!body?.length) {
    exchange.end();
    return;
  }
  exchange.setHeader('content-length', body.length);
  let done = 0;
  const next = () => {
    if (exchange.destroyed) return;
    if (done === body.length) {
      exchange.end();
      return;
    }
    const piece = body.subarray(done, done + PIECE);
    exchange.write(piece, (error) => {
      if (error) return;
      done += piece.length;
      sent(done);
      next();
    });
  };
  next();
}
