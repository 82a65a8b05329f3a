// The instance with its engine: results, errors, messages passed in, and what kind of object it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInstance } from '../src/tim.js';
import { loading, turn } from './engine.js';

async function make() {
  const loader = loading();
  const tim = createInstance({ SDKAppID: 1, url: '', language: '', version: '' }, loader.load, () => {}) as any;
  const engine = await loader.arrive();
  return { tim, engine };
}

const wire = { ID: '144115188075855873-1700000000-5', type: 'TIMTextElem', payload: { text: 'hi' }, from: 'me', to: 'you' };
const view = { conversationID: 'C2Cyou', flow: 'out', status: 'unSend', isRead: true };

async function withMessage() {
  const { tim, engine } = await make();
  engine.creation = { m: wire, v: view };
  const message = tim.createTextMessage({ to: 'you', conversationType: 'C2C', payload: { text: 'hi' } });
  return { tim, engine, message };
}

test('the instance has methods only and stringifies to {}', async () => {
  const { tim } = await make();
  assert.equal(JSON.stringify(tim), '{}');
  for (const key of Reflect.ownKeys(tim)) assert.equal(typeof tim[key], 'function', String(key));
});

test('methods work detached and through a proxy', async () => {
  const { tim, engine } = await make();
  const { getMyProfile } = tim;
  const detached = getMyProfile();
  engine.last.resolve({ nick: 'x' });
  assert.deepEqual(await detached, { code: 0, data: { nick: 'x' } });
  const proxied = new Proxy(tim, {}).getMyProfile();
  engine.last.resolve(null);
  assert.deepEqual(await proxied, { code: 0, data: {} });
});

test('errors of the engine become real errors with code, message and data', async () => {
  const { tim, engine } = await make();
  const call = tim.getMessageList({ conversationID: 'x' });
  engine.last.reject({ code: 6017, message: 'getMessageList: conversationID is malformed' });
  await assert.rejects(call, (error: any) => {
    assert.ok(error instanceof Error);
    assert.ok(error.stack);
    assert.deepEqual(JSON.parse(JSON.stringify(error)), {
      code: 6017,
      message: 'getMessageList: conversationID is malformed',
      data: {},
    });
    return true;
  });
});

test('what is no error of the engine is 2903 and an event', async () => {
  const { tim, engine } = await make();
  const events: any[] = [];
  tim.on('error', (event: any) => events.push(event.data.code));
  const call = tim.getMyProfile();
  engine.last.reject('unreachable executed');
  await assert.rejects(call, { code: 2903 });
  engine.call = () => {
    throw new Error('unreachable');
  };
  await assert.rejects(tim.getMyProfile(), { code: 2903 });
  assert.deepEqual(events, [2903, 2903]);
});

test('a created message has every field, is plain, and survives JSON and structured cloning', async () => {
  const { message } = await withMessage();
  assert.equal(Object.getPrototypeOf(message), Object.prototype);
  assert.ok(Object.isExtensible(message));
  for (const [key, it] of Object.entries(Object.getOwnPropertyDescriptors(message))) {
    assert.ok('value' in it && it.enumerable && it.writable && it.configurable, key);
    assert.ok(!key.startsWith('_'));
  }
  assert.deepEqual(structuredClone(message), message);
  assert.deepEqual(JSON.parse(JSON.stringify(message)), JSON.parse(JSON.stringify(message)));
  assert.equal(message.senderTinyID, '144115188075855873');
  assert.equal(message.clientTime, 1700000000);
  assert.equal(message.random, 5);
  assert.equal(Object.keys(message).length, 42);
});

test('errors of create are thrown', async () => {
  const { tim, engine } = await make();
  engine.creation = '{"code":2106,"message":"createTextMessage: conversationType"}';
  assert.throws(() => tim.createTextMessage({}), { code: 2106, data: {} });
});

test('a created message is not found until it is sent, and then it is the very same object', async () => {
  const { tim, engine, message } = await withMessage();
  assert.equal(tim.findMessage(wire.ID), null);
  const sent = tim.sendMessage(message);
  assert.equal(engine.last.args[0] !== message, true);
  engine.say({ op: 'message', m: wire, v: view });
  assert.equal(tim.findMessage(wire.ID), message);
  engine.say({ op: 'message', m: { ...wire, time: 9, sequence: 4 }, v: { ...view, status: 'success' } });
  assert.deepEqual([message.status, message.time, message.sequence], ['success', 9, 4]);
  engine.last.resolve({ message: { $m: wire.ID } });
  const result = await sent;
  assert.equal(result.data.message, message);
});

