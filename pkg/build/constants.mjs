// Reads src/constants.ts, which `cargo xtask constants` wrote, as values.

import { readFile } from 'node:fs/promises';
import { transform } from 'esbuild';

/** `{ EVENT, TYPES }` */
export async function readConstants() {
  const source = await readFile(new URL('../src/constants.ts', import.meta.url), 'utf8');
  const { code } = await transform(source, { loader: 'ts', format: 'esm' });
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}
