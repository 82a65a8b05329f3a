// The entry for mini-programs: the module is a file of the code package.

import { wasmHost } from './host.js';
import { fromPackage } from './module.js';
import { createMini } from './namespace.js';

export const TIM = createMini((imports, { wasmPath }) => fromPackage(wasmHost(), wasmPath, imports));
