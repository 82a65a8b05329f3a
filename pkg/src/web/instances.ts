// What the copies of this package in one page share.
//
// An application imports the package, its plug-ins require it, a script tag may bring it a third
// time: all of them must see the same instances and constants. So these live on a symbol that every
// copy can find, together with the namespace of each version.

import type { ChatSDK } from '../../types/sdk.js';

export interface Shared {
  /** By numeric SDKAppID. */
  instances: Map<number, ChatSDK>;
  /** `TIM` by its VERSION: copies of one version hand out the very same object. */
  namespaces: Record<string, unknown>;
}

const KEY: unique symbol = Symbol.for('tim-wasm.instances') as never;

export function shared(): Shared {
  const page = globalThis as { [KEY]?: Shared };
  return (page[KEY] ??= { instances: new Map(), namespaces: {} });
}
