// A browser whose database is missing, newer than this page, or taken away: the chat goes on.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTown } from './setting/town.js';
import { until } from './setting/until.js';

let town;
before(async () => {
  town = await openTown();
  const somebody = await town.visitor('somebody');
  await somebody.signIn('somebody-else');
  await somebody.leave();
});
after(() => town.end());

/** The name of somebody's database. */
async function databaseOf(person) {
  const { SDKAppID } = await person.page.evaluate(async () => (await fetch('/dev/config')).json());
  return `tim-${SDKAppID}-${person.userID}`;
}

/** The same, found in the browser: for a moment when the server cannot be asked. */
const databaseName = (person, tab) =>
  tab.page.evaluate(async (userID) => (await indexedDB.databases()).find(({ name }) => name.endsWith(`-${userID}`)).name, person.userID);

/** Opens a database as a newer build of the page would; resolves when it is closed again. */
const upgrade = (page, name) =>
  page.evaluate(
    (it) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open(it, 99);
        request.onsuccess = () => resolve(request.result.close());
        request.onerror = () => reject(request.error);
      }),
    name,
  );

const remove = (page, name) =>
  page.evaluate(
    (it) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase(it);
        request.onsuccess = () => resolve();
        request.onerror = () => reject(request.error);
      }),
    name,
  );

/** Both write, both see it, the history is complete: whatever became of Ann's database. */
async function chatGoesOn(ann, bob, sofar) {
  const texts = Array.from({ length: 20 }, (_, index) => `still here ${index + 1}`);
  await ann.sayAll(texts);
  await bob.seeStatus(texts.at(-1), 'success');
  await bob.say('I see');
  const all = [...sofar, ...texts, 'I see'];
  for (const it of [ann, bob]) await it.seeTexts(all);
  await until(async () => (await ann.messages()).every((it) => it.status === 'success'), true);
  return all;
}

/** What a reload brings is what the server has: everything, once. */
async function reloadBrings(ann, all) {
  await ann.page.reload();
  await ann.seeHistory();
  await ann.scrollBack();
  await ann.seeTexts(all);
}

test('without IndexedDB everything works from memory, and that is said once', async () => {
  const prepare = (it) => it.page.addInitScript(() => Object.defineProperty(window, 'indexedDB', { value: undefined }));
  const [ann, bob] = [await town.personOnCable('ann', { prepare }), await town.person('bob')];
  await until(() => ann.at('notice').count(), 1);
  assert.match(await ann.at('notice').innerText(), /database/);
  await Promise.all([ann.chatWith(bob), bob.chatWith(ann)]);
  let all = await chatGoesOn(ann, bob, []);

  await ann.goOffline();
  await ann.say('from memory alone');
  await ann.seeStatus('from memory alone', 'unSend');
  await ann.goOnline();
  all = [...all, 'from memory alone'];
  for (const it of [ann, bob]) await it.seeTexts(all);
  assert.equal(ann.databaseTroubles(), 1);
  await reloadBrings(ann, all);
  assert.equal(ann.databaseTroubles(), 2);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('a database of a newer version is left alone, and the chat works beside it', async () => {
  const [ann, bob] = [await town.visitor('ann'), await town.person('bob')];
  const name = await databaseOf(ann);
  await upgrade(ann.page, name);
  await ann.signIn();
  await Promise.all([ann.chatWith(bob), bob.chatWith(ann)]);
  const all = await chatGoesOn(ann, bob, []);
  assert.equal(ann.databaseTroubles(), 1);
  const version = await ann.page.evaluate(async (it) => (await indexedDB.databases()).find(({ name }) => name === it)?.version, name);
  assert.equal(version, 99);
  await reloadBrings(ann, all);
  await Promise.all([ann.leave(), bob.leave()]);
});

for (const [what, harm] of Object.entries({ deletes: remove, upgrades: upgrade })) {
  test(`a tab that ${what} the database takes nothing from the one that is chatting`, async () => {
    const [ann, bob] = [await town.personOnCable('ann'), await town.person('bob')];
    await Promise.all([ann.chatWith(bob), bob.chatWith(ann)]);
    const before = Array.from({ length: 30 }, (_, index) => `before ${index + 1}`);
    await bob.sayAll(before);
    await ann.seeTexts(before);

    // While a message is on its way, and can only be in this browser.
    await ann.goOffline();
    await ann.say('on its way');
    await ann.seeStatus('on its way', 'unSend');
    const tab = await ann.newTab();
    await ann.page.context().setOffline(false);
    await tab.visit();
    await harm(tab.page, await databaseName(ann, tab));
    await tab.page.close();
    await ann.say('on its way, too');
    await ann.goOnline();
    let all = [...before, 'on its way', 'on its way, too'];
    for (const it of [ann, bob]) await it.seeTexts(all);
    all = await chatGoesOn(ann, bob, all);
    assert.equal(ann.databaseTroubles(), 1);

    // Another conversation and back: nothing on the screen that is not kept somewhere.
    await ann.chatWith({ userID: 'somebody-else' });
    await ann.open(bob);
    await ann.scrollBack();
    await ann.seeTexts(all);
    await reloadBrings(ann, all);
    await Promise.all([ann.leave(), bob.leave()]);
  });
}
