// Runs the published tim-js-sdk 2.27.6 as a black box: in a page that is none, whose socket never
// opens and whose console is silent, so that nothing leaves this machine.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import vm from 'node:vm';

const require = createRequire(import.meta.url);

/** A socket that stays in the state CONNECTING. */
class Socket {
  readyState = 0;
  send() {}
  close() {}
}

class Request {
  open() {}
  send() {}
  setRequestHeader() {}
}

/** The published `TIM`, in a page of its own; `end` stops its timers. */
export function reference() {
  const nothing = () => {};
  const timers = new Set();
  const keep = (start) => (...args) => {
    const timer = start(...args);
    timers.add(timer);
    return timer;
  };
  const page = {
    console: { log: nothing, info: nothing, warn: nothing, error: nothing, debug: nothing },
    setTimeout: keep(setTimeout),
    setInterval: keep(setInterval),
    clearTimeout,
    clearInterval,
    WebSocket: Socket,
    XMLHttpRequest: Request,
    navigator: { userAgent: 'node', onLine: true, language: 'en' },
    location: { href: 'http://localhost/', protocol: 'http:', host: 'localhost', hostname: 'localhost' },
    localStorage: { getItem: () => null, setItem: nothing, removeItem: nothing },
    document: { addEventListener: nothing, removeEventListener: nothing, createElement: () => ({}), visibilityState: 'visible' },
    addEventListener: nothing,
    removeEventListener: nothing,
    performance,
    URL,
    Blob,
    TextEncoder,
    TextDecoder,
    atob,
    btoa,
  };
  Object.assign(page, { window: page, self: page, globalThis: page });
  vm.runInContext(readFileSync(require.resolve('tim-js-sdk'), 'utf8'), vm.createContext(page));
  return { TIM: page.TIM, end: () => timers.forEach((timer) => clearTimeout(timer)) };
}
