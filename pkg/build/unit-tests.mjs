// Translates every *.test.ts under test/ to .test/ for `node --test`. The WebAssembly module is not part
// of these tests: they are about what this side of the boundary does.

import { readdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const tests = (await readdir(path('test'), { recursive: true })).filter((it) => it.endsWith('.test.ts'));

await rm(path('.test'), { recursive: true, force: true });
await build({
  entryPoints: tests.map((it) => path(`test/${it}`)),
  outdir: path('.test'),
  outbase: path('test'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
