// One user in several places, several users in one browser.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTown } from './setting/town.js';
import { until } from './setting/until.js';

let town;
before(async () => (town = await openTown()));
after(() => town.end());

test('a second tab asks before it takes the login over, the first is thrown out and can take it back', async () => {
  const [first, bob] = await Promise.all([town.person('ann'), town.person('bob')]);
  await bob.chatWith(first);
  await bob.say('to whoever it is');
  await until(() => first.badge(bob), '1');

  const second = await first.newTab();
  await second.visit();
  await until(() => second.at('login-user').inputValue(), first.userID);
  assert.match(await second.at('login-hint').innerText(), /another tab/);
  assert.equal(await first.at('kicked').count(), 0);
  await second.at('login-submit').click();
  await second.seeReady();
  await until(() => first.at('kicked').getAttribute('data-reason'), 'multipleAccount');
  assert.equal(await first.at('conversation-row').count(), 0);
  await second.open(bob);
  await second.seeTexts(['to whoever it is']);

  // Being thrown out outlives a reload: otherwise two tabs would throw each other out for ever.
  await first.page.reload();
  await first.at('kicked').waitFor();
  await bob.say('still there?');
  await second.seeTexts(['to whoever it is', 'still there?']);

  await first.at('login-again').click();
  await first.seeReady();
  await until(() => second.at('kicked').getAttribute('data-reason'), 'multipleAccount');
  await first.open(bob);
  await first.seeTexts(['to whoever it is', 'still there?']);
  await first.say('back in the first tab');
  await bob.seeTexts(['to whoever it is', 'still there?', 'back in the first tab']);
  await Promise.all([first.leave(), bob.leave()]);
});

test('whoever was thrown out does not connect again by itself', async () => {
  const sockets = [];
  const first = await town.person('ann', {
    async prepare(it) {
      it.page.on('websocket', (socket) => sockets.push(socket.url()));
      await it.page.clock.install();
    },
  });
  assert.equal(sockets.length, 1);
  const elsewhere = await town.visitor('ann');
  await elsewhere.signIn(first.userID);
  await first.at('kicked').waitFor();
  for (let minute = 0; minute < 10; minute++) await first.page.clock.fastForward(60_000);
  await first.page.evaluate(() => dispatchEvent(new Event('online')));
  const bob = await town.person('bob');
  await bob.chatWith(first);
  await bob.say('who is there?');
  await until(() => elsewhere.badge(bob), '1');
  assert.equal(sockets.length, 1);
  assert.equal(await first.at('kicked').count(), 1);
  await Promise.all([first, elsewhere, bob].map((it) => it.leave()));
});

test('whoever was offline when thrown out learns of it on return', async () => {
  const first = await town.personOnCable('ann');
  first.cable.cut();
  await first.seeBanner();
  const elsewhere = await town.visitor('ann');
  await elsewhere.signIn(first.userID);
  first.cable.mend();
  await until(() => first.at('kicked').count(), 1, { patience: 40_000 });
  assert.equal(await elsewhere.at('kicked').count(), 0);
  await Promise.all([first, elsewhere].map((it) => it.leave()));
});

test('nothing of one user shows for the next one in the same browser, and it is there again afterwards', async () => {
  const [ann, bob] = await Promise.all([town.person('ann'), town.person('bob')]);
  await ann.chatWith(bob);
  await ann.say('a secret of ann');
  await ann.seeStatus('a secret of ann', 'success');
  await ann.at('composer').fill('an unsent secret');

  await ann.at('logout').click();
  await ann.at('login-user').waitFor();
  const next = 'next-in-line';
  await ann.signIn(next);
  await ann.page.getByText('No conversations yet').waitFor();
  assert.doesNotMatch(await ann.page.locator('body').innerText(), /secret|bob/);
  await ann.chatWith(bob);
  await ann.seeTexts([]);
  assert.equal(await ann.at('composer').inputValue(), '');
  await ann.say('from the next one');
  await until(() => bob.badge(next), '1');
  assert.equal(await bob.badge(ann), '1');
  await ann.page.reload();
  await ann.seeTexts(['from the next one']);

  await ann.at('logout').click();
  await ann.at('login-user').waitFor();
  await ann.signIn();
  assert.doesNotMatch(await ann.page.locator('body').innerText(), /next one/);
  await ann.open(bob);
  await ann.seeTexts(['a secret of ann']);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('two users in two tabs of one browser do not disturb each other', async () => {
  const ann = await town.person('ann');
  const cat = await ann.newTab();
  cat.userID = 'cat-beside';
  await cat.visit();
  await cat.signIn();
  await cat.chatWith(ann);
  await cat.say('we share a browser');
  await until(() => ann.badge(cat), '1');
  await ann.open(cat);
  await ann.say('and a disk');
  await cat.seeTexts(['we share a browser', 'and a disk']);
  for (const it of [ann, cat]) {
    await it.page.reload();
    await it.seeTexts(['we share a browser', 'and a disk']);
    assert.equal(await it.at('kicked').count(), 0);
  }
  assert.deepEqual((await ann.messages()).map((it) => it.flow), ['in', 'out']);
  assert.deepEqual((await cat.messages()).map((it) => it.flow), ['out', 'in']);
  await ann.leave();
});
