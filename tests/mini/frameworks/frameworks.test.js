// The package in applications of Taro and uni-app: built by their tools, compiled by WeChat's, and on
// a phone in conversation with somebody.
//
// The tools are large (packages.js installs them once, a gigabyte), so this is not among the quick tests.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { APP } from '../../package/setting/server.js';
import { startProgram } from '../runtime/index.js';
import { openTown } from '../setting/town.js';
import { until } from '../setting/until.js';
import { compile } from '../wechat/build.js';
import { buildFixture, fixtures } from './build.js';

const PAGE = 'pages/index/index';
const WASM = 'static/tim-wasm/tim_wasm.wasm.br';

let town, folder;
before(async () => {
  [town, folder] = [await openTown(), await mkdtemp(join(tmpdir(), 'tim-wasm-frameworks-'))];
});
afterEach(() => town.tidy());
after(async () => {
  await town?.end();
  if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** The text of all scripts in a code package. */
async function scripts(root) {
  const files = (await readdir(root, { recursive: true })).filter((it) => it.endsWith('.js'));
  return (await Promise.all(files.map((it) => readFile(join(root, it), 'utf8')))).join('\n');
}

/** The program in `root` writes to Bob and Bob answers; what the program noted. */
async function conversation(root, profile) {
  const bob = await (await town.phone('bob')).enter();
  const userID = `${bob.userID}-writes`;
  const home = await mkdtemp(join(folder, 'phone-'));
  const program = await startProgram({ root, home, profile, open: '' });
  const noted = () => program.run(() => wx.getStorageSync('outcome'));
  try {
    program.run((parameters) => wx.setStorageSync('town', parameters), {
      SDKAppID: APP,
      proxyServer: town.server.url,
      userID,
      userSig: town.server.userSig(userID),
      to: bob.userID,
      text: 'hello 你好',
    });
    program.page(PAGE);
    await until(() => noted().sent || noted().error, 'the message to be sent');
    assert.equal(noted().error, undefined);
    await bob.received('hello 你好');
    await bob.send(userID, 'answer');
    await until(() => noted().received.length > 0, 'the answer');
    assert.deepEqual(program.errors, []);
    return { bob: bob.userID, ...noted() };
  } finally {
    await program.end();
  }
}

async function converses(root, profile) {
  const { bob, ready, sent, received } = await conversation(root, profile);
  assert.equal(ready, true);
  assert.equal(sent.status, 'success');
  assert.deepEqual(received.map(({ from, text }) => [from, text]), [[bob, 'answer']]);
}

for (const name of fixtures) {
  test(`${name}: the program has the SDK of tim-wasm/mini and its wasm, before and after WeChat's compiler`, async () => {
    const built = await buildFixture(name, town.unpacked.tarball, folder);
    const wasm = await readFile(join(town.unpacked.mini, 'tim_wasm.wasm.br'));
    assert.deepEqual(await readFile(join(built, WASM)), wasm);
    const text = await scripts(built);
    assert.match(text, /WXWebAssembly/);
    assert.doesNotMatch(text, /indexedDB/, 'this is the build for pages');
    await converses(built, 'android');

    const compiled = join(folder, `${name}-compiled`);
    assert.ok((await compile(built, compiled)).includes(WASM));
    assert.deepEqual(await readFile(join(compiled, WASM)), wasm);
    await converses(compiled, 'ios');
  });
}
