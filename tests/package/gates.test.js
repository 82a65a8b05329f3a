// What may be called when: every state of the session, with the code each call is refused with.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { newName } from './setting/people.js';
import { APP } from './setting/server.js';
import { openTown } from './setting/town.js';

const GATED = [
  'sendMessage', 'resendMessage', 'getMessageList', 'getMessageListHopping', 'setMessageRead', 'getConversationList',
  'getConversationProfile', 'getMyProfile', 'getUserProfile', 'updateMyProfile',
];
const CREATE = ['createTextMessage', 'createCustomMessage', 'createFaceMessage', 'createLocationMessage'];

/** Accepts connections and says nothing. */
const silent = createServer();

let town;
before(async () => {
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
  town = await openTown();
});
after(async () => {
  await town?.end();
  silent.close();
});

/** A page with an instance that nobody is logged in to, and what a login needs. */
async function visitor({ loaded = true, userID = newName('visitor') } = {}) {
  const page = await town.visitor();
  if (!loaded) await page.route('**/*.wasm', () => {});
  await page.evaluate(
    async ([SDKAppID, proxyServer, wait, gated, create]) => {
      window.tim = window.TIM.create({ SDKAppID, proxyServer });
      window.events = [];
      for (const name of Object.values(window.TIM.EVENT)) window.tim.on(name, ({ data }) => window.events.push({ name, data }));
      // The engine is there once a login with nothing in it is refused by it.
      if (wait) await window.rejection(window.tim.login({}));
      /** The codes of everything that is gated, and whether each refusal was announced in time. */
      window.gate = async () => {
        const codes = {};
        for (const name of gated) {
          const before = window.events.length;
          const promise = window.tim[name]();
          if (window.events.length !== before) codes[`${name} told inside the call`] = true;
          codes[name] = await promise.then(
            () => 'resolved',
            (error) => {
              const told = window.events.slice(before).filter((it) => it.name === 'error');
              const fits = told.length === 1 && told[0].data.code === error.code && told[0].data.message.length > 0;
              return fits && Object.keys(told[0].data).length === 2 ? error.code : `${error.code}, announced ${JSON.stringify(told)}`;
            },
          );
        }
        for (const name of create) {
          const before = window.events.length;
          try {
            window.tim[name]({ to: 'a', conversationType: 'C2C', payload: { text: 'x', index: 1, description: '', longitude: 1, latitude: 1 } });
            codes[name] = 'made';
          } catch (error) {
            codes[name] = error instanceof Error ? error.code : 'no Error';
            if (window.events.length !== before) codes[`${name} told inside the call`] = true;
            await window.wait(20);
            if (window.events[before]?.data.code !== error.code) codes[`${name} was not announced`] = true;
          }
        }
        return codes;
      };
      window.outcome = (promise) => promise.then((it) => it.data, (error) => error.code);
    },
    [APP, town.server.url, loaded, GATED, CREATE],
  );
  return Object.assign(page, { userID, login: { userID, userSig: town.server.userSig(userID) } });
}

/** Puts an instance in its place whose server accepts connections and says nothing. */
async function silentLogin(page) {
  await page.evaluate(
    ([SDKAppID, proxyServer]) => {
      window.tim = window.TIM.create({ SDKAppID, proxyServer });
      for (const name of Object.values(window.TIM.EVENT)) window.tim.on(name, ({ data }) => window.events.push({ name, data }));
    },
    [APP + 1000, `ws://127.0.0.1:${silent.address().port}/im/ws`],
  );
  return page.login;
}

const all = (names, code) => Object.fromEntries(names.map((name) => [name, code]));

for (const loaded of [false, true]) {
  test(`nobody logged in, the engine ${loaded ? 'loaded' : 'not loaded yet'}: 2024`, async () => {
    const page = await visitor({ loaded });
    assert.deepEqual(await page.evaluate(() => window.gate()), { ...all(GATED, 2024), ...all(CREATE, 2024) });
    assert.equal(await page.evaluate(() => window.outcome(window.tim.logout())), 2024);
    assert.deepEqual(
      await page.evaluate(() => [
        window.tim.findMessage('x'),
        window.tim.getTotalUnreadMessageCount(),
        window.tim.isReady(),
        window.tim.getLoginUser(),
        Math.abs(window.tim.getServerTime() - Date.now() / 1000) < 2,
        Number.isInteger(window.tim.getServerTime()),
      ]),
      [null, 0, false, '', true, true],
    );
    assert.deepEqual(await page.evaluate(() => window.tim.callExperimentalAPI('any', 1)), { code: 0, data: {} });
    await page.end();
  });

  test(`logging in, the engine ${loaded ? 'loaded' : 'not loaded yet'}: 3000`, async () => {
    const page = await visitor({ loaded });
    const seen = await page.evaluate(async (login) => {
      // Nothing answers there, so the login takes its time.
      const first = window.outcome(window.tim.login(login));
      const codes = [await window.gate(), await window.outcome(window.tim.login(login)), await window.outcome(window.tim.logout())];
      const start = performance.now();
      await window.tim.destroy();
      return [...codes, await first, performance.now() - start < 1000 ? 'at once' : 'late'];
    }, await silentLogin(page));
    assert.deepEqual(seen[0], { ...all(GATED, 3000), ...all(CREATE, 3000) });
    assert.deepEqual(seen.slice(1), [2025, 2024, 2024, 'at once']);
    await page.end();
  });
}

