// The entry for hosts that cannot load WebAssembly: the same module as JavaScript, several times as
// large and slower.

import { instantiate } from '#script';
import { createMini } from './namespace.js';

export const TIM = createMini(async (imports) => instantiate(imports));
