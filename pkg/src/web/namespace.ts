// `TIM` in a page: where it comes from, where the server is, which copies share it.

import { createNamespace, type Namespace } from '../namespace.js';
import { serverAddress, surroundings } from './address.js';
import { shared } from './instances.js';
import { loadEngine } from './loader.js';

const { instances, namespaces } = shared();

const own = createNamespace({
  load: loadEngine,
  address: (proxyServer) => serverAddress(proxyServer, surroundings()),
  language: () => globalThis.navigator?.language ?? '',
  instances,
});

/** Copies of one version hand out the very same object. */
export const TIM = (namespaces[own.VERSION] ??= own) as Namespace;