test('logged in but not ready: 2999; messages can be made, a login is repeated', async () => {
  const page = await visitor();
  const seen = await page.evaluate(async (login) => {
    const first = await window.tim.login(login);
    const gate = window.gate();
    const { errorInfo, ...again } = (await window.tim.login({ userID: 'somebody else', userSig: 'x' })).data;
    return { first: first.data, gate: await gate, again, info: errorInfo.length > 0 };
  }, page.login);
  const { tinyID } = seen.first;
  assert.match(tinyID, /^1441151\d+$/);
  assert.deepEqual(seen.first, { actionStatus: 'OK', errorCode: 0, errorInfo: '', tinyID });
  assert.equal(seen.gate.sendMessage, 2999);
  assert.equal(seen.gate.createTextMessage, 'made');
  assert.deepEqual([seen.again.repeatLogin, seen.again.tinyID, seen.info], [true, tinyID, true]);
  await page.end();
});

test('ready: everything works; after logout nothing does; a login works again', async () => {
  const page = await visitor();
  const ready = await page.evaluate(async (login) => {
    await window.enter({ SDKAppID: 1400000101, ...login });
    return [window.tim.isReady(), window.tim.getLoginUser(), typeof (await window.outcome(window.tim.getMyProfile()))];
  }, page.login);
  assert.deepEqual(ready, [true, page.userID, 'object']);
  const left = await page.evaluate(async () => {
    window.events.length = 0;
    const start = performance.now();
    const result = await window.tim.logout();
    const took = performance.now() - start;
    return { result, names: window.events.map((it) => it.name), ready: window.tim.isReady(), user: window.tim.getLoginUser(), quick: took < 1000 };
  });
  assert.deepEqual(left, { result: { code: 0, data: {} }, names: ['sdkStateNotReady'], ready: false, user: '', quick: true });
  assert.deepEqual(await page.evaluate(() => window.gate()), { ...all(GATED, 2024), ...all(CREATE, 2024) });
  await page.evaluate((login) => window.enter({ SDKAppID: 1400000101, ...login }).then(() => undefined), page.login);
  await page.end();
});

test('a login that fails leaves nobody logged in and can be tried again at once', async () => {
  const page = await visitor();
  const { login } = page;
  const codes = await page.evaluate(
    async ([good, other]) => {
      const attempt = (options) => window.outcome(window.tim.login(options));
      const codes = [
        await attempt(undefined),
        await attempt({ userSig: 'x' }),
        await attempt({ userID: 'with space', userSig: 'x' }),
        await attempt({ userID: 'x'.repeat(33), userSig: 'x' }),
        await attempt({ userID: 'a' }),
        await attempt({ ...good, userSig: 'not a signature' }),
        await attempt({ ...good, userSig: other }),
      ];
      return [...codes, window.events.map((it) => it.name).filter((it) => it === 'sdkStateNotReady' || it === 'kickedOut')];
    },
    [login, town.server.userSig('somebody-else')],
  );
  assert.deepEqual(codes, [2002, 2002, 7003, 7003, 2003, 70003, 70013, []]);
  assert.equal((await page.evaluate((it) => window.outcome(window.tim.login(it)), login)).actionStatus, 'OK');
  await page.end();
});

test('destroying: not ready, destroyed, nobody listens any more, and create makes a new one', async () => {
  const page = await visitor();
  const seen = await page.evaluate(async (login) => {
    await window.enter({ SDKAppID: 1400000101, ...login });
    const old = window.tim;
    window.events.length = 0;
    const result = await old.destroy();
    const names = window.events.map((it) => it.name);
    const second = await old.destroy();
    const refused = [await window.outcome(old.login(login)), await window.outcome(old.getMyProfile())];
    const fresh = window.TIM.create({ SDKAppID: 1400000101 });
    return { result, names, second, refused, fresh: fresh !== old, count: window.events.length };
  }, page.login);
  const destroyed = { code: 0, data: { SDKAppID: APP } };
  assert.deepEqual(seen, {
    result: destroyed,
    names: ['sdkStateNotReady', 'sdkDestroy'],
    second: destroyed,
    refused: [2024, 2024],
    fresh: true,
    count: 2,
  });
  await page.end();
});
