// `TIM` in a mini-program, whichever form the module has.

import { createNamespace, type CreateOptions, type Namespace } from '../namespace.js';
import { createPlatform } from './adapter/index.js';
import { serverAddress } from './address.js';
import { hostApi, type HostApi } from './host.js';
import { createLoader } from './loader.js';
import type { Exports, Imports } from './module.js';
import type { Platform } from './platform.js';

function theHost(): HostApi {
  const host = hostApi();
  if (!host) throw new Error('there is no wx here: this build is for mini-programs, pages import tim-wasm');
  return host;
}

export function createMini(instantiate: (imports: Imports, options: CreateOptions) => Promise<Exports>): Namespace {
  // One for the life of the program: it owns the listeners on the host and the order of its files.
  let platform: Promise<Platform> | undefined;

  const load = createLoader(
    async (imports, options: CreateOptions) => {
      // Said before anything about WebAssembly, which would lead a page astray.
      theHost();
      return instantiate(imports, options);
    },
    async () => {
      const { api, differences } = theHost();
      return (platform ??= createPlatform(api, differences));
    },
  );

  return createNamespace({
    load,
    address: serverAddress,
    language: () => String(hostApi()?.api.getAppBaseInfo?.().language ?? '').replace('_', '-'),
    // Nothing global is certain to be shared between packages here, so each copy has its own.
    instances: new Map(),
  });
}
