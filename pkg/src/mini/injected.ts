// What takes the place of names that are absent in a mini-program, or there and not what they seem:
// the bundler puts these where the module's JavaScript says `TextDecoder`, `window` and so on. Nothing
// is ever written to a global object.

import { queueMicrotask } from './microtasks.js';

export { TextDecoder, TextEncoder } from './codec.js';
export { queueMicrotask };

/** Where the futures' runtime looks for its microtasks. */
const globalThis = { queueMicrotask };

/** In some frameworks' builds these are objects that look like a page. */
const window = undefined;
const self = undefined;
const global = undefined;

/** Absent on the oldest engines; one behaviour everywhere. */
const FinalizationRegistry = undefined;

export { FinalizationRegistry, global, globalThis, self, window };
