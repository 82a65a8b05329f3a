// Writes miniprogram_dist, the package as mini-programs take it, and in dist the same scripts for
// bundlers.
//
// `cargo xtask mini` has put the module into dist/mini: as wasm-opt left it, its JavaScript, the
// names of what crosses, and the same module as JavaScript. Here the parts are
// joined, and nothing leaves that the oldest supported engines do not know.
//
//   node build/mini/build.mjs

import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';
import { declarations } from '../declarations.mjs';
import '../types.mjs';
import { asFactory, asFunction } from './glue.mjs';
import * as modules from './module.mjs';
import * as scripts from './script.mjs';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const MADE = 'dist/mini';

await access(path(`${MADE}/small.wasm`)).catch(() => {
  console.error('pkg: dist/mini is missing; run `cargo xtask mini` first');
  process.exit(1);
});

function refuse(what, complaints) {
  if (!complaints.length) return;
  for (const it of complaints) console.error(`pkg: ${what}: ${it}`);
  process.exit(1);
}

const { version } = JSON.parse(await readFile(path('package.json'), 'utf8'));
const names = JSON.parse(await readFile(path(`${MADE}/names.json`), 'utf8'));
const glue = asFactory(await readFile(path(`${MADE}/tim_wasm_bg.js`), 'utf8'), names);

const script = asFunction(await readFile(path(`${MADE}/script.js`), 'utf8'));

const module = modules.stripped(await readFile(path(`${MADE}/small.wasm`)));
refuse('the module', await modules.complaintsAbout(module));

/** Puts the module's own JavaScript, and the module as JavaScript, in their places. */
const parts = {
  name: 'parts',
  setup(it) {
    it.onResolve({ filter: /^#glue$/ }, () => ({ path: 'glue', namespace: 'parts' }));
    it.onResolve({ filter: /^#script$/ }, () => ({ path: 'script', namespace: 'parts' }));
    it.onLoad({ filter: /^script$/, namespace: 'parts' }, () => ({ contents: script }));
    it.onLoad({ filter: /^glue$/, namespace: 'parts' }, () => ({ contents: glue, resolveDir: path('src') }));
  },
};

/** Writes the bundle of `src/mini/<entry>` to `outfiles`. */
async function bundle(entry, ...outfiles) {
  const { outputFiles } = await build({
    entryPoints: [path(`src/mini/${entry}`)],
    bundle: true,
    write: false,
    // Not 'cjs', which would wrap every module into a function of its own for the sake of `require`.
    format: 'iife',
    globalName: 'entry',
    footer: { js: 'module.exports=entry.TIM;' },
    platform: 'neutral',
    target: 'es2015',
    charset: 'ascii',
    minify: true,
    legalComments: 'none',
    inject: [path('src/mini/injected.ts')],
    define: { __VERSION__: JSON.stringify(version) },
    plugins: [parts],
    tsconfig: path('tsconfig.mini.json'),
    logLevel: 'warning',
  });
  // Once more: in a code package scripts count as they are, and this takes another twentieth off.
  const { code: text } = await minify(outputFiles[0].text, { ecma: 2015, compress: { ecma: 2015, passes: 3 }, format: { ascii_only: true } });
  refuse(entry, scripts.complaintsAbout(text));
  await Promise.all(outfiles.map((it) => writeFile(path(it), text)));
}

const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22, [constants.BROTLI_PARAM_SIZE_HINT]: module.length };
const { cjs } = await declarations();
await rm(path('miniprogram_dist'), { recursive: true, force: true });
await mkdir(path('miniprogram_dist'));
await Promise.all([
  // Twice: below this package.json a bundler takes the one for a CommonJS module only by its name, and
  // a mini-program knows no such name.
  bundle('index.ts', 'miniprogram_dist/index.js', 'dist/mini.cjs'),
  // Not among what every program copies: it is as large as many a program.
  bundle('script.ts', 'dist/mini-js.cjs'),
  writeFile(path('miniprogram_dist/mini.js'), `module.exports = require('./index.js');\n`),
  writeFile(path('miniprogram_dist/tim_wasm.wasm.br'), brotliCompressSync(module, { params: quality })),
  writeFile(path('miniprogram_dist/index.d.ts'), cjs),
  writeFile(path('miniprogram_dist/mini.d.ts'), `import TIM = require('./index');\nexport = TIM;\n`),
  writeFile(path('dist/mini.d.cts'), cjs),
]);
