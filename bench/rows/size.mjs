// How much a page downloads: the ESM entry, what it imports, and the WebAssembly, against the
// published SDK's one file. Brotli 11, the way a good web server sends static files.
//
// `inline.js` is not counted: it is a fallback that a page asks for only when the wasm file cannot be
// had (see the package's loader).

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { OURS, PUBLISHED } from '../setting/site.mjs';
import { atMost, row } from '../table.mjs';

const LIMIT_KB = 60;

function brotliKB(file) {
  const bytes = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return brotliCompressSync(bytes, { params }).length / 1024;
}

/** The entry and everything it loads by itself. */
function loaded(file, found = new Set()) {
  if (found.has(file) || !existsSync(file)) return found;
  found.add(file);
  if (file.endsWith('.js')) {
    const text = readFileSync(file, 'utf8');
    const parts = text.matchAll(/(?:\b(?:from|import)\s*|new URL\(\s*)["'`](\.{1,2}\/[^"'`]+)["'`]/g);
    for (const [, next] of parts) loaded(resolve(file, '..', next), found);
  }
  return found;
}

export async function measure() {
  const files = [...loaded(join(OURS, 'index.js'))];
  const sizes = files.map(brotliKB);
  return [
    row({
      what: 'JS + wasm of a page, brotli 11',
      unit: 'KB',
      ours: sizes.reduce((sum, it) => sum + it),
      reference: brotliKB(join(PUBLISHED, 'tim-js.js')),
      goal: atMost(LIMIT_KB),
      note: `${files.map((it, index) => `${it.split('/').pop()} ${sizes[index].toFixed(1)}`).join(', ')}; reference: tim-js-sdk 2.27.6 tim-js.js`,
    }),
  ];
}
