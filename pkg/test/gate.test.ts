// The instance before the engine is there, and after it was destroyed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInstance } from '../src/tim.js';
import { loading, turn } from './engine.js';

const options = { SDKAppID: 1400000001, url: 'ws://x/im/ws', language: 'en', version: '1.0.0' };

function make() {
  const loader = loading();
  const left: unknown[] = [];
  const tim = createInstance(options, loader.load, (it) => left.push(it));
  const events: Array<{ name: string; data: any }> = [];
  for (const name of ['error', 'sdkStateReady', 'sdkStateNotReady', 'sdkDestroy']) tim.on(name, (event: any) => events.push(event));
  return { ...loader, tim, events, left };
}

test('before a login everything is refused with 2024, and announced before the caller learns of it', async () => {
  const { tim, events } = make();
  const gated = [
    tim.logout,
    tim.sendMessage,
    tim.resendMessage,
    tim.getMessageList,
    tim.getMessageListHopping,
    tim.setMessageRead,
    tim.getConversationList,
    tim.getConversationProfile,
    tim.getMyProfile,
    tim.getUserProfile,
    tim.updateMyProfile,
  ] as Array<(argument?: any) => Promise<any>>;
  for (const method of gated) {
    const before = events.length;
    const promise = method();
    assert.equal(events.length, before, 'no event inside the frame of the call');
    await promise.then(
      () => assert.fail('resolved'),
      (error) => {
        assert.ok(error instanceof Error);
        assert.equal(error.name, 'Error');
        assert.deepEqual(Object.keys(error).sort(), ['code', 'data', 'message']);
        assert.equal((error as any).code, 2024);
        assert.deepEqual(events.at(-1), { name: 'error', data: { code: 2024, message: error.message } });
        assert.equal(events.length, before + 1);
      },
    );
  }
});

test('create throws 2024 before and 3000 during a login, and announces it afterwards', async () => {
  const { tim, events } = make();
  const create = () => tim.createTextMessage({} as never);
  assert.throws(create, { code: 2024 });
  assert.equal(events.length, 0);
  await turn();
  assert.equal(events.length, 1);
  tim.login({ userID: 'a', userSig: 'b' }).catch(() => {});
  assert.throws(create, { code: 3000 });
});

test('while a login waits for the engine everything else is refused with 3000, logout too with 2024', async () => {
  const { tim } = make();
  tim.login({ userID: 'a', userSig: 'b' }).catch(() => {});
  await assert.rejects(tim.getMyProfile(), { code: 3000 });
  await assert.rejects(tim.logout(), { code: 2024 });
  await assert.rejects(tim.login({ userID: 'a', userSig: 'b' }), { code: 2025 });
});

test('a login waits for the engine and is its first call', async () => {
  const { tim, arrive } = make();
  const login = tim.login({ userID: 'a', userSig: 'b' });
  const engine = await arrive();
  assert.deepEqual([engine.last.method, engine.last.args], ['login', [{ userID: 'a', userSig: 'b' }]]);
  assert.deepEqual(JSON.parse(engine.options), options);
  engine.last.resolve({ actionStatus: 'OK' });
  assert.deepEqual(await login, { code: 0, data: { actionStatus: 'OK' } });
});

test('an engine that cannot be loaded is 2998, and the next login tries again', async () => {
  const { tim, arrive, fail } = make();
  await fail();
  const rejected = assert.rejects(tim.login({ userID: 'a', userSig: 'b' }), { code: 2998 });
  await fail();
  await rejected;
  const again = tim.login({ userID: 'a', userSig: 'b' });
  const engine = await arrive();
  engine.last.resolve({});
  await again;
});

test('what never fails never fails', async () => {
  const { tim } = make();
  assert.equal(tim.isReady(), false);
  assert.equal(tim.getLoginUser(), '');
  assert.ok(Math.abs(tim.getServerTime() - Date.now() / 1000) < 2);
  assert.equal(tim.getTotalUnreadMessageCount(), 0);
  assert.equal(tim.findMessage('1-2-3'), null);
  assert.deepEqual(await tim.callExperimentalAPI('anything', {}), { code: 0, data: {} });
  tim.setLogLevel(99);
  tim.registerPlugin({ 'tim-upload-plugin': class {}, 'cos-js-sdk': 1, unknown: null });
  assert.throws(() => tim.registerPlugin(undefined as never), { code: 6017 });
});

