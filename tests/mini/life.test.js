// What happens to a mini-program: it goes to the background and comes back, loses its network, is
// killed and started again, breaks down. Nothing is lost and nothing is there twice.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { openTown } from './setting/town.js';
import { until } from './setting/until.js';

let town;
before(async () => (town = await openTown()));
afterEach(() => town.tidy());
after(() => town?.end());

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, it) => String(from + it));

/** Two people, one with these settings of the phone. */
async function pair(settings) {
  const [ann, bob] = [await town.phone('ann', settings), await town.phone('bob')];
  await Promise.all([ann.enter(), bob.enter()]);
  return [ann, bob];
}

/** How long it takes until `look` is true. */
async function took(look, what) {
  const start = Date.now();
  await until(look, what);
  return Date.now() - start;
}

test('what arrives while it is in the background is there after it comes back', async () => {
  const [ann, bob] = await pair({ suspendAfter: 50, socketsDieAfter: 100 });
  await bob.send(ann.userID, '1');
  await ann.received('1');
  await ann.program.background();
  for (const text of numbers(2, 30)) await bob.send(ann.userID, text);
  assert.deepEqual(ann.data.received, ['1']);
  await ann.program.foreground();
  await ann.received('30');
  assert.deepEqual(ann.data.received, numbers(1, 30));
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), numbers(1, 30));
  assert.deepEqual(ann.program.errors, []);
});

test('a short look at something else does not cost the connection', async () => {
  const [ann, bob] = await pair({ suspendAfter: 50, socketsDieAfter: 5000 });
  const before = ann.events('NET_STATE_CHANGE').length;
  await ann.program.background();
  await bob.send(ann.userID, 'meanwhile');
  await ann.program.foreground();
  await ann.received('meanwhile');
  await ann.send(bob.userID, 'here');
  assert.equal(ann.events('NET_STATE_CHANGE').length, before);
  assert.equal(ann.program.sockets, 1);
});

test('a socket that died in the background without a word is noticed within the two seconds of its ping', async () => {
  const [ann, bob] = await pair({ suspendAfter: 50, socketsDieAfter: 100, closeNeverFires: true });
  await ann.program.background();
  await bob.send(ann.userID, 'you there?');
  await ann.program.foreground();
  const waited = await took(() => ann.data.received.includes('you there?'), 'the message');
  assert.ok(waited < 5000, `${waited} ms`);
  await ann.send(bob.userID, 'yes');
  await bob.received('yes');
  assert.deepEqual(await bob.history(`C2C${ann.userID}`), ['you there?', 'yes']);
});

test('connecting that is refused in the moment of coming back works a moment later', async () => {
  const [ann, bob] = await pair({ suspendAfter: 50, socketsDieAfter: 100, refusedOnReturn: 600 });
  await ann.program.background();
  await bob.send(ann.userID, 'there?');
  await ann.program.foreground();
  const waited = await took(() => ann.data.received.includes('there?'), 'the message');
  assert.ok(waited < 4000, `${waited} ms`);
});

test('a message that is written on the way to the background is there once', async () => {
  const [ann, bob] = await pair({ suspendAfter: 0, socketsDieAfter: 0 });
  const sent = ann.ask('send', bob.userID, 'bye').catch((error) => error);
  await ann.program.background();
  await ann.program.foreground();
  await until(() => ann.data.net === 'connected', 'the connection');
  const outcome = await sent;
  if (outcome.code) await ann.program.run(() => { const page = getCurrentPages()[0]; return page.tim.resendMessage(page.last); });
  await bob.received('bye');
  assert.deepEqual(await bob.history(`C2C${ann.userID}`), ['bye']);
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), ['bye']);
});

test('without a network it reads what it has, sends wait, and everything goes out when it is back', async () => {
  const [ann, bob] = await pair({});
  await ann.send(bob.userID, '1');
  await ann.program.network(false);
  await until(() => ann.data.net !== 'connected', 'the loss');
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), ['1']);
  const waiting = ann.send(bob.userID, '2');
  await bob.send(ann.userID, '3');
  await ann.program.network(true, 'wifi');
  assert.equal((await waiting).status, 'success');
  await ann.received('3');
  assert.deepEqual((await ann.history(`C2C${bob.userID}`)).sort(), ['1', '2', '3']);
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), await bob.history(`C2C${ann.userID}`));
});