test('a message that is sent as it was made is not described again', async () => {
  const { tim, engine, message } = await withMessage();
  // Many more are made meanwhile than are remembered.
  const sent = tim.sendMessage(message);
  assert.deepEqual(engine.last.args, [{ m: wire, v: view }]);
  const call = engine.last;
  for (let index = 0; index < 600; index++) {
    engine.creation = { m: { ...wire, ID: `1-2-${index}` }, v: view };
    tim.createTextMessage({});
  }
  engine.say({ op: 'patch', ID: wire.ID, set: {} });
  assert.equal(tim.findMessage(wire.ID), message);
  engine.say({ op: 'patch', ID: wire.ID, set: { status: 'success', time: 9 } });
  assert.deepEqual([message.status, message.time], ['success', 9]);
  call.resolve({ message: { $m: wire.ID } });
  assert.equal((await sent).data.message, message);
});

test('a message that was changed since it was made is described by the engine', async () => {
  const { tim, engine, message } = await withMessage();
  message.cloudCustomData = 'mine';
  tim.sendMessage(message);
  const { m, cloudCustomData } = engine.last.args[0] as Record<string, unknown>;
  assert.deepEqual([m, cloudCustomData], [undefined, 'mine']);
});

test('a message changes through the reference that was passed, before the object behind it', async () => {
  const { tim, engine, message } = await withMessage();
  const seen: unknown[] = [];
  const proxy = new Proxy(message, {
    set(target, key, value) {
      seen.push([key, target[key], value]);
      return Reflect.set(target, key, value);
    },
  });
  const sent = tim.sendMessage(proxy);
  engine.say({ op: 'message', m: wire, v: { ...view, status: 'success' } });
  assert.deepEqual(seen, [['status', 'unSend', 'success']]);
  assert.equal(message.status, 'success');
  engine.last.resolve({ message: { $m: wire.ID } });
  assert.equal((await sent).data.message, proxy);
});

test('a plain copy is accepted, updated and given back; so is the object the SDK holds', async () => {
  const { tim, engine, message } = await withMessage();
  const copy = JSON.parse(JSON.stringify(message));
  const sent = tim.sendMessage(copy);
  engine.say({ op: 'message', m: wire, v: { ...view, status: 'success' } });
  engine.last.resolve({ message: { $m: wire.ID } });
  assert.equal((await sent).data.message, copy);
  assert.equal(copy.status, 'success');
  assert.equal(message.status, 'success');
  engine.say({ op: 'patch', ID: wire.ID, set: { isPeerRead: true } });
  assert.equal(message.isPeerRead, true);
  assert.equal(copy.isPeerRead, false, 'only while the call runs');
});

test('a failed send rejects with the message, never throws', async () => {
  const { tim, engine, message } = await withMessage();
  const sent = tim.sendMessage(message);
  engine.say({ op: 'message', m: wire, v: { ...view, status: 'fail' } });
  engine.last.reject({ code: 2801, message: 'sendMessage: no answer', data: { message: { $m: wire.ID } } });
  await assert.rejects(sent, (error: any) => error.code === 2801 && error.data.message === message);

  // The application resets the status; the outcome is what counts, also when it is the same again.
  message.status = 'unSend';
  const again = tim.resendMessage(message);
  engine.last.reject({ code: 2801, message: 'resendMessage: no answer' });
  await assert.rejects(again, { code: 2801 });
  assert.equal(message.status, 'fail');

  for (const wrong of [undefined, null, 5, 'x', {}, [], () => 1]) {
    const call = tim.sendMessage(wrong);
    engine.last.reject({ code: 2105, message: 'sendMessage: message required' });
    await assert.rejects(call, (error: any) => error.code === 2105 && error.data.message === wrong);
  }
});

test('sending a message that is being sent gives the same promise', async () => {
  const { tim, engine, message } = await withMessage();
  const first = tim.sendMessage(message);
  assert.equal(tim.sendMessage(message), first);
  assert.equal(engine.calls.filter((it) => it.method === 'sendMessage').length, 1);
  engine.last.resolve({ message: { $m: wire.ID } });
  await first;
  assert.notEqual(tim.sendMessage(message), first);
});

test('what the application hung on a message neither hinders nor gets lost', async () => {
  const { tim, engine, message } = await withMessage();
  message.self = message;
  message.vm = { render() {} };
  tim.sendMessage(message);
  assert.equal('self' in (engine.last.args[0] as object), false);
  engine.say({ op: 'message', m: wire, v: { ...view, status: 'success' } });
  assert.equal(message.self, message);
  assert.equal(message.status, 'success');
});

test('a frozen object of the application does not keep others from being updated', async () => {
  const { tim, engine, message } = await withMessage();
  tim.setLogLevel(4);
  engine.say({ op: 'message', m: wire, v: view });
  Object.freeze(message);
  const other = { ...wire, ID: '1-1-1' };
  engine.say({ op: 'message', m: wire, v: { ...view, status: 'success' } }, { op: 'message', m: other, v: view });
  assert.equal(message.status, 'unSend');
  assert.equal(tim.findMessage('1-1-1').ID, '1-1-1');
});

