// The package in WeChat's own tool: "build npm" takes it as it is, and the compiler keeps it whole.
//
// The tool is large (it is installed once, 280 MB), so this is not among the quick tests.

import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { startProgram } from '../runtime/index.js';
import { unpack } from '../setting/package.js';
import { compile, packNpm } from './build.js';

const FILES = {
  'package.json': '{ "name": "program", "private": true, "dependencies": { "tim-wasm": "*" } }',
  'project.config.json': '{ "appid": "wx0000000000000000", "compileType": "miniprogram" }',
  'app.json': '{ "pages": ["pages/index/index"] }',
  'app.js': 'App({});',
  'pages/index/index.js': `
const TIM = require('tim-wasm/mini');
Page({ data: { isOneModule: TIM === require('tim-wasm'), version: TIM.VERSION } });
`,
  'pages/index/index.json': '{}',
  'pages/index/index.wxml': '<text>{{version}}</text>',
};
const PLACE = 'miniprogram_npm/tim-wasm';
const SETTINGS = {
  'as it is': {},
  'to ES5': { es6: true, es7: true },
  'to ES5 and minified': { es6: true, es7: true, minify: true },
};

let unpacked, folder, project, warnings;
before(async () => {
  unpacked = await unpack();
  folder = await mkdtemp(join(tmpdir(), 'tim-wasm-wechat-test-'));
  project = join(folder, 'project');
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(project, name)), { recursive: true });
    await writeFile(join(project, name), text);
  }
  await cp(unpacked.home, join(project, 'node_modules/tim-wasm'), { recursive: true });
  warnings = await packNpm(project);
});
after(async () => {
  await unpacked?.end();
  if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});

test('build npm copies what mini-programs get and has nothing to say about it', async () => {
  assert.deepEqual(warnings, []);
  const files = await readdir(join(project, PLACE));
  assert.deepEqual(files.sort(), (await readdir(unpacked.mini)).sort());
  for (const name of ['index.js', 'mini.js', 'tim_wasm.wasm.br']) {
    assert.deepEqual(await readFile(join(project, PLACE, name)), await readFile(join(unpacked.mini, name)));
  }
});

for (const [how, setting] of Object.entries(SETTINGS)) {
  test(`the compiler, ${how}: the wasm is in the result, and the program starts`, async () => {
    const compiled = await mkdtemp(join(folder, 'compiled-'));
    const files = await compile(project, compiled, setting);
    assert.ok(files.includes(`${PLACE}/tim_wasm.wasm.br`));
    assert.deepEqual(
      await readFile(join(compiled, PLACE, 'tim_wasm.wasm.br')),
      await readFile(join(unpacked.mini, 'tim_wasm.wasm.br')),
    );
    const program = await startProgram({ root: compiled, home: await mkdtemp(join(folder, 'phone-')) });
    try {
      const { version } = JSON.parse(await readFile(join(unpacked.home, 'package.json'), 'utf8'));
      assert.deepEqual(program.errors, []);
      assert.equal(program.top.data.version, version);
      assert.ok(program.top.data.isOneModule);
    } finally {
      await program.end();
    }
  });
}
