// The package where there is no page: required, imported, on a server that renders pages.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { workbench } from './setting/projects.js';

const run = promisify(execFile);

let bench;
let home;
before(async () => {
  bench = await workbench();
  home = await bench.project('node', {
    'required.cjs': `
      const TIM = require('tim-wasm');
      console.log(JSON.stringify(Reflect.ownKeys(TIM)), typeof TIM.create, TIM.EVENT.SDK_READY);`,
    'imported.mjs': `
      import TIM from 'tim-wasm';
      import * as all from 'tim-wasm';
      console.log(JSON.stringify(Reflect.ownKeys(TIM)), Object.keys(all).join());`,
    'both.mjs': `
      import { createRequire } from 'node:module';
      import TIM, { ChatSDK } from 'tim-wasm';
      const required = createRequire(import.meta.url)('tim-wasm');
      const tim = TIM.create({ SDKAppID: 1 });
      console.log(required === TIM, required.create({ SDKAppID: '1' }) === tim, tim instanceof ChatSDK);
      await tim.destroy();`,
    'mini.mjs': `
      import TIM from 'tim-wasm/mini';
      const error = await TIM.create({ SDKAppID: 1 }).login({ userID: 'a', userSig: 'b' }).catch((it) => it);
      console.log(error.code, error.message);`,
    'rendering.mjs': `
      import TIM from 'tim-wasm';
      const tim = TIM.create({ SDKAppID: 1 });
      const code = (promise) => promise.then(() => 'resolved', (error) => error.code);
      console.log(await code(tim.getConversationList()), await code(tim.login({ userID: 'a', userSig: 'b' })));`,
  });
});
after(() => bench?.end());

const said = async (file) => (await run(process.execPath, [file], { cwd: home })).stdout.trim();
const KEYS = '["create","TYPES","EVENT","VERSION"]';

test('require gives TIM itself', async () => {
  assert.equal(await said('required.cjs'), `${KEYS} function sdkStateReady`);
});

test('import gives TIM as the default', async () => {
  assert.equal(await said('imported.mjs'), `${KEYS} ChatSDK,default`);
});

test('both give the same object and share instances', async () => {
  assert.equal(await said('both.mjs'), 'true true true');
});

test('without a page there is no server address, and nothing hangs or crashes', async () => {
  assert.equal(await said('rendering.mjs'), '2024 2802');
});

test('the build for mini-programs says what it is for', async () => {
  assert.match(await said('mini.mjs'), /^2998 .*there is no wx here.*pages import tim-wasm$/);
});
