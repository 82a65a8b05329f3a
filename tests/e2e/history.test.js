// A long conversation: scrolling back, days, the beginning, and where the page stands meanwhile.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTown } from './setting/town.js';
import { until } from './setting/until.js';

const LONG = Array.from({ length: 200 }, (_, index) => `line ${index + 1}`);
const DAY_MS = 86_400_000;

/** Where it is noon now, so that no midnight comes into the middle of a test. */
function noonZone() {
  const east = 12 - new Date().getUTCHours();
  return `Etc/GMT${east > 0 ? '-' : '+'}${Math.abs(east)}`;
}

let town, ann, bob;
before(async () => {
  town = await openTown();
  [ann, bob] = [await town.personOnCable('ann', { timezoneId: noonZone(), prepare: (it) => it.page.clock.install() }), await town.person('bob')];
  await ann.chatWith(bob);
  await ann.sayAll(LONG);
  await until(async () => (await ann.messages()).filter((it) => it.status === 'success').length, LONG.length);
});
after(() => town.end());

const days = (it) => it.page.locator('li.day').allInnerTexts();

/** Bob in a browser that has nothing of the conversation yet. */
async function freshBob(options) {
  const fresh = await town.visitor('fresh', { timezoneId: noonZone(), ...options });
  await fresh.signIn(bob.userID);
  await fresh.open(ann);
  return fresh;
}

test('scrolling back brings every message once, in order, to the beginning', async () => {
  const fresh = await freshBob();
  const newest = await fresh.texts();
  assert.ok(newest.length >= 15 && newest.length < LONG.length, `${newest.length} messages at first`);
  assert.deepEqual(newest, LONG.slice(-newest.length));
  assert.equal(await fresh.at('history-start').count(), 0);
  // At every moment what is shown is the end of the conversation without a gap.
  await until(
    async () => {
      await fresh.at('messages').evaluate((it) => it.scrollTo({ top: 0 }));
      const shown = await fresh.texts();
      assert.deepEqual(shown, LONG.slice(-shown.length));
      return shown.length;
    },
    LONG.length,
    { patience: 30_000 },
  );
  await until(() => fresh.at('history-start').innerText(), 'This is the beginning of the conversation.');
  const ids = (await fresh.messages()).map((it) => it.id);
  assert.equal(new Set(ids).size, LONG.length);
  assert.deepEqual(await days(fresh), ['Today']);

  // Read again, now from the device.
  await fresh.page.reload();
  await fresh.seeHistory();
  await fresh.scrollBack();
  assert.deepEqual((await fresh.messages()).map((it) => it.id), ids);
  await fresh.leave();
});

test('the text that is being read stays where it is while older messages and new ones come', async () => {
  const fresh = await freshBob();
  const viewport = fresh.at('messages');
  await until(() => viewport.evaluate((it) => it.scrollHeight - it.scrollTop - it.clientHeight < 2), true, { what: 'the newest message is in view' });
  const offsetOf = (text) => fresh.message(text).evaluate((it) => Math.round(it.getBoundingClientRect().top));
  // Up to the beginning of what is there, and in the same moment a look at where a message stands.
  const { count, reading, place } = await viewport.evaluate((it) => {
    it.scrollTo({ top: 0 });
    const all = [...it.querySelectorAll('[data-testid=message]')];
    const text = all[4].querySelector('.text').textContent;
    return { count: all.length, reading: text, place: Math.round(all[4].getBoundingClientRect().top) };
  });
  await until(async () => (await fresh.messages()).length > count, true);
  await until(async () => Math.abs((await offsetOf(reading)) - place) < 2, true, { what: `“${reading}” stays at ${place}` });

  await ann.say('while you read');
  await until(() => fresh.at('to-newest').innerText(), '1 new message');
  assert.ok(Math.abs((await offsetOf(reading)) - place) < 2, `“${reading}” stays at ${place}`);
  await fresh.at('to-newest').click();
  await until(() => viewport.evaluate((it) => it.scrollHeight - it.scrollTop - it.clientHeight < 2), true);
  assert.equal((await fresh.texts()).at(-1), 'while you read');
  await until(() => fresh.at('to-newest').count(), 0);
  await fresh.leave();
});

test('the next day the messages are from yesterday, and what is written then stands below its own day', async () => {
  // Without a connection: the server's clock would tell the page that it is still today.
  await ann.goOffline();
  await ann.page.clock.fastForward(DAY_MS);
  await until(() => days(ann), ['Yesterday']);
  await ann.say('good morning');
  await until(() => days(ann), ['Yesterday', 'Today']);
  const below = await ann.page.locator('li.day').last().evaluate((it) => it.nextElementSibling?.querySelector('.text')?.textContent);
  assert.equal(below, 'good morning');
  await ann.goOnline();
});
