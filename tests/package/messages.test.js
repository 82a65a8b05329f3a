// Calls about messages, as applications make them: carelessly, twice, and in any shape.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTown } from './setting/town.js';

let town, ann, bob;
before(async () => {
  town = await openTown();
  [ann, bob] = await Promise.all([town.person('ann'), town.person('bob')]);
});
after(() => town?.end());

test('sendMessage never throws; it rejects with code, message and data.message', async () => {
  const seen = await ann.evaluate(async () => {
    const throwing = {
      get ID() {
        throw new Error('mine');
      },
    };
    const cycle = { ID: '1-2-3' };
    cycle.payload = cycle;
    const seen = [];
    for (const wrong of [undefined, null, 5, 'x', {}, [], () => 1, { ID: 'x' }, { ID: 5n }, cycle, throwing, Symbol('x')]) {
      for (const method of ['sendMessage', 'resendMessage']) {
        let promise;
        try {
          promise = window.tim[method](wrong);
        } catch {
          seen.push('thrown');
          continue;
        }
        seen.push(
          await promise.then(
            () => 'resolved',
            (error) => [error.code, error instanceof Error, error.message.length > 0, error.data.message === wrong],
          ),
        );
      }
    }
    return seen;
  });
  assert.deepEqual(seen, Array(24).fill([2105, true, true, true]));
});

test('a message that the server refuses fails in place and can be sent again', async () => {
  const stranger = 'nobody-has-this-name';
  const seen = await ann.evaluate(async (to) => {
    const message = window.text(window.tim, to, 'to nobody');
    const seen = [message.status];
    const error = await window.tim.sendMessage(message).catch((it) => it);
    seen.push([error.code, error.data.message === message, message.status]);
    message.status = 'unSend';
    const again = await window.tim.resendMessage(message).catch((it) => it);
    seen.push([again.code, again.data.message === message, message.status, message.isResend]);
    return seen;
  }, stranger);
  assert.deepEqual(seen, ['unSend', [20003, true, 'fail'], [20003, true, 'fail', true]]);
});

test('a message over 12 KB is refused before anything is sent', async () => {
  const code = await ann.evaluate(async (to) => {
    const message = window.text(window.tim, to, 'x'.repeat(12289));
    return window.rejection(window.tim.sendMessage(message));
  }, bob.userID);
  assert.equal(code.code, 80002);
});

test('sending a message that is on its way gives the same promise, one that arrived resolves at once', async () => {
  const seen = await ann.evaluate(async (to) => {
    const message = window.text(window.tim, to, 'twice');
    const [first, second] = [window.tim.sendMessage(message), window.tim.sendMessage(message)];
    const { data } = await first;
    const { data: later } = await window.tim.sendMessage(message);
    const { data: again } = await window.tim.resendMessage(message);
    const { messageList } = (await window.tim.getMessageList({ conversationID: `C2C${to}` })).data;
    return [
      first === second,
      data.message === message,
      later.message === message,
      again.message === message,
      messageList.filter((it) => it.ID === message.ID).length,
    ];
  }, bob.userID);
  assert.deepEqual(seen, [true, true, true, true, 1]);
});

test('every kind of message arrives as it was made', async () => {
  const received = bob.evaluate(
    () =>
      new Promise((resolve) => {
        const all = [];
        window.tim.on(window.TIM.EVENT.MESSAGE_RECEIVED, ({ data }) => {
          all.push(...data.map(({ type, payload, cloudCustomData }) => ({ type, payload, cloudCustomData })));
          if (all.length === 4) resolve(all);
        });
      }),
  );
  await ann.evaluate(async (to) => {
    const { tim } = window;
    const common = { to, conversationType: window.TIM.TYPES.CONV_C2C };
    const messages = [
      tim.createTextMessage({ ...common, payload: { text: ' 你好 👋 ' }, cloudCustomData: '{"a":1}' }),
      tim.createCustomMessage({ ...common, payload: { data: 'd' } }),
      tim.createFaceMessage({ ...common, payload: { index: 0 } }),
      tim.createLocationMessage({ ...common, payload: { description: '', longitude: -180, latitude: 90 } }),
    ];
    for (const message of messages) await tim.sendMessage(message);
  }, bob.userID);
  const { TYPES } = await ann.evaluate(() => window.TIM);
  assert.deepEqual(await received, [
    { type: TYPES.MSG_TEXT, payload: { text: ' 你好 👋 ' }, cloudCustomData: '{"a":1}' },
    { type: TYPES.MSG_CUSTOM, payload: { data: 'd', description: '', extension: '' }, cloudCustomData: '' },
    { type: TYPES.MSG_FACE, payload: { index: 0, data: '' }, cloudCustomData: '' },
    { type: TYPES.MSG_LOCATION, payload: { description: '', longitude: -180, latitude: 90 }, cloudCustomData: '' },
  ]);
});