test('the log level is remembered until the engine is there', async () => {
  const { tim, arrive } = make();
  tim.setLogLevel(3);
  tim.setLogLevel(-1);
  const engine = await arrive();
  assert.equal(engine.logLevel, 3);
  tim.setLogLevel(0);
  assert.equal(engine.logLevel, 0);
});

test('destroying before the engine is there', async () => {
  const { tim, events, left, arrive, engines } = make();
  const login = tim.login({ userID: 'a', userSig: 'b' });
  const rejected = assert.rejects(login, { code: 2024 });
  const destroyed = tim.destroy();
  assert.deepEqual(left, [tim]);
  assert.deepEqual(await destroyed, { code: 0, data: { SDKAppID: options.SDKAppID } });
  await rejected;
  assert.deepEqual(events, [{ name: 'sdkDestroy', data: { SDKAppID: options.SDKAppID } }]);
  await arrive();
  assert.equal(engines.length, 0);
  await assert.rejects(tim.login({ userID: 'a', userSig: 'b' }), { code: 2024 });
  assert.deepEqual(await tim.destroy(), { code: 0, data: { SDKAppID: options.SDKAppID } });
  assert.equal(events.length, 1);
});

test('destroying with the engine: its events, then nobody listens any more', async () => {
  const { tim, events, arrive } = make();
  const engine = await arrive();
  engine.say({ op: 'event', name: 'sdkStateReady' });
  assert.equal(tim.isReady(), true);
  const { call } = engine;
  engine.call = (method, args) => {
    if (method === 'destroy') {
      engine.say({ op: 'event', name: 'sdkStateNotReady' }, { op: 'event', name: 'sdkDestroy', data: { SDKAppID: 1400000001 } });
    }
    return call.call(engine, method, args);
  };
  await tim.destroy();
  assert.deepEqual(
    events.map((it) => it.name),
    ['sdkStateReady', 'sdkStateNotReady', 'sdkDestroy'],
  );
  engine.say({ op: 'event', name: 'error', data: {} });
  assert.equal(events.length, 3);
  assert.throws(() => tim.createTextMessage({} as never), { code: 2024 });
  await assert.rejects(tim.logout(), { code: 2024 });
  assert.equal(tim.getLoginUser(), '');
});

test('an engine that breaks down while it is destroyed does not keep destroy from resolving', async () => {
  const { tim, events, arrive } = make();
  const engine = await arrive();
  engine.call = () => {
    throw new Error('unreachable');
  };
  await tim.destroy();
  assert.deepEqual(
    events.map((it) => it.name),
    ['sdkDestroy'],
  );
});

test('a module that breaks down answers what waits and what comes with 2998, until another instance', async () => {
  const { tim, events, arrive, breakDown } = make();
  const engine = await arrive();
  const waiting = [tim.getMyProfile(), tim.login({ userID: 'me', userSig: 'x' })];
  const outcomes = Promise.all(waiting.map((it) => it.catch((error: any) => [error.code, error.message])));
  await breakDown('RuntimeError: unreachable');
  for (const [code, message] of await outcomes) {
    assert.equal(code, 2998);
    assert.match(message, /broke down.*RuntimeError: unreachable/);
  }
  assert.deepEqual(events.map(({ name, data }) => [name, data.code]), [['error', 2998]], 'said once');
  const calls = engine.calls.length;
  await assert.rejects(tim.getConversationList(), { code: 2998 });
  await assert.rejects(tim.login({ userID: 'me', userSig: 'x' }), { code: 2998 });
  assert.throws(() => tim.createTextMessage({ to: 'a', conversationType: 'C2C', payload: { text: '' } }), { code: 2998 });
  assert.equal(tim.getTotalUnreadMessageCount(), 0);
  await tim.destroy();
  assert.equal(engine.calls.length, calls, 'nothing of it is touched any more');
});
