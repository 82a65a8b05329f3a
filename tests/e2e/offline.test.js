// Without a server and without a network: what is still there, and what comes right afterwards.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sameOrder } from './setting/person.js';
import { openTown } from './setting/town.js';
import { until } from './setting/until.js';

let town;
before(async () => (town = await openTown()));
after(() => town.end());

const numbered = (word, count) => Array.from({ length: count }, (_, index) => `${word} ${index + 1}`);

test('with the server gone a reload shows list and history from the device, and what is written then goes out later', async () => {
  const [ann, bob] = [await town.personOnCable('ann'), await town.person('bob')];
  await Promise.all([ann.chatWith(bob), bob.chatWith(ann)]);
  const history = numbered('message', 40);
  await Promise.all([ann.sayAll(history.slice(0, 20)), bob.sayAll(history.slice(20))]);
  const settled = (it) => async () => (await it.messages()).map((message) => message.status);
  for (const it of [ann, bob]) await until(settled(it), Array(40).fill('success'));
  const stored = await sameOrder(ann, bob);
  assert.deepEqual([...stored].sort(), [...history].sort());

  await town.server.kill();
  await ann.page.reload();
  await until(() => ann.row(bob).count(), 1);
  await ann.seeHistory();
  const newest = await ann.texts();
  assert.ok(newest.length >= 15, `${newest.length} messages at first`);
  assert.deepEqual(newest, stored.slice(-newest.length));
  await ann.seeBanner();
  await ann.scrollBack();
  assert.deepEqual(await ann.texts(), stored);

  await ann.say('written offline');
  await ann.seeStatus('written offline', 'unSend');
  await town.server.start();
  await ann.seeStatus('written offline', 'success', { patience: 40_000 });
  await Promise.all([ann.seeNoBanner(), bob.seeNoBanner()]);
  await until(() => bob.statusOf('written offline'), ['success']);
  await bob.page.reload();
  await bob.seeHistory();
  await bob.scrollBack();
  assert.deepEqual(await bob.texts(), [...stored, 'written offline']);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('the page itself opens from the device when its host is gone too, and comes back with it', async () => {
  const [ann, bob] = [await town.person('ann'), await town.person('bob')];
  await Promise.all([ann.chatWith(bob), bob.chatWith(ann)]);
  await ann.say('kept');
  await ann.seeStatus('kept', 'success');
  await ann.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));

  await town.server.kill();
  await ann.page.reload();
  await ann.seeHistory();
  await ann.seeTexts(['kept']);
  await ann.seeBanner();
  await ann.say('said without a host');
  await town.server.start();
  await ann.seeStatus('said without a host', 'success', { patience: 40_000 });
  await bob.seeTexts(['kept', 'said without a host']);
  await ann.page.reload();
  await ann.seeTexts(['kept', 'said without a host']);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('a first login without a server says so and works when the server is back', async () => {
  const ann = await town.visitorOnCable('ann');
  await town.server.kill();
  await ann.at('login-user').fill(ann.userID);
  await ann.at('login-submit').click();
  await until(() => ann.at('login-error').innerText(), 'The server cannot be reached. Check your connection, then try again.');
  await town.server.start();
  await ann.at('login-submit').click();
  await ann.seeReady();
  await ann.leave();
});

test('what both wrote while one was offline arrives once and in order', async () => {
  const [ann, bob] = [await town.personOnCable('ann'), await town.person('bob')];
  await Promise.all([ann.chatWith(bob), bob.chatWith(ann)]);
  await ann.say('before');
  await bob.seeTexts(['before']);

  await ann.goOffline();
  const mine = numbered('from ann', 5);
  const theirs = numbered('from bob', 5);
  for (const text of mine) await ann.say(text);
  for (const text of theirs) await bob.say(text);
  await bob.seeTexts(['before', ...theirs]);
  assert.deepEqual(await ann.texts(), ['before', ...mine]);
  assert.deepEqual((await ann.messages()).map((it) => it.status), ['success', ...Array(5).fill('unSend')]);

  await ann.goOnline();
  const all = ['before', ...theirs, ...mine];
  await bob.seeTexts(all);
  await ann.seeTexts(all);
  assert.deepEqual((await ann.messages()).map((it) => it.status), Array(11).fill('success'));
  for (const it of [ann, bob]) {
    await it.page.reload();
    await it.seeTexts(all);
  }
  await Promise.all([ann.leave(), bob.leave()]);
});

test('messages missed while offline are counted once, in every conversation', async () => {
  const [ann, bob, cat] = [await town.personOnCable('ann'), await town.person('bob'), await town.person('cat')];
  await bob.chatWith(ann);
  await cat.chatWith(ann);
  await bob.say('bob before');
  await until(() => ann.badge(bob), '1');

  await ann.goOffline();
  await bob.sayAll(numbered('bob', 20));
  for (const text of numbered('cat', 3)) await cat.say(text);
  await bob.seeStatus('bob 20', 'success');
  await cat.seeStatus('cat 3', 'success');
  await ann.goOnline();
  await until(() => ann.badge(cat), '3');
  await until(() => ann.badge(bob), '21');
  await until(() => ann.totalUnread(), '24');
  await ann.open(bob);
  await ann.scrollBack();
  await ann.seeTexts(['bob before', ...numbered('bob', 20)]);
  await ann.open(cat);
  await ann.seeTexts(numbered('cat', 3));
  await Promise.all([ann, bob, cat].map((it) => it.leave()));
});

test('a link that went silent is noticed, and what was written into it is delivered once', async () => {
  const prepare = (it) => it.page.clock.install();
  const [ann, bob] = [await town.personOnCable('ann', { prepare }), await town.person('bob')];
  await Promise.all([ann.chatWith(bob), bob.chatWith(ann)]);
  await ann.say('before');
  await bob.seeTexts(['before']);
  ann.cable.lose('up');
  await ann.say('into the void');
  await ann.seeStatus('into the void', 'unSend');
  // The heartbeat comes after half a minute and waits ten seconds for its answer.
  await until(
    async () => {
      await ann.page.clock.fastForward(5_000);
      return ann.at('network-banner').count();
    },
    1,
    { what: 'the banner' },
  );
  await ann.goOnline();
  await ann.resendUnlessSent('into the void');
  await bob.seeTexts(['before', 'into the void']);
  await Promise.all([ann.leave(), bob.leave()]);
});
