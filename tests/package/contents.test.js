// What is in the tarball: its files, its manifest, its source maps, its two forms of the binary.

import assert from 'node:assert/strict';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { workbench } from './setting/projects.js';

let bench;
let home;
before(async () => {
  bench = await workbench();
  home = join(await bench.project('contents', {}), 'node_modules/tim-wasm');
});
after(() => bench?.end());

test('the files are those that are meant, and nothing else', async () => {
  const files = await readdir(home, { recursive: true, withFileTypes: true });
  const names = files.filter((it) => it.isFile()).map((it) => join(it.parentPath ?? it.path, it.name).slice(home.length + 1));
  assert.deepEqual(names.sort(), [
    'LICENSE-APACHE',
    'LICENSE-MIT',
    'README.md',
    'dist/index.cjs',
    'dist/index.cjs.map',
    'dist/index.d.cts',
    'dist/index.d.ts',
    'dist/index.js',
    'dist/index.js.map',
    'dist/inline.js',
    'dist/tim-wasm.global.js',
    'dist/tim-wasm.global.js.map',
    'dist/tim_wasm_bg.wasm',
    'package.json',
  ]);
});

test('every file that package.json names exists', async () => {
  const manifest = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'));
  const named = [];
  (function collect(value) {
    if (typeof value === 'string') named.push(value);
    else if (value) Object.values(value).forEach(collect);
  })([manifest.main, manifest.module, manifest.types, manifest.unpkg, manifest.jsdelivr, manifest.exports, manifest.sideEffects]);
  for (const file of named) assert.ok((await stat(join(home, file))).isFile(), file);
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.license, 'MIT OR Apache-2.0');
});

test('source maps show the sources and no folder of the machine that built them', async () => {
  for (const file of ['index.js', 'index.cjs', 'tim-wasm.global.js']) {
    const map = JSON.parse(await readFile(join(home, 'dist', `${file}.map`), 'utf8'));
    assert.equal(map.sources.length, map.sourcesContent.length);
    for (const source of map.sources) assert.doesNotMatch(source, /^\/|node_modules/);
    assert.ok(map.sources.some((it) => it.endsWith('src/live.ts')), file);
    assert.match(await readFile(join(home, 'dist', file), 'utf8'), new RegExp(`sourceMappingURL=${file}\\.map\\s*$`));
  }
});

test('the binary as text is the binary', async () => {
  const { default: text } = await import(join(home, 'dist/inline.js'));
  assert.ok(Buffer.from(text, 'base64').equals(await readFile(join(home, 'dist/tim_wasm_bg.wasm'))));
});
