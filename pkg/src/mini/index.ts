// The entry for mini-programs: the module is a file of the code package.

import { wasm } from './host.js';
import { fromPackage } from './module.js';
import { createMini } from './namespace.js';

export const TIM = createMini((imports, { wasmPath }) => fromPackage(wasm(), wasmPath, imports));
