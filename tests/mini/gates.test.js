// The two gates of the build: what ships passes, and everything the oldest engines lack is refused.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { build } from 'esbuild';
import createWabt from 'wabt';
import { asFactory } from '../../pkg/build/mini/glue.mjs';
import * as modules from '../../pkg/build/mini/module.mjs';
import * as scripts from '../../pkg/build/mini/script.mjs';

const pkg = (path) => fileURLToPath(new URL(`../../pkg/${path}`, import.meta.url));
const wabt = await createWabt();

/** A module of its text form, every extension allowed. */
function assembled(text) {
  const features = Object.fromEntries(['sign_extension', 'bulk_memory', 'reference_types', 'multi_value', 'simd', 'sat_float_to_int', 'mutable_globals', 'exceptions', 'threads', 'tail_call'].map((it) => [it, true]));
  const module = wabt.parseWat('test.wat', text, features);
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

test('the module that ships passes', async () => {
  const module = brotliDecompressSync(await readFile(pkg('miniprogram_dist/tim_wasm.wasm.br')));
  assert.deepEqual(await modules.complaintsAbout(module), []);
  assert.ok(await WebAssembly.compile(module));
});

test('the module for pages is refused: it is built for newer engines', async () => {
  const [complaint] = await modules.complaintsAbout(await readFile(pkg('dist/tim_wasm_bg.wasm')));
  assert.match(complaint, /^it is no WebAssembly 1\.0/);
});

const NEWER = {
  'sign extension': '(module (func (param i32) (result i32) (i32.extend8_s (local.get 0))))',
  'bulk memory': '(module (memory 1) (func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))))',
  'saturating conversions': '(module (func (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0))))',
  'reference types': '(module (func (param externref)))',
  'several results': '(module (func (result i32 i32) (i32.const 0) (i32.const 0)))',
  'vectors': '(module (func (result v128) (v128.const i32x4 0 0 0 0)))',
};
for (const [what, text] of Object.entries(NEWER)) {
  test(`a module with ${what} is refused`, async () => {
    const [complaint] = await modules.complaintsAbout(assembled(text));
    assert.match(complaint ?? '', /^it is no WebAssembly 1\.0/);
  });
}

test('of WebAssembly 1.0 itself what does not get across is refused', async () => {
  const complaints = async (text) => modules.complaintsAbout(assembled(text));
  assert.deepEqual(await complaints('(module (func (export "f") (param i32) (result i32) (local.get 0)) (memory (export "memory") 1))'), []);
  assert.deepEqual(await complaints('(module (func (export "f") (param i64)))'), ['its export f has a 64-bit integer']);
  assert.deepEqual(await complaints('(module (func (export "f") (result i64) (i64.const 0)))'), ['its export f has a 64-bit integer']);
  assert.deepEqual(await complaints('(module (import "m" "f" (func (param i64))))'), ['its import f has a 64-bit integer']);
  assert.deepEqual(await complaints('(module (import "m" "f" (func)) (import "n" "g" (func)))'), ['it imports from 2 modules: m, n']);
  assert.deepEqual(await complaints('(module (import "m" "memory" (memory 1)))'), ['it imports the memory memory']);
  assert.deepEqual(await complaints('(module (table (export "t") 1 funcref))'), ['it exports the table t']);
  assert.deepEqual(await complaints('(module (global (export "g") (mut i32) (i32.const 0)))'), ['it exports the global g']);
  assert.deepEqual(await complaints('(module (global (export "g") i32 (i32.const 0)))'), ['it exports the global g']);
});

test('what is superfluous is taken out and the rest stays', async () => {
  const module = assembled('(module (global (export "g") i32 (i32.const 0)) (func (export "f") (result i32) (i32.const 42)))');
  const section = Buffer.from('\u0000\u000f\u000ftarget_features'.slice(2), 'latin1');
  const custom = Uint8Array.from([...module, 0, section.length + 1, section.length, ...section]);
  assert.ok((await modules.complaintsAbout(custom)).includes('it has custom sections'));
  assert.equal(modules.withoutCustomSection(custom, 'something else').length, custom.length);
  assert.deepEqual(modules.withoutCustomSection(custom, section.toString()), module);
  const clean = modules.stripped(custom);
  assert.deepEqual(await modules.complaintsAbout(clean), []);
  const { instance } = await WebAssembly.instantiate(clean);
  assert.deepEqual(Object.keys(instance.exports), ['f']);
  assert.equal(instance.exports.f(), 42);
});

test('what is no module at all is refused', async () => {
  for (const bytes of [[], [0, 97, 115, 109], [1, 2, 3, 4, 5, 6, 7, 8, 9]]) {
    assert.equal((await modules.complaintsAbout(Uint8Array.from(bytes))).length, 1);
  }
});

test('the scripts that ship pass', async () => {
  for (const file of ['miniprogram_dist/index.js', 'miniprogram_dist/mini.js', 'dist/mini.cjs', 'dist/mini-js.cjs']) {
    assert.deepEqual(scripts.complaintsAbout(await readFile(pkg(file), 'utf8')), [], file);
  }
});

test('without its replacements the module\'s own JavaScript uses just the names that are absent', async () => {
  const { outputFiles } = await build({ entryPoints: [pkg('dist/mini/tim_wasm_bg.js')], bundle: true, write: false, format: 'cjs', target: 'es2015', charset: 'ascii' });
  const names = scripts.complaintsAbout(outputFiles[0].text).map((it) => /^it uses (\w+)/.exec(it)?.[1]);
  assert.deepEqual(names.sort(), ['FinalizationRegistry', 'TextDecoder', 'TextEncoder', 'global', 'globalThis', 'queueMicrotask', 'self', 'window']);
});

test('newer syntax and unknown names are refused, each by name and place', () => {
  for (const text of ['a?.b', 'a ?? b', 'async () => {}', 'class A { b = 1 }', 'try {} catch {}', 'a ** b', '({ ...a })', '10n', 'import("a")']) {
    assert.match(scripts.complaintsAbout(text)[0], /^it is no ES2015/, text);
  }
  assert.deepEqual(scripts.complaintsAbout('var a = 1;\nmodule.exports = a + fetch + wx.env'), ['it uses fetch (2:21), which is not everywhere']);
  assert.deepEqual(scripts.complaintsAbout('function f(fetch) { return fetch; } typeof window'), ['it uses window (1:43), which is not everywhere']);
  assert.deepEqual(scripts.complaintsAbout('class A {} class B extends A {} new B(), arguments'), []);
});

test('glue of a shape that is not known is refused', async () => {
  const source = await readFile(pkg('dist/mini/tim_wasm_bg.js'), 'utf8');
  const names = JSON.parse(await readFile(pkg('dist/mini/names.json'), 'utf8'));
  assert.match(asFactory(source, names), /^export function createGlue/);
  const view = 'let cachedInt32ArrayMemory0 = null;\n';
  assert.throws(() => asFactory(source + view, names), /views of the memory have changed/);
  assert.throws(() => asFactory(source.replace('.byteLength === 0', '.length === 0'), names), /the test of the Uint8Array has changed/);
  assert.throws(() => asFactory(source.replace('export class Client', 'export class Klient'), names), /there is no Client/);
  assert.throws(() => asFactory(source.replace(/^export function __wbg_then_\w+/m, 'export function other'), names), /which is not there/);
});
