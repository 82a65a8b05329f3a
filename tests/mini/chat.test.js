// The package in a mini-program, on every kind of phone: log in, write, receive, read back, log out.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch } from '../browser.js';
import { serve } from '../package/setting/files.js';
import { enter } from '../package/setting/people.js';
import { APP } from '../package/setting/server.js';
import { SCRIPT } from './setting/phone.js';
import { openTown } from './setting/town.js';
import { until } from './setting/until.js';

let town;
before(async () => (town = await openTown()));
afterEach(() => town.tidy());
after(() => town?.end());

const WORDS = ['hello', '你好 é \u{1F600}', 'NUL \u0000 and \uD800 alone', 'x'.repeat(4000)];

/** What everybody sees of a lone surrogate. */
const seen = (text) => text.replace('\uD800', '\uFFFD');

/** One conversation from the beginning to the end. */
async function conversation(ann, bob) {
  await Promise.all([ann.enter(), bob.enter()]);
  for (const words of WORDS) {
    const sent = await ann.send(bob.userID, words);
    assert.equal(sent.status, 'success');
    await bob.received(seen(words));
  }
  const answer = await bob.send(ann.userID, 'answer');
  await ann.received('answer');
  const all = [...WORDS.map(seen), 'answer'];
  assert.deepEqual(await bob.history(`C2C${ann.userID}`), all);
  assert.deepEqual((await ann.history(`C2C${bob.userID}`)).map(seen), all);
  const { data } = await ann.ask('list');
  assert.equal(data.conversationList[0].lastMessage.payload.text, 'answer');
  assert.match(answer.ID, /^\d+-\d+-\d+$/);

  await assert.rejects(bob.ask('page', 5), { code: 6017 });
  await bob.program.run(() => getCurrentPages()[0].tim.logout());
  await until(() => !bob.data.ready, 'SDK_NOT_READY');
  await assert.rejects(bob.ask('list'), { code: 2024 });
  for (const it of [ann, bob]) assert.deepEqual(it.program.errors, []);
}

for (const profile of ['android', 'ios', 'instance', 'timer-promise', 'old']) {
  test(`a conversation on ${profile}`, async () => {
    await conversation(await town.phone('ann', { profile }), await town.phone('bob', { profile }));
  });
}

test('a conversation where nothing can load WebAssembly, with the module as JavaScript', async () => {
  const settings = { profile: 'no-wasm', entry: SCRIPT };
  await conversation(await town.phone('ann', settings), await town.phone('bob', settings));
});

test('a conversation on an engine that is old in every way, with the module as JavaScript', async () => {
  const settings = { profile: 'old', entry: SCRIPT };
  await conversation(await town.phone('ann', settings), await town.phone('bob', settings));
});

test('with what looks like a window, as frameworks make one', async () => {
  await conversation(await town.phone('ann', { fakeWindow: true }), await town.phone('bob', { fakeWindow: true }));
});

for (const settings of [{ profile: 'ios' }, { profile: 'no-wasm', entry: SCRIPT }]) {
  test(`memory that had to grow is still found, on ${settings.profile}`, async () => {
    const [ann, bob] = [await town.phone('ann', settings), await town.phone('bob')];
    await Promise.all([ann.enter(), bob.enter()]);
    // More than was reserved. The module as JavaScript has another buffer afterwards and leaves the old one.
    for (const megabytes of [8, 24]) {
      await assert.rejects(ann.ask('page', 'C2C'.padEnd(megabytes << 20, 'é')), { code: 6017 });
      await ann.send(bob.userID, `after ${megabytes}`);
      await bob.received(`after ${megabytes}`);
    }
    assert.deepEqual(await ann.history(`C2C${bob.userID}`), ['after 8', 'after 24']);
    assert.deepEqual(ann.program.errors, []);
  });
}

test('both names of the package are the same module', async () => {
  const ann = await (await town.phone('ann', { entry: 'tim-wasm' })).start();
  assert.equal(ann.program.run(() => require('tim-wasm') === require('tim-wasm/mini')), true);
  assert.deepEqual(ann.program.run(() => Object.keys(require('tim-wasm')).sort()), ['EVENT', 'TYPES', 'VERSION', 'create']);
});

test('create is synchronous, gives one instance per app, and nothing appears on global objects', async () => {
  const ann = await town.phone('ann');
  await ann.start();
  assert.equal(
    ann.program.run(
      (it) => {
        const TIM = require('tim-wasm');
        const tim = TIM.create({ SDKAppID: it });
        return tim === TIM.create({ SDKAppID: String(it) }) && tim === getCurrentPages()[0].tim && TIM.create({}) === null;
      },
      APP,
    ),
    true,
  );
  const names = ann.program.run(() => Object.keys(global).concat(Object.keys(wx).filter((it) => /tim/i.test(it) && !/time/i.test(it))));
  assert.deepEqual(names, []);
});

test('with a domain list, as a published program has one', async () => {
  const address = town.server.url.replace('ws://', '').split('/')[0];
  const settings = { urlCheck: true, socketDomains: ['wss://chat.example.org'], names: { 'chat.example.org': address } };
  const [ann, bob] = [await town.phone('ann', settings), await town.phone('bob')];
  await ann.enter({}, { proxyServer: 'https://chat.example.org' });
  await bob.enter();
  await ann.send(bob.userID, 'by name');
  await bob.received('by name');
  const eve = await (await town.phone('eve', { ...settings, socketDomains: [] })).start({}, { proxyServer: 'wss://chat.example.org' });
  await assert.rejects(eve.login(), { code: 2801 });
});

test('with somebody in a browser', async () => {
  const [browser, site] = await Promise.all([
    launch(),
    serve({ '/dist/': `${town.unpacked.home}/dist/` }, (path) =>
      path === '/' ? { type: 'text/html', body: '<!doctype html><link rel="icon" href="data:,"><script type="module">import TIM from "/dist/index.js"; window.TIM = TIM;</script>' } : undefined,
    ),
  ]);
  try {
    const page = await enter(browser, `${site.origin}/`, town.server, { name: 'web', SDKAppID: APP });
    const ann = await (await town.phone('ann')).enter();
    await page.evaluate(() => void (window.arrived = window.next(window.tim, 'onMessageReceived')));
    await ann.send(page.userID, 'from a phone');
    assert.equal(await page.evaluate(() => window.arrived.then(([it]) => it.payload.text)), 'from a phone');
    await page.evaluate((to) => window.tim.sendMessage(window.text(window.tim, to, 'from a page')), ann.userID);
    await ann.received('from a page');
    assert.deepEqual(await ann.history(`C2C${page.userID}`), ['from a phone', 'from a page']);
    assert.deepEqual(page.problems, []);
    assert.deepEqual(ann.program.errors, []);
  } finally {
    await Promise.all([browser.close(), site.end()]);
  }
});