test('killed and started again without a network, the list and the history are there', async () => {
  const [ann, bob] = await pair({});
  for (const text of numbers(1, 40)) await bob.send(ann.userID, text);
  await ann.received('40');
  await ann.send(bob.userID, '41');
  await ann.history(`C2C${bob.userID}`);
  await until(async () => (await ann.program.background(), true), 'the background');
  await ann.kill();

  await ann.start({ faults: { connectSocket: {} } });
  await ann.login();
  await until(() => ann.data.ready, 'SDK_READY without a network');
  const { data } = await ann.ask('list');
  assert.deepEqual(data.conversationList.map((it) => it.conversationID), [`C2C${bob.userID}`]);
  assert.equal(data.conversationList[0].unreadCount, 40);
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), numbers(1, 41));
});

test('killed in the middle of sending, everything that was accepted is there once and in order', async () => {
  const [ann, bob] = await pair({});
  const accepted = [];
  for (let round = 0; round < 3; round++) {
    const sends = numbers(1, 40).map((it) => ann.send(bob.userID, `${round}.${it}`).then(({ payload }) => accepted.push(payload.text), () => {}));
    await until(() => accepted.length > round * 40 + 5, 'the first answers');
    await ann.kill();
    await Promise.race([Promise.all(sends), new Promise((resolve) => setTimeout(resolve, 50))]);
    await ann.enter();
  }
  const [here, there] = [await ann.history(`C2C${bob.userID}`), await bob.history(`C2C${ann.userID}`)];
  assert.deepEqual(accepted.filter((it) => !there.includes(it)), [], 'nothing that was accepted is missing');
  assert.equal(new Set(there).size, there.length, 'nothing is there twice');
  assert.deepEqual(here.filter((it) => there.includes(it)), there, 'the same order on both phones');
});

test('another user sees nothing of the one before, who finds everything again', async () => {
  const [ann, bob] = await pair({});
  await bob.send(ann.userID, 'for ann');
  await ann.received('for ann');
  await ann.program.run(() => getCurrentPages()[0].tim.logout());
  const carl = `carl-${process.pid}`;
  await ann.login(carl);
  await until(() => ann.data.ready, 'carl');
  assert.deepEqual((await ann.ask('list')).data.conversationList, []);
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), []);
  await ann.program.run(() => getCurrentPages()[0].tim.logout());
  ann.program.fault('connectSocket', {});
  await ann.login();
  await until(() => ann.data.ready, 'ann again');
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), ['for ann']);
});

test('an instance that is destroyed and replaced in one go: the files are never in two hands', async () => {
  const [ann, bob] = await pair({});
  for (const text of numbers(1, 20)) await bob.send(ann.userID, text);
  await ann.received('20');
  for (let round = 1; round <= 3; round++) {
    await ann.send(bob.userID, `round ${round}`);
    const destroyed = ann.call('destroy');
    await ann.create();
    await ann.login();
    await until(() => ann.data.ready, 'SDK_READY');
    await destroyed;
  }
  assert.deepEqual(ann.events('ERROR'), []);
  const all = [...numbers(1, 20), 'round 1', 'round 2', 'round 3'];
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), all);
  await ann.program.background();
  await ann.kill();
  await ann.start({ faults: { connectSocket: {} } });
  await ann.login();
  await until(() => ann.data.ready, 'SDK_READY without a network');
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), all);
});

test('user IDs that differ in case only have folders of their own', async () => {
  const [ann, bob] = await pair({});
  await bob.send(ann.userID, 'small');
  await ann.received('small');
  await ann.program.run(() => getCurrentPages()[0].tim.logout());
  await ann.login(ann.userID.toUpperCase());
  await until(() => ann.data.ready, 'the other one');
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), []);
});
