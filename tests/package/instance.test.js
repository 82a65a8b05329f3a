// The factory and the instance in a page: one per app, tolerant, made of functions only.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTown } from './setting/town.js';

const METHODS = [
  'login', 'logout', 'destroy', 'isReady', 'getLoginUser', 'getServerTime', 'on', 'once', 'off', 'registerPlugin', 'setLogLevel',
  'callExperimentalAPI', 'createTextMessage', 'createCustomMessage', 'createFaceMessage', 'createLocationMessage', 'sendMessage',
  'resendMessage', 'getMessageList', 'getMessageListHopping', 'findMessage', 'setMessageRead', 'getConversationList',
  'getConversationProfile', 'getTotalUnreadMessageCount', 'getMyProfile', 'getUserProfile', 'updateMyProfile',
].sort();

let town, page;
before(async () => {
  town = await openTown();
  page = await town.visitor();
});
after(() => town?.end());

test('the namespace has four members', async () => {
  const seen = await page.evaluate(() => [Reflect.ownKeys(TIM), typeof TIM.create, TIM.EVENT.SDK_READY, TIM.TYPES.MSG_TEXT, Object.isFrozen(TIM.TYPES)]);
  assert.deepEqual(seen, [['create', 'TYPES', 'EVENT', 'VERSION'], 'function', 'sdkStateReady', 'TIMTextElem', false]);
});

test('one instance per app: a number and its digits are the same, other options are ignored', async () => {
  const seen = await page.evaluate(() => {
    const tim = TIM.create({ SDKAppID: 11 });
    return [
      TIM.create({ SDKAppID: '11' }) === tim,
      TIM.create({ SDKAppID: 11, proxyServer: 'wss://elsewhere.invalid/' }) === tim,
      TIM.create({ SDKAppID: 12 }) === tim,
      typeof TIM.create({ SDKAppID: 0 }).login,
      typeof TIM.create({ SDKAppID: -1 }).login,
    ];
  });
  assert.deepEqual(seen, [true, true, false, 'function', 'function']);
});

test('create without an app gives null, without options it throws', async () => {
  const seen = await page.evaluate(() => {
    const attempt = (...args) => {
      try {
        return TIM.create(...args);
      } catch (error) {
        return [error instanceof Error, error.code];
      }
    };
    return [attempt({}), attempt({ SDKAppID: 'abc' }), attempt({ SDKAppID: NaN }), attempt(), attempt(null), attempt(5)];
  });
  assert.deepEqual(seen, [null, null, null, [true, 6017], [true, 6017], [true, 6017]]);
});

test('create is handed all sorts of objects', async () => {
  const seen = await page.evaluate(() => {
    const cycle = { SDKAppID: 21, userID: 'a', userSig: 'b', devMode: true, testEnv: 1, scene: 'x', oversea: true, handler() {} };
    cycle.self = cycle;
    return [typeof TIM.create(cycle).login, typeof TIM.create(new Proxy({ SDKAppID: 22 }, {})).login];
  });
  assert.deepEqual(seen, ['function', 'function']);
});

test('the instance has these methods, and nothing else', async () => {
  const seen = await page.evaluate(() => {
    const tim = TIM.create({ SDKAppID: 11 });
    return [Reflect.ownKeys(tim).sort(), Object.values(tim).every((it) => typeof it === 'function'), JSON.stringify(tim), JSON.stringify({ tim })];
  });
  assert.deepEqual(seen, [METHODS, true, '{}', '{"tim":{}}']);
});

test('every plug-in that existing applications register is accepted, in every state', async () => {
  const seen = await page.evaluate(() => {
    const tim = TIM.create({ SDKAppID: 11 });
    const names = ['tim-upload-plugin', 'cos-js-sdk', 'cos-wx-sdk', 'tim-profanity-filter-plugin', 'tim-offline-push-plugin', 'offlinePushConfig', 'unknown'];
    for (const name of names) tim.registerPlugin({ [name]: class {} });
    tim.registerPlugin(Object.fromEntries(names.map((name) => [name, { name }])));
    try {
      tim.registerPlugin();
      return 'accepted';
    } catch (error) {
      return error.code;
    }
  });
  assert.equal(seen, 6017);
});

test('an instance without a server says so at login', async () => {
  // A page without an address of its own.
  const blank = await town.visitor();
  const seen = await blank.evaluate(async () => {
    window.TIM_SERVER = 'no address';
    return window.rejection(TIM.create({ SDKAppID: 31 }).login({ userID: 'a', userSig: 'b' }));
  });
  assert.equal(seen.code, 2802);
  await blank.end();
});

test('the package keeps quiet: nothing in the console, no global but the shared symbol', async () => {
  const fresh = await town.visitor();
  const before = await fresh.evaluate(() => Reflect.ownKeys(window).map(String));
  await fresh.evaluate(async () => {
    const tim = TIM.create({ SDKAppID: 41 });
    await window.rejection(tim.login({}));
  });
  const after = await fresh.evaluate(() => Reflect.ownKeys(window).map(String));
  assert.deepEqual(after.filter((it) => !before.includes(it)), []);
  assert.ok(before.includes('Symbol(tim-wasm.instances)'));
  assert.deepEqual(fresh.problems.filter((it) => !/favicon|404/.test(it)), []);
  await fresh.end();
});
