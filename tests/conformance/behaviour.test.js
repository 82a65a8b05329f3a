// What the published SDK does while nobody is logged in, asked of both and compared.
//
// Each case runs on a fresh instance of either and tells what happened as plain data. Where ours
// differs on purpose, the case says what ours does instead.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import TIM from 'tim-wasm';
import { reference } from './reference.js';

const { TIM: published, end } = reference();
after(end);

const outcome = (attempt) => {
  try {
    return attempt();
  } catch (error) {
    return `throws ${error.name}`;
  }
};

const rejection = (promise) =>
  promise.then(
    () => 'resolved',
    (error) => ({ code: error.code, keys: Object.keys(error).sort(), name: error.name, data: error.data }),
  );

const gated = [
  'logout',
  'sendMessage',
  'resendMessage',
  'getMessageList',
  'getMessageListHopping',
  'setMessageRead',
  'getConversationList',
  'getConversationProfile',
  'getMyProfile',
  'getUserProfile',
  'updateMyProfile',
];

/** `ours`, where it is not what the published SDK does. */
const cases = {
  'create gives the same instance for a number and its digits': {
    run: (it, id) => it.create({ SDKAppID: id }) === it.create({ SDKAppID: String(id) }),
  },
  'create without an SDKAppID gives null': {
    run: (it) => [it.create({}), it.create({ SDKAppID: 'abc' }), it.create({ SDKAppID: NaN }), it.create({ SDKAppID: '12abc' })],
  },
  'create with no object throws': {
    run: (it) => [outcome(() => it.create()), outcome(() => it.create(null))],
    ours: ['throws Error', 'throws Error'],
  },
  'the instance stringifies to {} and has own methods only': {
    run: (it, id) => {
      const tim = it.create({ SDKAppID: id });
      return [JSON.stringify(tim), Reflect.ownKeys(tim).every((key) => typeof tim[key] === 'function')];
    },
  },
  'unknown event names are accepted': {
    run: (it, id) => outcome(() => it.create({ SDKAppID: id }).on('nobody knows this', () => {})),
  },
  'a missing handler or name throws': {
    run: (it, id) => {
      const tim = it.create({ SDKAppID: id });
      return [() => tim.on('x'), () => tim.off('x'), () => tim.on(undefined, () => {}), () => tim.on('', () => {})].map(outcome);
    },
  },
  'unknown log levels are accepted': {
    run: (it, id) => [outcome(() => it.create({ SDKAppID: id }).setLogLevel(99)), outcome(() => it.create({ SDKAppID: id }).setLogLevel('x'))],
  },
  'unknown plug-ins are accepted': {
    run: (it, id) => outcome(() => it.create({ SDKAppID: id }).registerPlugin({ 'cos-js-sdk': class {}, other: 1 })),
  },
  'refusals dispatch ERROR with code and message': {
    run: async (it, id) => {
      const tim = it.create({ SDKAppID: id });
      const events = [];
      tim.on(it.EVENT.ERROR, (event) => events.push([Object.keys(event).sort(), event.name, event.data.code, Object.keys(event.data).sort()]));
      const call = tim.getMyProfile().catch(() => [...events]);
      return call;
    },
  },
  'after destroy there is a new instance': {
    run: async (it, id) => {
      const tim = it.create({ SDKAppID: id });
      await tim.destroy().catch(() => {});
      return it.create({ SDKAppID: id }) === tim;
    },
  },
  'destroy tells the app, also when nobody is logged in': {
    run: async (it, id) => {
      const events = [];
      const tim = it.create({ SDKAppID: id });
      tim.on(it.EVENT.SDK_DESTROY, ({ name, data }) => events.push({ name, same: data.SDKAppID === id }));
      await tim.destroy().catch(() => {});
      return events;
    },
  },
};

for (const method of gated) {
  cases[`${method} is refused`] = { run: (it, id) => rejection(it.create({ SDKAppID: id })[method]()) };
}
// Ours says which message could not be sent.
for (const method of ['sendMessage', 'resendMessage']) {
  cases[`${method} is refused`].ours = { code: 2024, keys: ['code', 'data', 'message'], name: 'Error', data: { message: undefined } };
}

let id = 1400000000;
for (const [name, { run, ours }] of Object.entries(cases)) {
  test(name, async () => {
    const app = ++id;
    const theirs = plain(await run(published, app));
    const mine = plain(await run(TIM, app));
    if (ours === undefined) assert.deepEqual(mine, theirs);
    else {
      assert.deepEqual(mine, ours);
      assert.notDeepEqual(theirs, ours, 'no difference any more: take the exception out');
    }
    await TIM.create({ SDKAppID: app }).destroy();
  });
}

/** Data of the other realm as data of this one. */
function plain(value) {
  if (Array.isArray(value)) return Array.from(value, plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, plain(it)]));
}
