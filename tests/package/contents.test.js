// What is in the tarball: its files, its manifest, its source maps, its two forms of the binary.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { workbench } from './setting/projects.js';

const run = promisify(execFile);

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
    'bin/tim-wasm.js',
    'dist/index.cjs',
    'dist/index.cjs.map',
    'dist/index.d.cts',
    'dist/index.d.ts',
    'dist/index.js',
    'dist/index.js.map',
    'dist/inline.js',
    'dist/mini-js.cjs',
    'dist/mini.cjs',
    'dist/mini.d.cts',
    'dist/tim-wasm.global.js',
    'dist/tim-wasm.global.js.map',
    'dist/tim_wasm_bg.wasm',
    'miniprogram_dist/index.d.ts',
    'miniprogram_dist/index.js',
    'miniprogram_dist/mini.d.ts',
    'miniprogram_dist/mini.js',
    'miniprogram_dist/tim_wasm.wasm.br',
    'package.json',
  ]);
});

test('every file that package.json names exists', async () => {
  const manifest = JSON.parse(await readFile(join(home, 'package.json'), 'utf8'));
  const named = [];
  (function collect(value) {
    if (typeof value === 'string') named.push(value);
    else if (value) Object.values(value).forEach(collect);
  })([manifest.main, manifest.module, manifest.types, manifest.unpkg, manifest.jsdelivr, manifest.exports, manifest.bin, manifest.typesVersions, manifest.sideEffects]);
  for (const file of named) assert.ok((await stat(join(home, file))).isFile(), file);
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.license, 'MIT OR Apache-2.0');
});

test('what mini-programs copy is small, and the same as what bundlers get', async () => {
  const mini = join(home, 'miniprogram_dist');
  const sizes = await Promise.all(['index.js', 'mini.js', 'tim_wasm.wasm.br'].map(async (it) => (await stat(join(mini, it))).size));
  assert.ok(sizes.reduce((sum, it) => sum + it) < 140 * 1024, String(sizes));
  assert.equal(await readFile(join(mini, 'index.js'), 'utf8'), await readFile(join(home, 'dist/mini.cjs'), 'utf8'));
});

test('the command copies what a build does not bring', async () => {
  const command = (...options) => run(process.execPath, [join(home, 'bin/tim-wasm.js'), ...options], { cwd: home }).then((it) => it.stdout, (error) => error);
  assert.match(await command('copy-wasm', 'made'), /^made\/tim-wasm\/tim_wasm\.wasm\.br: \d+\.\d KB$/m);
  assert.ok((await readFile(join(home, 'made/tim-wasm/tim_wasm.wasm.br'))).equals(await readFile(join(home, 'miniprogram_dist/tim_wasm.wasm.br'))));
  await command('copy-js', 'made');
  assert.ok((await stat(join(home, 'made/tim-wasm/mini-js.js'))).size > 100_000);
  assert.match(await command('--help'), /^Usage: npx tim-wasm copy-wasm <folder>/);
  for (const wrong of [[], ['copy-wasm'], ['copy', 'made'], ['copy-wasm', 'made', 'more'], ['toString', 'made']]) {
    const { code, stderr } = await command(...wrong);
    assert.equal(code, 2);
    assert.match(stderr, /^Usage/);
  }
  const { code, stderr } = await command('copy-wasm', 'package.json');
  assert.equal(code, 1);
  assert.match(stderr, /^tim-wasm: cannot copy to package\.json/);
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
