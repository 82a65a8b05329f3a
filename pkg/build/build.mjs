// Builds pkg/dist: three forms of the package, the wasm beside them, and the declarations.
//
//   index.js              for bundlers and browsers; loads tim_wasm_bg.wasm or, failing that, inline.js
//   index.cjs             for require; a single file
//   tim-wasm.global.js    for a script tag; a single file that sets the global TIM
//
// `cargo xtask wasm` comes first: it puts the WebAssembly module into dist/wasm.

import { access, copyFile, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';
import { declarations } from './declarations.mjs';
import './types.mjs';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const WASM = path('dist/wasm/tim_wasm_bg.wasm');

await access(WASM).catch(() => {
  console.error('pkg: dist/wasm is missing; run `cargo xtask wasm` first');
  process.exit(1);
});

const { version } = JSON.parse(await readFile(path('package.json'), 'utf8'));
const base64 = (await readFile(WASM)).toString('base64');
const names = JSON.parse(await readFile(path('dist/wasm/names.json'), 'utf8'));

/** wasm-opt has shortened the names of what crosses; the wasm-bindgen module has to use them, too. */
function withShortNames(source) {
  const imports = new Map(names.imports.map(([, name, short]) => [name, short]));
  const exports = new Map(names.exports);
  return source
    .replace(/^( +)([\w$]+): function\(/gm, (line, indent, name) => `${indent}${imports.get(name) ?? name}: function(`)
    .replace(/\bwasm\.([\w$]+)/g, (text, name) => (exports.has(name) ? `wasm.${exports.get(name)}` : text))
    .replace(`"${names.imports[0][0]}":`, 'a:');
}

/** Puts the wasm-bindgen module and, in single files, the binary in their places. */
const parts = (singleFile) => ({
  name: 'parts',
  setup(it) {
    it.onResolve({ filter: /^#wasm$/ }, () => ({ path: path('dist/wasm/tim_wasm.js') }));
    // The module is given to it ready; its own idea of where the binary is would be copied by
    // bundlers a second time.
    it.onLoad({ filter: /tim_wasm\.js$/ }, async ({ path: file }) => ({
      contents: withShortNames(await readFile(file, 'utf8')).replace(/new URL\('tim_wasm_bg\.wasm', import\.meta\.url\)/, 'undefined'),
    }));
    it.onResolve({ filter: /^\.\/inline\.js$/ }, () =>
      singleFile ? { path: 'inline', namespace: 'inline' } : { path: './inline.js', external: true },
    );
    it.onLoad({ filter: /.*/, namespace: 'inline' }, () => ({ contents: `export default '${base64}'` }));
  },
});

async function bundle(outfile, format, entry) {
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: path('src'), sourcefile: 'entry.js' },
    outfile: path(`dist/${outfile}`),
    bundle: true,
    write: false,
    format,
    target: 'es2021',
    minify: true,
    sourcemap: 'external',
    legalComments: 'none',
    define: { __VERSION__: JSON.stringify(version), __SINGLE_FILE__: String(format !== 'esm') },
    plugins: [parts(format !== 'esm')],
    logLevel: 'warning',
  });
  const text = (name) => outputFiles.find((it) => it.path.endsWith(name)).text;
  // Once more: what a page loads becomes a twentieth smaller.
  const { code, map } = await minify(text(outfile), {
    module: format === 'esm',
    ecma: 2020,
    compress: { ecma: 2020, passes: 3 },
    sourceMap: { content: text(`${outfile}.map`), url: `${outfile}.map`, includeSources: true },
  });
  await Promise.all([writeFile(path(`dist/${outfile}`), `${code}\n`), writeFile(path(`dist/${outfile}.map`), map)]);
}

const { esm, cjs } = await declarations();
await Promise.all([
  bundle('index.js', 'esm', `export * from './web/index.ts'; export { default } from './web/index.ts';`),
  bundle('index.cjs', 'cjs', `module.exports = require('./web/namespace.ts').TIM;`),
  bundle('tim-wasm.global.js', 'iife', `import { TIM } from './web/namespace.ts'; globalThis.TIM = TIM;`),
  copyFile(WASM, path('dist/tim_wasm_bg.wasm')),
  ...['LICENSE-MIT', 'LICENSE-APACHE'].map((it) => copyFile(path(`../${it}`), path(it))),
  writeFile(path('dist/inline.js'), `export default '${base64}';\n`),
  writeFile(path('dist/index.d.ts'), esm),
  writeFile(path('dist/index.d.cts'), cjs),
]);

// Nobody steps through the binary: without it the maps are a quarter of the size.
for (const file of ['index.cjs.map', 'tim-wasm.global.js.map']) {
  const map = JSON.parse(await readFile(path(`dist/${file}`), 'utf8'));
  map.sourcesContent[map.sources.findIndex((it) => it.startsWith('inline:'))] = '';
  await writeFile(path(`dist/${file}`), JSON.stringify(map));
}

/** Sizes as they travel. */
const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1).padStart(7)} KB`;
for (const file of ['index.js', 'tim_wasm_bg.wasm', 'inline.js', 'index.cjs', 'tim-wasm.global.js']) {
  const content = await readFile(path(`dist/${file}`));
  const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  console.log(`${file.padEnd(20)} ${kilobytes(content.length)}  gzip ${kilobytes(gzipSync(content).length)}  brotli ${kilobytes(brotli.length)}`);
}