test('create refuses what cannot be sent, with a code and a sentence', async () => {
  const codes = await ann.evaluate(() => {
    const common = { to: 'x', conversationType: 'C2C' };
    const attempts = [
      ['createTextMessage', undefined],
      ['createTextMessage', {}],
      ['createTextMessage', { ...common, payload: { text: '' } }],
      ['createTextMessage', { ...common, payload: { text: () => 'x' } }],
      ['createTextMessage', { ...common, to: '', payload: { text: 'x' } }],
      ['createTextMessage', { ...common, conversationType: 'TEAM', payload: { text: 'x' } }],
      ['createTextMessage', { ...common, payload: { text: 'x' }, cloudCustomData: { a: 1 } }],
      ['createCustomMessage', { ...common, payload: { data: { a: 1 } } }],
      ['createFaceMessage', { ...common, payload: { data: 'x' } }],
      ['createFaceMessage', { ...common, payload: { index: NaN } }],
      ['createLocationMessage', { ...common, payload: { description: '', longitude: 181, latitude: 0 } }],
    ];
    return attempts.map(([method, options]) => {
      try {
        window.tim[method](options);
        return 'made';
      } catch (error) {
        return error instanceof Error && error.message.startsWith(`${method}: `) ? error.code : String(error);
      }
    });
  });
  assert.deepEqual(codes, [6017, 6017, 6017, 6017, 6017, 2106, 6017, 6017, 6017, 6017, 6017]);
});

test('pages: 15 by default and at most, oldest first, no overlap, no gap, in a fresh array', async () => {
  const carol = await town.person('carol');
  const seen = await carol.evaluate(async (to) => {
    const { tim } = window;
    const conversationID = `C2C${to}`;
    for (let n = 1; n <= 40; n++) await tim.sendMessage(window.text(tim, to, `${n}`));
    const page = async (options) => {
      const { data } = await tim.getMessageList({ conversationID, ...options });
      return { ...data, words: data.messageList.map((it) => it.payload.text).join(' ') };
    };
    const first = await page();
    const newest = await page({ nextReqMessageID: '', count: 100 });
    const undefinedToo = await page({ nextReqMessageID: undefined, count: undefined });
    const second = await page({ nextReqMessageID: first.nextReqMessageID });
    const third = await page({ nextReqMessageID: second.nextReqMessageID });
    const few = await page({ count: 3 });
    return {
      words: [first, second, third, few].map((it) => it.words),
      same: [newest.words === first.words, undefinedToo.words === first.words],
      completed: [first, second, third].map((it) => it.isCompleted),
      next: [first.nextReqMessageID === first.messageList[0].ID, third.nextReqMessageID],
      fresh: first.messageList !== newest.messageList && first.messageList[0] === newest.messageList[0],
      nowhere: await tim.getMessageList({ conversationID: 'C2Cnever-heard-of' }).then((it) => it.data),
    };
  }, bob.userID);
  const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index).join(' ');
  assert.deepEqual(seen, {
    words: [range(26, 40), range(11, 25), range(1, 10), '38 39 40'],
    same: [true, true],
    completed: [false, false, true],
    next: [true, ''],
    fresh: true,
    nowhere: { messageList: [], nextReqMessageID: '', isCompleted: true },
  });
  await carol.end();
});

test('wrong options are 6017, also for values that JSON would lose', async () => {
  const codes = await ann.evaluate(async (peer) => {
    const conversationID = `C2C${peer}`;
    const { tim } = window;
    const cycle = {};
    cycle.conversationID = cycle;
    const calls = [
      tim.getMessageList(),
      tim.getMessageList({}),
      tim.getMessageList({ conversationID: 'bob' }),
      tim.getMessageList({ conversationID: 'C2C' }),
      tim.getMessageList({ conversationID: 5n }),
      tim.getMessageList(cycle),
      tim.getMessageList({ conversationID, count: 0 }),
      tim.getMessageList({ conversationID, count: NaN }),
      tim.getMessageList({ conversationID, count: () => 15 }),
      tim.getMessageList({ conversationID, count: '15' }),
      tim.getMessageList({ conversationID, nextReqMessageID: 5 }),
      tim.getMessageList({ conversationID, nextReqMessageID: 'no such message' }),
      tim.setMessageRead(),
      tim.setMessageRead({ conversationID: Symbol('x') }),
      tim.getConversationProfile(),
      tim.getConversationProfile('TEAMx'),
      tim.getConversationList(5),
      tim.getConversationList({ type: 5 }),
      tim.getUserProfile(),
      tim.getUserProfile({ userIDList: peer }),
    ];
    return Promise.all(calls.map((it) => window.rejection(it).then((error) => error.code ?? 'resolved')));
  }, bob.userID);
  assert.deepEqual(codes, Array(20).fill(6017));
});

