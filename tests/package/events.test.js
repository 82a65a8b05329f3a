// Events: when they come, in which order, to whom, and with what.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newName } from './setting/people.js';
import { APP, APP_WITH_INSTANCES } from './setting/server.js';
import { openTown } from './setting/town.js';

let town, ann, bob;
before(async () => {
  town = await openTown();
  [ann, bob] = await Promise.all([town.person('ann'), town.person('bob')]);
});
after(() => town?.end());

test('SDK_READY comes after the callbacks of login, once, and there is no replay', async () => {
  const page = await town.visitor();
  const userID = newName('early');
  const order = await page.evaluate(
    async ({ SDKAppID, proxyServer, ...login }) => {
      const order = [];
      const tim = window.TIM.create({ SDKAppID, proxyServer });
      await new Promise((resolve) => {
        tim
          .login(login)
          .then(() => order.push('then'))
          .then(() => {})
          .then(() => {})
          .then(() => {
            // Several kits register here, a few turns of the promise queue later.
            tim.on(window.TIM.EVENT.SDK_READY, ({ data }) => resolve(order.push(['ready', data === undefined, tim.isReady()])));
            order.push('registered');
          });
      });
      let replayed = false;
      tim.on(window.TIM.EVENT.SDK_READY, () => (replayed = true));
      await window.wait(200);
      return [...order, replayed];
    },
    { SDKAppID: APP, proxyServer: town.server.url, userID, userSig: town.server.userSig(userID) },
  );
  assert.deepEqual(order, ['then', 'registered', ['ready', true, true], false]);
  await page.end();
});

test('the list is told once per login even when it is empty, and the net state changes are told', async () => {
  const page = await town.visitor();
  const userID = newName('empty');
  const events = await page.evaluate(
    async ({ SDKAppID, proxyServer, ...login }) => {
      const events = [];
      const tim = window.TIM.create({ SDKAppID, proxyServer });
      for (const name of Object.values(window.TIM.EVENT)) tim.on(name, ({ data }) => events.push([name, data]));
      await window.enter({ SDKAppID, ...login });
      return events;
    },
    { SDKAppID: APP, proxyServer: town.server.url, userID, userSig: town.server.userSig(userID) },
  );
  assert.deepEqual(events.filter(([name]) => name === 'netStateChange').map(([, data]) => data.state), ['connecting', 'connected']);
  assert.deepEqual(events.filter(([name]) => name === 'onConversationListUpdated'), [['onConversationListUpdated', []]]);
  assert.deepEqual(events.at(-1)[0], 'sdkStateReady');
  await page.end();
});

test('one MESSAGE_RECEIVED holds messages of one conversation only', async () => {
  const [carol, dave] = await Promise.all([town.person('carol'), town.person('dave')]);
  const batches = bob.evaluate(
    (senders) =>
      new Promise((resolve) => {
        const batches = [];
        window.tim.on(window.TIM.EVENT.MESSAGE_RECEIVED, ({ data }) => {
          batches.push(data.map((it) => it.conversationID));
          const count = batches.flat().filter((it) => senders.includes(it)).length;
          if (count === 40) resolve(batches);
        });
      }),
    [carol, dave].map((it) => `C2C${it.userID}`),
  );
  const write = (page) =>
    page.evaluate(async (to) => {
      const messages = Array.from({ length: 20 }, (_, index) => window.text(window.tim, to, `${index}`));
      await Promise.all(messages.map((it) => window.tim.sendMessage(it)));
    }, bob.userID);
  await Promise.all([write(carol), write(dave)]);
  for (const batch of await batches) assert.equal(new Set(batch).size, 1);
  await Promise.all([carol.end(), dave.end()]);
});

test('sending: the list is told before the promise resolves, never MESSAGE_RECEIVED, nothing inside the call', async () => {
  const seen = await ann.evaluate(async (to) => {
    const order = [];
    const listen = (name) => window.tim.on(name, ({ data }) => order.push([name, data]));
    listen(window.TIM.EVENT.CONVERSATION_LIST_UPDATED);
    listen(window.TIM.EVENT.MESSAGE_RECEIVED);
    const message = window.text(window.tim, to, 'order');
    const promise = window.tim.sendMessage(message).then(() => order.push(['resolved']));
    const inside = order.length;
    await promise;
    await window.wait(300);
    const lists = order.filter(([name]) => name === 'onConversationListUpdated').map(([, data]) => data);
    return { inside, names: order.map(([name]) => name), last: lists.at(-1).map((it) => it.lastMessage.messageForShow) };
  }, bob.userID);
  assert.equal(seen.inside, 0);
  assert.ok(seen.names.indexOf('onConversationListUpdated') < seen.names.indexOf('resolved'), seen.names.join());
  assert.ok(!seen.names.includes('onMessageReceived'));
  assert.equal(seen.last[0], 'order');
});

