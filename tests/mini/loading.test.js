// A module that does not load: every way in which that happens ends in 2998 with what was tried, and a
// later login works once the cause is gone.

import assert from 'node:assert/strict';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { openTown } from './setting/town.js';
import { until } from './setting/until.js';

const FILE = 'miniprogram_npm/tim-wasm/tim_wasm.wasm.br';

let town;
before(async () => (town = await openTown()));
afterEach(() => town.tidy());
after(() => town?.end());

/** What a login says that fails. */
async function refusal(phone) {
  const error = await phone.login().then(() => assert.fail('the login succeeded'), (it) => it);
  assert.equal(error.code, 2998, error.message);
  return error.message;
}

async function logsIn(phone) {
  await phone.login();
  await until(() => phone.data.ready, 'SDK_READY');
}

test('missing everywhere: every place is named, and it works when the file is there', async () => {
  const code = await town.ownCode();
  await rename(join(code.root, FILE), join(code.root, 'elsewhere'));
  const ann = await (await town.phone('ann', { code })).start();
  const message = await refusal(ann);
  for (const place of ['/miniprogram_npm/tim-wasm/', '/static/tim-wasm/', '/tim-wasm/']) {
    assert.ok(message.includes(`${place}tim_wasm.wasm.br: `), message);
  }
  await rename(join(code.root, 'elsewhere'), join(code.root, FILE));
  await logsIn(ann);
  assert.deepEqual(ann.program.errors, []);
});

test('found where frameworks put it, and where the app says', async () => {
  for (const [folder, options] of [
    ['static/tim-wasm', {}],
    ['tim-wasm', {}],
    ['im/wasm', { wasmPath: '/im/wasm/tim_wasm.wasm.br' }],
  ]) {
    const code = await town.ownCode();
    await mkdir(join(code.root, folder), { recursive: true });
    await rename(join(code.root, FILE), join(code.root, folder, 'tim_wasm.wasm.br'));
    const ann = await town.phone('ann', { code });
    await ann.enter({}, options);
  }
});

test('the module uncompressed, as a tool may unpack it', async () => {
  const code = await town.ownCode();
  await writeFile(join(code.root, 'tim_wasm.wasm'), brotliDecompressSync(await readFile(join(code.root, FILE))));
  await (await town.phone('ann', { code })).enter({}, { wasmPath: '/tim_wasm.wasm' });
});

test('a wasmPath that is no path is refused in words, and the next instance may have another', async () => {
  const ann = await (await town.phone('ann')).launch();
  for (const wasmPath of ['static/tim_wasm.wasm.br', '', 5, {}, null]) {
    await ann.create({ wasmPath });
    assert.match(await refusal(ann), /wasmPath must be a path from the root of the code package/);
    await ann.call('destroy');
  }
  await ann.create();
  await logsIn(ann);
});

test('corrupted, cut off, somebody else\'s, or built for newer engines', async () => {
  const code = await town.ownCode();
  const whole = await readFile(join(code.root, FILE));
  const newer = await readFile(join(town.unpacked.home, 'dist/tim_wasm_bg.wasm'));
  const other = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
  const ann = await (await town.phone('ann', { code, profile: 'ios' })).start();
  for (const bytes of [Buffer.from('<html>not found</html>'), whole.subarray(0, whole.length / 2), brotliCompressSync(other), brotliCompressSync(newer), Buffer.alloc(0)]) {
    await writeFile(join(code.root, FILE), bytes);
    await refusal(ann);
  }
  await writeFile(join(code.root, FILE), whole);
  await logsIn(ann);
});

test('a host without WebAssembly says what to do', async () => {
  const ann = await (await town.phone('ann', { profile: 'no-wasm' })).start();
  assert.match(await refusal(ann), /cannot load WebAssembly.*base library.*mini-js/);
});

test('a load that fails now and then is tried again by itself', async () => {
  const ann = await town.phone('ann');
  await ann.launch({ faults: { 'WXWebAssembly.instantiate': { times: 1, match: 'miniprogram_npm' } } });
  await ann.create();
  await logsIn(ann);
});

test('calls before, while and after a load that fails', async () => {
  const ann = await town.phone('ann');
  await ann.launch({ faults: { 'WXWebAssembly.instantiate': { times: 6, slow: 0, errMsg: 'load wasm faild' } } });
  await ann.create();
  const create = () => ann.call('createTextMessage', { to: 'bob', conversationType: 'C2C', payload: { text: '' } });
  await assert.rejects(ann.ask('list'), { code: 2024 });
  await assert.rejects(create(), { code: 2024 });
  const login = refusal(ann);
  await assert.rejects(ann.ask('list'), { code: 3000 });
  await assert.rejects(create(), { code: 3000 });
  await assert.rejects(ann.login(), { code: 2025 });
  assert.match(await login, /load wasm faild/);
  await assert.rejects(ann.ask('list'), { code: 2024 });
  assert.equal(await ann.call('getTotalUnreadMessageCount'), 0);
  await logsIn(ann);
  assert.deepEqual(ann.program.errors, []);
});

test('destroyed while it loads: the login ends, and another instance works', async () => {
  const ann = await town.phone('ann');
  await ann.launch({ faults: { 'WXWebAssembly.instantiate': { times: 1, slow: 200 } } });
  await ann.create();
  const login = ann.login();
  const ended = assert.rejects(login, { code: 2024 });
  await ann.call('destroy');
  await ended;
  await ann.create();
  await logsIn(ann);
});

test('a module that breaks down answers everybody with 2998, and the next instance has a new one', async () => {
  const ann = await town.phone('ann');
  await ann.launch();
  // There is nothing known that makes it break down, so its exports are wrapped.
  ann.program.run(() => {
    const { instantiate } = WXWebAssembly;
    WXWebAssembly.instantiate = (path, imports) =>
      instantiate.call(WXWebAssembly, path, imports).then(({ instance }) => {
        const exports = {};
        for (const name of Object.keys(instance.exports)) {
          const run = instance.exports[name];
          exports[name] = typeof run !== 'function' ? run : (...values) => {
            if (!global.trap) return run(...values);
            global.trap = false;
            throw new Error('unreachable executed');
          };
        }
        return { instance: { exports } };
      });
  });
  await ann.create();
  await logsIn(ann);
  const waiting = ann.call('getUserProfile', { userIDList: ['somebody'] });
  const told = assert.rejects(waiting, { code: 2998 });
  ann.program.run(() => (global.trap = true));
  const error = await ann.ask('list').then(() => assert.fail('it answered'), (it) => it);
  assert.equal(error.code, 2998);
  assert.match(error.message, /unreachable executed/);
  await told;
  assert.equal(ann.events('ERROR').length, 1);
  await assert.rejects(ann.ask('list'), { code: 2998 });
  await ann.call('destroy');
  await ann.create();
  await logsIn(ann);
});
