// The package in plain pages, and the ways its binary may or may not arrive.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from '../browser.js';
import { chat } from './setting/chat.js';
import { serve } from './setting/files.js';
import { openPage } from './setting/people.js';
import { workbench } from './setting/projects.js';
import { startServer } from './setting/server.js';
import { together } from './setting/together.js';

const MODULE = '<!doctype html><script type="module">import TIM from "/dist/index.js"; window.TIM = TIM;</script>';
const SCRIPT = '<!doctype html><script src="/dist/tim-wasm.global.js"></script>';

let bench, dist, browser, server;
before(async () => {
  [bench, browser, server] = await together(workbench(), launch(), startServer());
  dist = join(await bench.project('pages', {}), 'node_modules/tim-wasm/dist/');
});
after(async () => {
  await Promise.all([browser?.close(), server?.end()]);
  await bench?.end();
});

/** Serves the package with a page in front of it. */
const files = (html, answer = () => undefined) =>
  serve({ '/dist/': dist }, (path) => (path === '/' ? { type: 'text/html', body: html } : answer(path)));

async function chatIn(html, answer) {
  const site = await files(html, answer);
  const talk = await chat(browser, `${site.origin}/`, server);
  await talk.end();
  await site.end();
  return site.asked;
}

test('a script tag sets the global TIM and needs no other file', async () => {
  const asked = await chatIn(SCRIPT);
  assert.deepEqual([...new Set(asked.filter((it) => it.startsWith('/dist/')))], ['/dist/tim-wasm.global.js']);
});

test('a module tag loads the binary beside it and nothing else', async () => {
  const asked = await chatIn(MODULE);
  assert.deepEqual([...new Set(asked.filter((it) => it.startsWith('/dist/')))].sort(), ['/dist/index.js', '/dist/tim_wasm_bg.wasm']);
});

const binary = (answer) => (path) => (path.endsWith('.wasm') ? answer : undefined);

for (const [what, answer] of [
  ['is missing', { status: 404 }],
  ['is answered with a page', { type: 'text/html', body: '<!doctype html><title>not found</title>' }],
  ['is answered with a page that claims to be it', { type: 'application/wasm', body: '<!doctype html>' }],
  ['is cut off', { type: 'application/wasm', body: Buffer.from([0, 97, 115, 109, 1, 0, 0, 0, 1]) }],
]) {
  test(`a binary that ${what} is replaced by the text form`, async () => {
    const asked = await chatIn(MODULE, binary(answer));
    assert.ok(asked.includes('/dist/inline.js'));
  });
}

test('a binary of a type that the web server does not know is good enough', async () => {
  const asked = await chatIn(MODULE, (path) => (path.endsWith('.wasm') ? { type: 'application/octet-stream' } : undefined));
  assert.ok(!asked.includes('/dist/inline.js'));
});

test('without either the login fails with 2998, and works once they are there', async () => {
  let broken = true;
  const site = await files(MODULE, (path) => (broken && /wasm$|inline/.test(path) ? { status: 503 } : undefined));
  const page = await openPage(browser, `${site.origin}/`);
  const login = { SDKAppID: 1400000101, userID: 'patient', userSig: server.userSig('patient'), proxyServer: server.url };
  const first = await page.evaluate(({ userID, userSig, ...options }) => {
    window.tim = window.TIM.create(options);
    return window.rejection(window.tim.login({ userID, userSig }));
  }, login);
  assert.deepEqual(first, { code: 2998, isError: true, name: 'Error', keys: ['code', 'data', 'message'] });
  broken = false;
  await page.evaluate((it) => window.enter(it).then(() => undefined), login);
  await page.end();
  await site.end();
});

test('all copies in one page share TIM, instances and constants', async () => {
  const both = `${SCRIPT}<script>window.script = window.TIM;</script>${MODULE.replace('<!doctype html>', '')}`;
  const site = await files(both);
  const page = await openPage(browser, `${site.origin}/`);
  await page.waitForFunction(() => performance.getEntriesByName(`${location.origin}/dist/index.js`).length > 0);
  const shared = await page.evaluate(async () => {
    const { default: module } = await import('/dist/index.js');
    const tim = window.script.create({ SDKAppID: 5 });
    return [module === window.script, module.TYPES === window.script.TYPES, module.create({ SDKAppID: '5' }) === tim];
  });
  assert.deepEqual(shared, [true, true, true]);
  await page.end();
  await site.end();
});

test('importing does nothing: no request, no socket, no storage', async () => {
  const site = await files(MODULE);
  const page = await openPage(browser, `${site.origin}/`);
  await page.evaluate(() => window.wait(300));
  assert.ok(!site.asked.some((it) => it.endsWith('.wasm')));
  assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).length), 0);
  await page.evaluate(() => void window.TIM.create({ SDKAppID: 1 }));
  await page.waitForFunction(() => performance.getEntriesByType('resource').some((it) => it.name.endsWith('.wasm')));
  await page.end();
  await site.end();
});
