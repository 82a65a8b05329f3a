// The server is killed in the middle of a conversation and started again.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sameOrder } from './setting/person.js';
import { openTown } from './setting/town.js';
import { until } from './setting/until.js';

const EACH = 100;

let town;
before(async () => (town = await openTown()));
after(() => town.end());

/** Ann's and Bob's history, read from the server by a browser that knows nothing yet. */
async function historyOf(userID, peer) {
  const fresh = await town.visitor('fresh');
  await fresh.signIn(userID);
  await fresh.open(peer);
  await fresh.scrollBack();
  const messages = await fresh.messages();
  await fresh.leave();
  return messages;
}

test('a server killed twice under traffic loses nothing it acknowledged, doubles nothing, mixes nothing up', async () => {
  const [ann, bob] = await Promise.all([town.person('ann'), town.person('bob')]);
  await Promise.all([ann.chatWith(bob), bob.chatWith(ann)]);
  const write = async (it) => {
    for (let count = 1; count <= EACH; count++) await it.say(`${it.userID} ${count}`);
  };
  const writing = Promise.all([write(ann), write(bob)]);
  const wrote = async (count) => (await ann.messages()).filter((it) => it.flow === 'out').length >= count;

  await until(() => wrote(25), true);
  await town.server.kill();
  await until(() => wrote(45), true);
  await town.server.start();
  await until(() => wrote(70), true);
  await town.server.kill();
  await town.server.start();
  await writing;

  // The pages find back by themselves, and every message gets through.
  for (const it of [ann, bob]) {
    await it.seeNoBanner();
    await until(async () => (await it.messages()).filter((message) => message.status !== 'success').length, 0, { patience: 40_000 });
    await until(async () => (await it.messages()).length, 2 * EACH, { what: `messages at ${it.userID}` });
  }
  const everything = [ann, bob].flatMap((it) => Array.from({ length: EACH }, (_, index) => `${it.userID} ${index + 1}`));
  for (const it of [ann, bob]) assert.deepEqual([...(await it.texts())].sort(), [...everything].sort());

  const onScreen = await sameOrder(ann, bob);
  const stored = (await historyOf(bob.userID, ann)).map((it) => it.text);
  assert.deepEqual([...stored].sort(), [...everything].sort());
  for (const it of [ann, bob]) {
    const own = (text) => text.startsWith(`${it.userID} `);
    assert.deepEqual(stored.filter(own), everything.filter(own), `${it.userID}’s own messages keep their order`);
  }
  assert.deepEqual((await historyOf(ann.userID, bob)).map((it) => it.text), stored);
  // Both pages were thrown out by these logins; what they had shown until then is the same.
  assert.deepEqual(onScreen, stored);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('both pages stay as they are through a crash and show the same order afterwards, without a reload', async () => {
  const [ann, bob] = await Promise.all([town.person('ann'), town.person('bob')]);
  await Promise.all([ann.chatWith(bob), bob.chatWith(ann)]);
  await ann.say('before');
  await bob.seeTexts(['before']);
  await town.server.kill();
  await Promise.all([ann.seeBanner(), bob.seeBanner()]);
  for (let count = 1; count <= 20; count++) {
    await ann.say(`ann ${count}`);
    await bob.say(`bob ${count}`);
  }
  await town.server.start();
  for (const it of [ann, bob]) {
    await it.seeNoBanner();
    await until(async () => (await it.messages()).filter((message) => message.status === 'success').length, 41, { patience: 40_000 });
  }
  const order = await sameOrder(ann, bob);
  await ann.page.reload();
  await ann.seeHistory();
  await ann.scrollBack();
  await ann.seeTexts(order);
  await Promise.all([ann.leave(), bob.leave()]);
});