test('setMessageRead resolves quietly when there is nothing to do', async () => {
  const seen = await bob.evaluate(async (peer) => {
    const { tim } = window;
    const results = [
      await tim.setMessageRead({ conversationID: `C2C${peer}` }),
      await tim.setMessageRead({ conversationID: `C2C${peer}` }),
      await tim.setMessageRead({ conversationID: 'C2Cnever-heard-of' }),
      await tim.setMessageRead({ conversationID: 'GROUPnever-heard-of' }),
    ];
    let told = 0;
    for (const name of [window.TIM.EVENT.CONVERSATION_LIST_UPDATED, window.TIM.EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED]) tim.on(name, () => told++);
    await tim.setMessageRead({ conversationID: `C2C${peer}` });
    await window.wait(200);
    return { results, told };
  }, ann.userID);
  assert.deepEqual(seen, { results: Array(4).fill({ code: 0, data: {} }), told: 0 });
});

test('an online-only message arrives and is kept nowhere', async () => {
  const received = bob.evaluate(async (from) => {
    const [message] = await window.next(window.tim, 'onMessageReceived');
    const { messageList } = (await window.tim.getMessageList({ conversationID: `C2C${from}` })).data;
    return [message.payload.data, window.tim.findMessage(message.ID), messageList.some((it) => it.ID === message.ID)];
  }, ann.userID);
  const sent = await ann.evaluate(async (to) => {
    const { tim } = window;
    const message = tim.createCustomMessage({ to, conversationType: 'C2C', payload: { data: 'typing' } });
    await tim.sendMessage(message, { onlineUserOnly: true });
    const { messageList } = (await tim.getMessageList({ conversationID: `C2C${to}` })).data;
    const both = tim.sendMessage(window.text(tim, to, 'x'), { onlineUserOnly: true, messageControlInfo: { excludedFromUnreadCount: true } });
    return [message.status, tim.findMessage(message.ID), messageList.some((it) => it.ID === message.ID), (await window.rejection(both)).code];
  }, bob.userID);
  assert.deepEqual(sent, ['success', null, false, 2113]);
  assert.deepEqual(await received, ['typing', null, false]);
});

test('history, outbox and list are there again after a reload', async () => {
  const dave = await town.person('dave');
  await dave.evaluate((to) => window.tim.sendMessage(window.text(window.tim, to, 'before the reload')).then(() => undefined), bob.userID);
  await dave.reload();
  await dave.waitForFunction(() => window.TIM);
  const seen = await dave.evaluate(
    async ([login, to]) => {
      const tim = await window.enter(login);
      const { messageList } = (await tim.getMessageList({ conversationID: `C2C${to}` })).data;
      const { conversationList } = (await tim.getConversationList()).data;
      return [messageList.map((it) => it.payload.text), conversationList.map((it) => it.lastMessage.messageForShow)];
    },
    [dave.login, bob.userID],
  );
  assert.deepEqual(seen, [['before the reload'], ['before the reload']]);
  await dave.end();
});

test('updateMyProfile takes all or nothing', async () => {
  const codes = await ann.evaluate(async () => {
    const { tim } = window;
    const calls = [
      tim.updateMyProfile(),
      tim.updateMyProfile({}),
      tim.updateMyProfile({ nick: undefined }),
      tim.updateMyProfile({ nick: 'x', unknown: 1 }),
      tim.updateMyProfile({ nick: 5 }),
      tim.updateMyProfile({ birthday: NaN }),
      tim.updateMyProfile({ profileCustomField: 'x' }),
      tim.updateMyProfile({ profileCustomField: [] }),
      tim.updateMyProfile({ nick: 'Ann', gender: window.TIM.TYPES.GENDER_FEMALE }),
    ];
    return Promise.all(calls.map((it) => window.rejection(it).then((error) => error.code ?? error.resolved.data.nick)));
  });
  assert.deepEqual(codes, [6017, 2721, 2721, 2721, 2721, 2721, 6017, 2722, 'Ann']);
});
