// Two people write to each other: what both see of it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTown } from './setting/town.js';
import { until } from './setting/until.js';

let town;
before(async () => (town = await openTown()));
after(() => town.end());

/** Two people who have the conversation with each other open. */
async function twoInConversation() {
  const [ann, bob] = await Promise.all([town.person('ann'), town.person('bob')]);
  await Promise.all([ann.chatWith(bob), bob.chatWith(ann)]);
  return [ann, bob];
}

test('messages go both ways and stand in the same order on both sides', async () => {
  const [ann, bob] = await twoInConversation();
  await ann.say('hello');
  await bob.seeTexts(['hello']);
  await bob.say('hello yourself');
  await ann.seeTexts(['hello', 'hello yourself']);
  await ann.say('<b>bold</b> & 你好 👋');
  await ann.say('one more');
  const all = ['hello', 'hello yourself', '<b>bold</b> & 你好 👋', 'one more'];
  for (const it of [ann, bob]) await it.seeTexts(all);
  await until(async () => (await ann.messages()).map((it) => it.status), Array(4).fill('success'));
  assert.deepEqual((await ann.messages()).map((it) => it.flow), ['out', 'in', 'out', 'out']);
  assert.deepEqual((await bob.messages()).map((it) => it.flow), ['in', 'out', 'in', 'in']);
  const ids = async (it) => (await it.messages()).map((message) => message.id);
  assert.deepEqual(await ids(ann), await ids(bob));
  for (const it of [ann, bob]) assert.deepEqual(it.complaints, []);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('unread messages are counted until their conversation is opened, and the sender sees that they were read', async () => {
  const [ann, bob, cat] = await Promise.all([town.person('ann'), town.person('bob'), town.person('cat')]);
  await ann.chatWith(bob);
  await cat.chatWith(bob);
  for (const text of ['one', 'two', 'three']) await ann.say(text);
  await cat.say('four');
  await until(() => bob.badge(ann), '3');
  await until(() => bob.badge(cat), '1');
  await until(() => bob.totalUnread(), '4');
  await until(() => bob.page.title(), `(4) Chats – ${bob.userID}`);
  await ann.seeStatus('three', 'success');
  assert.deepEqual((await ann.messages()).map((it) => it.read), [false, false, false]);

  await bob.open(ann);
  await bob.seeTexts(['one', 'two', 'three']);
  await until(() => bob.badge(ann), '');
  await until(() => bob.totalUnread(), '1');
  await until(async () => (await ann.messages()).map((it) => it.read), [true, true, true]);
  assert.deepEqual((await cat.messages()).map((it) => it.read), [false]);

  await bob.open(cat);
  await until(() => bob.totalUnread(), '');
  await until(async () => (await cat.messages()).map((it) => it.read), [true]);

  // What comes into the open conversation is read at once.
  await cat.say('five');
  await bob.seeTexts(['four', 'five']);
  await until(async () => (await cat.messages()).map((it) => it.read), [true, true]);
  assert.equal(await bob.totalUnread(), '');
  await Promise.all([ann, bob, cat].map((it) => it.leave()));
});

test('the list has the newest conversation on top, with its newest message', async () => {
  const [ann, bob, cat] = await Promise.all([town.person('ann'), town.person('bob'), town.person('cat')]);
  const rows = () => ann.page.getByTestId('conversation-row').evaluateAll((all) => all.map((it) => it.dataset.conversationId));
  await bob.chatWith(ann);
  await bob.say('from bob');
  await until(rows, [`C2C${bob.userID}`]);
  await cat.chatWith(ann);
  // Rows are ordered by whole seconds.
  await until(async () => {
    await cat.say('from cat');
    return rows();
  }, [`C2C${cat.userID}`, `C2C${bob.userID}`]);
  await until(async () => {
    await bob.say('bob again');
    return rows();
  }, [`C2C${bob.userID}`, `C2C${cat.userID}`]);
  await until(() => ann.row(bob).locator('.text').innerText(), 'bob again');
  await Promise.all([ann, bob, cat].map((it) => it.leave()));
});

test('somebody sees that the other one is typing, until the message comes', async () => {
  const [ann, bob] = await twoInConversation();
  await ann.at('composer').pressSequentially('I thi');
  await bob.at('typing').waitFor();
  await ann.say('I think so');
  await bob.seeTexts(['I think so']);
  await bob.at('typing').waitFor({ state: 'detached' });
  // A signal is no message: it is not in the history.
  await bob.page.reload();
  await bob.seeTexts(['I think so']);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('a new name is seen by the other one with the next message', async () => {
  const [ann, bob] = await twoInConversation();
  await ann.say('before');
  await bob.seeTexts(['before']);
  await ann.at('profile-open').click();
  await ann.at('profile-nick').fill('Ann the First');
  await ann.at('profile-save').click();
  await ann.at('profile-nick').waitFor({ state: 'detached' });
  assert.equal(await ann.at('profile-open').getAttribute('aria-label'), 'Your profile: Ann the First');
  await ann.say('after');
  await bob.seeTexts(['before', 'after']);
  await until(() => bob.row(ann).locator('.name').innerText(), 'Ann the First');
  await bob.at('peer-open').click();
  await until(() => bob.at('peer-profile').getByRole('heading').innerText(), 'Ann the First');
  // It is the server that keeps it.
  await ann.page.reload();
  await until(() => ann.at('profile-open').getAttribute('aria-label'), 'Your profile: Ann the First');
  await Promise.all([ann.leave(), bob.leave()]);
});

test('a sticker and a location arrive as what they are', async () => {
  const [ann, bob] = await twoInConversation();
  await ann.at('more').click();
  await ann.at('face-2').click();
  await until(async () => (await bob.messages()).length, 1);
  assert.match(await bob.at('message').innerText(), /Wink/);
  await ann.page.context().grantPermissions(['geolocation']);
  await ann.page.context().setGeolocation({ latitude: 48.2082, longitude: 16.3738 });
  await ann.at('more').click();
  await ann.at('send-location').click();
  await until(async () => (await bob.messages()).length, 2);
  assert.match(await bob.at('message').last().innerText(), /48\.2082° N, 16\.3738° E/);
  await Promise.all([ann.leave(), bob.leave()]);
});

test('a chat with a user who does not exist is refused with a sentence', async () => {
  const ann = await town.person('ann');
  await ann.startChat('nobody-at-all');
  await until(() => ann.at('new-chat-error').innerText(), 'There is nobody with this user ID yet. People appear after their first login.');
  assert.equal(await ann.at('conversation-row').count(), 0);
  await ann.startChat('white space');
  await until(() => ann.at('new-chat-error').innerText(), 'A user ID has no spaces.');
  await ann.leave();
});

test('a login with a bad user ID is refused and a good one works right after', async () => {
  const ann = await town.visitor('ann');
  for (const bad of ['', 'white space', 'über', '@TIM#SYSTEM', 'x'.repeat(33)]) {
    await ann.at('login-user').fill(bad);
    await ann.at('login-submit').click();
    await until(() => ann.at('login-user').getAttribute('aria-invalid'), 'true', { what: `login as “${bad}”` });
  }
  await ann.signIn();
  await ann.leave();
});

test('a login with a UserSig of somebody else is refused and leaves nobody logged in', async () => {
  const ann = await town.visitor('ann');
  const signed = await ann.page.evaluate(async () => (await fetch('/dev/usersig?userID=somebody-else')).json());
  await ann.page.getByRole('button', { name: 'I have a UserSig' }).click();
  await ann.at('login-user').fill(ann.userID);
  await ann.at('login-sdkappid').fill(String(signed.SDKAppID));
  await ann.at('login-usersig').fill(signed.userSig);
  await ann.at('login-submit').click();
  await until(() => ann.at('login-error').innerText(), 'The UserSig belongs to another user ID.');
  await ann.at('login-user').fill('somebody-else');
  await ann.at('login-submit').click();
  await ann.seeReady();
  await ann.leave();
});