test('a forgotten message stays as it is', async () => {
  const { tim, engine, message } = await withMessage();
  engine.say({ op: 'message', m: wire, v: view }, { op: 'forget', IDs: [wire.ID] });
  assert.equal(tim.findMessage(wire.ID), null);
  engine.say({ op: 'message', m: wire, v: { ...view, status: 'success' } });
  assert.equal(message.status, 'unSend');
});

test('while nobody is logged in nothing is found', async () => {
  const { tim, engine } = await make();
  engine.say({ op: 'message', m: wire, v: view });
  engine.current = 1;
  assert.equal(tim.findMessage(wire.ID), null);
  engine.current = 2;
  assert.equal(tim.findMessage(wire.ID).ID, wire.ID);
  assert.equal(tim.findMessage(5), null);
});

test('events and results refer to the same objects, in arrays of their own', async () => {
  const { tim, engine } = await make();
  const lists: any[] = [];
  tim.on('onConversationListUpdated', (event: any) => lists.push(event.data));
  const c = { conversationID: 'C2Cyou', type: 'C2C', lastMessage: { lastTime: 5 }, userProfile: { userID: 'you', nick: 'You' } };
  const event = { op: 'event', name: 'onConversationListUpdated', data: [{ $c: 'C2Cyou' }] };
  engine.say({ op: 'conversation', c }, event);
  engine.say({ op: 'conversation', c: { ...c, unreadCount: 2, lastMessage: { lastTime: 6 } } }, event);
  const [conversation] = lists[0];
  assert.equal(lists[1][0], conversation);
  assert.notEqual(lists[0], lists[1]);
  assert.equal(conversation.unreadCount, 2);
  assert.equal(conversation.lastMessage.lastTime, 6);
  assert.equal(conversation.lastMessage.messageForShow, '');
  assert.deepEqual(conversation.markList, []);
  assert.equal(conversation.userProfile.selfSignature, '');

  const list = tim.getConversationList();
  engine.last.resolve({ conversationList: [{ $c: 'C2Cyou' }], isSyncCompleted: true });
  assert.equal((await list).data.conversationList[0], conversation);
});

test('a profile is one object wherever it shows up', async () => {
  const { tim, engine } = await make();
  const c = { conversationID: 'C2Cyou', type: 'C2C', userProfile: { userID: 'you', nick: 'You' } };
  engine.say({ op: 'profile', p: { userID: 'you', nick: 'You' }, at: 77 }, { op: 'conversation', c });
  const profiles = tim.getUserProfile({ userIDList: ['you'] });
  engine.last.resolve([{ $p: 'you' }]);
  const [profile] = (await profiles).data;
  assert.equal(profile.lastUpdatedTime, 77);
  assert.equal(profile.allowType, 'AllowType_Type_AllowAny');
  engine.say({ op: 'profile', p: { userID: 'you', nick: 'New' }, at: 78 });
  assert.equal(profile.nick, 'New');
  assert.equal(profile.lastUpdatedTime, 78);
  const one = tim.getConversationProfile('C2Cyou');
  engine.last.resolve({ conversation: { $c: 'C2Cyou' } });
  assert.equal((await one).data.conversation.userProfile, profile);
});

test('a message that is not kept is complete and not found', async () => {
  const { tim, engine } = await make();
  let received: any;
  tim.on('onMessageReceived', (event: any) => ([received] = event.data));
  engine.say({ op: 'event', name: 'onMessageReceived', data: [{ $M: { m: wire, v: { ...view, flow: 'in' } } }] });
  assert.equal(received.flow, 'in');
  assert.equal(received.readReceiptInfo.constructor, Object);
  assert.equal(tim.findMessage(wire.ID), null);
});

test('after a reset objects are detached', async () => {
  const { tim, engine, message } = await withMessage();
  engine.say({ op: 'message', m: wire, v: view }, { op: 'reset' });
  assert.equal(tim.findMessage(wire.ID), null);
  engine.say({ op: 'message', m: wire, v: { ...view, status: 'success' } });
  assert.equal(message.status, 'unSend');
  assert.notEqual(tim.findMessage(wire.ID), message);
});

test('undefined counts in updateMyProfile only', async () => {
  const { tim, engine } = await make();
  tim.updateMyProfile({ nick: undefined });
  assert.deepEqual(engine.last.args, [{ nick: null }]);
  tim.getMessageList({ conversationID: 'C2Ca', nextReqMessageID: undefined });
  assert.deepEqual(engine.last.args, [{ conversationID: 'C2Ca' }]);
  await turn();
});

test('listeners that throw are reported unless the log is silent', async (context) => {
  const { tim, engine } = await make();
  const error = context.mock.method(console, 'error', () => {});
  tim.on('sdkStateReady', () => {
    throw new Error('mine');
  });
  engine.say({ op: 'event', name: 'sdkStateReady' });
  assert.equal(error.mock.callCount(), 1);
  tim.setLogLevel(4);
  engine.say({ op: 'event', name: 'sdkStateReady' });
  assert.equal(error.mock.callCount(), 1);
});