test('receiving: the message, then the list, then the total', async () => {
  const erin = await town.person('erin');
  const order = erin.evaluate(
    () =>
      new Promise((resolve) => {
        const order = [];
        for (const name of ['MESSAGE_RECEIVED', 'CONVERSATION_LIST_UPDATED', 'TOTAL_UNREAD_MESSAGE_COUNT_UPDATED']) {
          window.tim.on(window.TIM.EVENT[name], ({ data }) => {
            order.push(name);
            if (name === 'TOTAL_UNREAD_MESSAGE_COUNT_UPDATED') resolve([...order, data, window.tim.getTotalUnreadMessageCount()]);
          });
        }
      }),
  );
  await ann.evaluate((to) => window.tim.sendMessage(window.text(window.tim, to, 'x')).then(() => undefined), erin.userID);
  assert.deepEqual(await order, ['MESSAGE_RECEIVED', 'CONVERSATION_LIST_UPDATED', 'TOTAL_UNREAD_MESSAGE_COUNT_UPDATED', 1, 1]);
  await erin.end();
});

test('the list is complete and sorted, newest first', async () => {
  const others = await Promise.all(['one', 'two', 'three'].map((it) => town.person(it)));
  const lists = await ann.evaluate(async (people) => {
    let told;
    window.tim.on(window.TIM.EVENT.CONVERSATION_LIST_UPDATED, ({ data }) => (told = data.map((it) => it.conversationID)));
    for (const to of [...people, people[0]]) {
      await window.tim.sendMessage(window.text(window.tim, to, 'x'));
      // The order is by whole seconds.
      await window.wait(1050);
    }
    const { data } = await window.tim.getConversationList();
    return { told, asked: data.conversationList.map((it) => it.conversationID) };
  }, others.map((it) => it.userID));
  const [one, two, three] = others.map((it) => `C2C${it.userID}`);
  assert.deepEqual(lists.told.slice(0, 3), [one, three, two]);
  assert.deepEqual(lists.asked, lists.told);
  await Promise.all(others.map((it) => it.end()));
});

test('handlers: order, this, once, off, throwing, detached methods', async () => {
  const seen = await ann.evaluate(async (to) => {
    const { on, once, off, sendMessage } = window.tim;
    const seen = [];
    const { MESSAGE_RECEIVED, CONVERSATION_LIST_UPDATED: name } = window.TIM.EVENT;
    const context = { own: true };
    const twice = () => seen.push('twice');
    const never = () => seen.push('never');
    const error = console.error;
    console.error = (...args) => seen.push(['reported', args.at(-1).message]);
    on(name, function (event) {
      seen.push([this === window.tim, Object.keys(event), event.name === name]);
    });
    on(name, function () {
      seen.push(this === context);
      throw new Error('mine');
    }, context);
    on(name, twice);
    on(name, twice);
    once(name, () => seen.push('once'));
    on(name, never, context);
    off(name, never);
    off(name, () => {});
    off(MESSAGE_RECEIVED, never);
    on('no such event', never);
    const told = window.next(window.tim, name);
    await sendMessage(window.text(window.tim, to, 'x'));
    await told;
    console.error = error;
    off(name, twice);
    return seen.slice(0, 6);
  }, bob.userID);
  assert.deepEqual(seen, [[true, ['name', 'data'], true], true, ['reported', 'mine'], 'twice', 'twice', 'once']);
});

test('own messages from another instance arrive, with flow out; reading there clears the count here', async () => {
  const userID = newName('twin');
  const [one, two, peer] = await Promise.all([
    town.person('one', { userID, SDKAppID: APP_WITH_INSTANCES }),
    town.person('two', { userID, SDKAppID: APP_WITH_INSTANCES }),
    town.person('peer', { SDKAppID: APP_WITH_INSTANCES }),
  ]);
  const received = two.evaluate(async () => {
    const [message] = await window.next(window.tim, 'onMessageReceived');
    return [message.flow, message.isRead, message.payload.text];
  });
  await one.evaluate((to) => window.tim.sendMessage(window.text(window.tim, to, 'from me')).then(() => undefined), peer.userID);
  assert.deepEqual(await received, ['out', true, 'from me']);

  const counted = two.evaluate(() => window.next(window.tim, 'onTotalUnreadMessageCountUpdated', (it) => it === 1));
  await peer.evaluate((to) => window.tim.sendMessage(window.text(window.tim, to, 'back')).then(() => undefined), userID);
  await counted;
  const cleared = two.evaluate(() => window.next(window.tim, 'onTotalUnreadMessageCountUpdated', (it) => it === 0));
  await one.evaluate((from) => window.tim.setMessageRead({ conversationID: `C2C${from}` }).then(() => undefined), peer.userID);
  await cleared;
  await Promise.all([one.end(), two.end(), peer.end()]);
});

test('the older instance is kicked out: KICKED_OUT, then SDK_NOT_READY, then nobody is logged in', async () => {
  const old = await town.person('single');
  const events = old.evaluate(
    () =>
      new Promise((resolve) => {
        const events = [];
        window.tim.on(window.TIM.EVENT.KICKED_OUT, ({ data }) => events.push(data));
        window.tim.on(window.TIM.EVENT.SDK_NOT_READY, ({ data }) => resolve([...events, data === undefined]));
      }),
  );
  const young = await town.person('single', { userID: old.userID });
  assert.deepEqual(await events, [{ type: 'multipleAccount' }, true]);
  assert.equal((await old.evaluate(() => window.rejection(window.tim.getMyProfile()))).code, 2024);
  assert.equal(await young.evaluate(() => window.tim.isReady()), true);
  await Promise.all([old.end(), young.end()]);
});
