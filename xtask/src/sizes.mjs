// Prints what a page downloads when it imports the package: the entry, everything the entry imports,
// and the WebAssembly. Raw, with gzip -9, and with brotli 11, the way a good web server sends it.
//
// Run as `node sizes.mjs <package folder> <limit in bytes of brotli>`. Follows the imports instead of
// listing the folder, because the folder also holds builds that such a page does not load. Dynamic
// imports of modules are left out: they are fallbacks that most pages never ask for.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = resolve(process.argv[2]);
const limit = Number(process.argv[3]);
const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** The file that `import` resolves to, out of the nested conditions of an `exports` entry. */
function entry(exported) {
  if (exported === undefined || typeof exported === 'string') return exported;
  return entry(exported.import ?? exported.browser ?? exported.default);
}

const first = entry(manifest.exports?.['.'] ?? manifest.module ?? manifest.main);
if (!first) throw new Error('package.json names no entry');

const files = new Set();
function follow(file) {
  if (files.has(file) || !existsSync(file)) return;
  files.add(file);
  if (!/\.[cm]?js$/.test(file)) return;
  const text = readFileSync(file, 'utf8');
  const imports = /(?:from|import)\s*["'](\.{1,2}\/[^"']+)["']/g;
  const assets = /new URL\(\s*["'`]([^"'`]+\.wasm)["'`]/g;
  for (const pattern of [imports, assets]) {
    for (const [, next] of text.matchAll(pattern)) follow(resolve(dirname(file), next));
  }
}
follow(resolve(folder, first));
if (files.size === 0) throw new Error(`${first} does not exist`);

const rows = [...files].map((file) => {
  const bytes = readFileSync(file);
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return [
    relative(folder, file),
    bytes.length,
    gzipSync(bytes, { level: 9 }).length,
    brotliCompressSync(bytes, { params: quality }).length,
  ];
});
const total = [1, 2, 3].map((column) => rows.reduce((sum, row) => sum + row[column], 0));
const wide = Math.max(10, ...rows.map(([name]) => name.length));
const line = (name, ...cells) =>
  console.log('    ' + name.padEnd(wide) + cells.map((cell) => String(cell).padStart(10)).join(''));
line('a page loads', 'bytes', 'gzip -9', 'brotli 11');
for (const row of rows) line(...row);
line('total', ...total);
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
const verdict = total[2] <= limit ? 'within' : 'OVER';
console.log(`    ${kilobytes(total[2])} brotli: ${verdict} the limit of ${kilobytes(limit)}`);
