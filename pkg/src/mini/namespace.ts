// `TIM` in a mini-program, whichever form the module has.

import { createNamespace, type CreateOptions, type Namespace } from '../namespace.js';
import { createPlatform } from './adapter/index.js';
import { serverAddress } from './address.js';
import { api } from './host.js';
import { createLoader } from './loader.js';
import type { Exports, Imports } from './module.js';

export function createMini(instantiate: (imports: Imports, options: CreateOptions) => Promise<Exports>): Namespace {
  return createNamespace({
    load: createLoader(instantiate, async () => {
      const host = api();
      if (!host) throw new Error('there is no wx here: this build is for mini-programs, pages import tim-wasm');
      return createPlatform(host);
    }),
    address: serverAddress,
    language: () => String(api()?.getAppBaseInfo?.().language ?? '').replace('_', '-'),
    // Nothing global is certain to be shared between packages here, so each copy has its own.
    instances: new Map(),
  });
}
