// The SDK as this page uses it: the public API of the npm package, with its exact types.
//
// The objects the SDK hands out live: they change in place when a message is sent or read. Vue sees
// such changes only through its own proxies, so nothing here keeps SDK objects in the page's state:
// each event and each settled promise is turned into small copies ("views"), which are replaced.

import TIM, { type ExactChatSDK } from 'tim-wasm';

export { TIM };
export type Tim = ExactChatSDK;

export function openTim(SDKAppID: number): Tim {
  const tim: Tim | null = TIM.create({ SDKAppID }) as unknown as Tim | null;
  if (!tim) throw new Error('The SDKAppID must be a number.');
  tim.setLogLevel(2);
  return tim;
}

/** Registers listeners and can take all of them back: the instance outlives a login. */
export class Listeners {
  readonly #tim: Tim;
  readonly #undo: Array<() => void> = [];

  constructor(tim: Tim) {
    this.#tim = tim;
  }

  readonly on: Tim['on'] = (name, handler, context) => {
    this.#tim.on(name, handler, context);
    this.#undo.push(() => this.#tim.off(name, handler as (event: never) => unknown, context));
  };

  stop(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }
}
