// Messages that do not go out at once: failed, sent again, interrupted by a reload.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTown } from './setting/town.js';
import { until } from './setting/until.js';

let town;
before(async () => (town = await openTown()));
after(() => town.end());

/** Ann, on a cable, and Bob. */
async function two(prepare) {
  const [ann, bob] = await Promise.all([town.personOnCable('ann', { prepare }), town.person('bob')]);
  await Promise.all([ann.chatWith(bob), bob.chatWith(ann)]);
  await ann.say('first');
  await bob.seeTexts(['first']);
  await ann.seeStatus('first', 'success');
  return [ann, bob];
}

/** The device's and the server's history of both, read anew, hold exactly this. */
async function bothHave(people, texts) {
  for (const it of people) {
    await it.page.reload();
    await it.seeTexts(texts);
    await until(async () => (await it.messages()).map((message) => message.status), texts.map(() => 'success'));
  }
}

test('a message that waits too long for a connection fails, and is delivered once when it is sent again', async () => {
  const [ann, bob] = await two((it) => it.page.clock.install());
  await ann.goOffline();
  await ann.say('too early');
  await ann.seeStatus('too early', 'unSend');
  await until(
    async () => {
      await ann.page.clock.fastForward(5_000);
      return ann.statusOf('too early');
    },
    ['fail'],
  );
  assert.match(await ann.message('too early').innerText(), /Not sent\. There is no connection to the server\./);
  assert.match(await ann.row(bob).innerText(), /too early/);

  // Sent again without a connection it waits again.
  await ann.resend('too early');
  await ann.seeStatus('too early', 'unSend');
  await ann.goOnline();
  await ann.seeStatus('too early', 'success');
  await bob.seeTexts(['first', 'too early']);
  await ann.say('later');
  await bob.seeTexts(['first', 'too early', 'later']);
  await bothHave([ann, bob], ['first', 'too early', 'later']);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('a message that never left shows as failed after a reload, and is delivered once when it is sent again', async () => {
  const [ann, bob] = await two();
  ann.cable.lose('up');
  await ann.say('in flight');
  await ann.seeStatus('in flight', 'unSend');
  ann.cable.cut();
  await ann.page.reload();
  await ann.seeStatus('in flight', 'fail');
  await ann.seeTexts(['first', 'in flight']);
  await ann.goOnline();
  assert.deepEqual(await bob.texts(), ['first']);
  assert.deepEqual(await ann.statusOf('in flight'), ['fail']);
  await ann.resend('in flight');
  await ann.seeStatus('in flight', 'success');
  await bob.seeTexts(['first', 'in flight']);
  await bothHave([ann, bob], ['first', 'in flight']);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('a message that the server has but whose answer was lost in a reload is never there twice', async () => {
  const [ann, bob] = await two();
  ann.cable.lose('down');
  await ann.say('answer lost');
  await bob.seeTexts(['first', 'answer lost']);
  assert.deepEqual(await ann.statusOf('answer lost'), ['unSend']);
  ann.cable.cut();
  await ann.page.reload();
  await ann.seeStatus('answer lost', 'fail');
  await ann.goOnline();
  await ann.resendUnlessSent('answer lost');
  assert.deepEqual(await bob.texts(), ['first', 'answer lost']);
  await bothHave([ann, bob], ['first', 'answer lost']);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('a message whose answer was lost with the link becomes sent by itself, once', async () => {
  const [ann, bob] = await two();
  ann.cable.lose('down');
  await ann.say('answer lost');
  await bob.seeTexts(['first', 'answer lost']);
  await ann.goOnline();
  await ann.seeStatus('answer lost', 'success');
  await bob.say('got it');
  for (const it of [ann, bob]) await it.seeTexts(['first', 'answer lost', 'got it']);
  await bothHave([ann, bob], ['first', 'answer lost', 'got it']);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('many failed messages can be sent again after a reload, each arrives once', async () => {
  const [ann, bob] = await two();
  ann.cable.lose('up');
  const texts = ['one', 'two', 'three', 'four'];
  for (const text of texts) await ann.say(text);
  ann.cable.cut();
  await ann.page.reload();
  await ann.seeTexts(['first', ...texts]);
  await until(async () => (await ann.messages()).map((it) => it.status), ['success', ...texts.map(() => 'fail')]);
  await ann.goOnline();
  for (const text of texts) {
    await ann.resend(text);
    await ann.seeStatus(text, 'success');
  }
  await bob.seeTexts(['first', ...texts]);
  await bothHave([ann, bob], ['first', ...texts]);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('what cannot be sent at all is refused before it is a message', async () => {
  const [ann, bob] = await two();
  await ann.at('composer').fill('x'.repeat(13_000));
  await until(() => ann.at('send').isDisabled(), true);
  assert.match(await ann.page.getByText(/Too long by/).innerText(), /Too long by \d+ bytes/);
  await ann.at('composer').fill('   ');
  assert.equal(await ann.at('send').isDisabled(), true);
  await ann.say('short enough');
  await bob.seeTexts(['first', 'short enough']);
  await Promise.all([ann.leave(), bob.leave()]);
});
