// Messages, conversations and profiles as objects: complete, plain, alive, one and the same.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTown } from './setting/town.js';

const MESSAGE = [
  'ID', 'type', 'payload', 'conversationID', 'conversationType', 'conversationSubType', 'to', 'from', 'flow', 'time',
  'clientTime', 'status', 'sequence', 'clientSequence', 'random', 'senderTinyID', 'priority', 'nick', 'avatar', 'nameCard',
  'isRead', 'isPeerRead', 'isRevoked', 'revoker', 'revokerInfo', 'revokeReason', 'isDeleted', 'isModified', 'version',
  'isResend', 'isSystemMessage', 'isBroadcastMessage', 'isPlaceMessage', 'protocol', 'atUserList', 'cloudCustomData',
  'needReadReceipt', 'readReceiptInfo', 'isSupportExtension', 'receiverList', 'hasRiskContent', 'isLocalMessage',
].sort();

const CONVERSATION = [
  'conversationID', 'type', 'subType', 'unreadCount', 'lastMessage', 'groupProfile', 'userProfile', 'groupAtInfoList',
  'remark', 'isPinned', 'messageRemindType', 'markList', 'customData', 'conversationGroupList', 'draftText', 'peerReadTime',
].sort();

const LAST_MESSAGE = [
  'lastTime', 'lastSequence', 'fromAccount', 'messageForShow', 'type', 'payload', 'cloudCustomData', 'isRevoked', 'revoker',
  'onlineOnlyFlag', 'nick', 'nameCard', 'isPeerRead', 'version',
].sort();

const PROFILE = [
  'userID', 'nick', 'gender', 'birthday', 'location', 'selfSignature', 'allowType', 'language', 'avatar', 'messageSettings',
  'adminForbidType', 'level', 'role', 'lastUpdatedTime', 'profileCustomField',
].sort();

let town, ann, bob;
before(async () => {
  town = await openTown();
  [ann, bob] = await Promise.all([town.person('ann'), town.person('bob')]);
  for (const page of [ann, bob]) {
    // What is wrong with an object and everything in it, as plain data.
    await page.evaluate(() => {
      window.faults = function faults(object, path = '') {
        if (typeof object !== 'object' || object === null) return typeof object === 'function' ? [`${path}: function`] : [];
        const found = [];
        if (Object.isFrozen(object) || !Object.isExtensible(object)) found.push(`${path}: not extensible`);
        if (!Array.isArray(object) && Object.getPrototypeOf(object) !== Object.prototype) found.push(`${path}: not plain`);
        for (const [key, it] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
          if (Array.isArray(object) && key === 'length') continue;
          if (!('value' in it) || !it.enumerable || !it.writable || !it.configurable) found.push(`${path}.${key}: not a plain property`);
          if (key.startsWith('_')) found.push(`${path}.${key}: underscore`);
          found.push(...faults(it.value, `${path}.${key}`));
        }
        return found;
      };
      window.portable = (object) => {
        const clone = structuredClone(object);
        return JSON.stringify(clone) === JSON.stringify(object) && Object.keys(clone).length === Object.keys(object).length;
      };
    });
  }
});
after(() => town?.end());

test('a message has all its fields from creation to history, for sender and receiver', async () => {
  const received = bob.evaluate(async () => {
    const [message] = await window.next(window.tim, 'onMessageReceived');
    return { keys: Object.keys(message).sort(), faults: window.faults(message), portable: window.portable(message), message };
  });
  const sent = await ann.evaluate(async (to) => {
    const message = window.text(window.tim, to, 'all of it');
    const look = () => ({ keys: Object.keys(message).sort(), faults: window.faults(message), portable: window.portable(message) });
    const created = { ...look(), message: structuredClone(message) };
    await window.tim.sendMessage(message);
    const after = { ...look(), message: structuredClone(message) };
    const { data } = await window.tim.getMessageList({ conversationID: `C2C${to}` });
    const paged = data.messageList.find((it) => it.ID === message.ID);
    return { created, after, paged: { keys: Object.keys(paged).sort(), faults: window.faults(paged), portable: window.portable(paged) } };
  }, bob.userID);
  for (const it of [sent.created, sent.after, sent.paged, await received]) {
    assert.deepEqual(it.keys, MESSAGE);
    assert.deepEqual(it.faults, []);
    assert.equal(it.portable, true);
  }
  const { message: made } = sent.created;
  assert.deepEqual(
    { status: made.status, flow: made.flow, from: made.from, to: made.to, isRead: made.isRead, conversationID: made.conversationID },
    { status: 'unSend', flow: 'out', from: ann.userID, to: bob.userID, isRead: true, conversationID: `C2C${bob.userID}` },
  );
  assert.equal(made.ID, `${made.senderTinyID}-${made.clientTime}-${made.random}`);
  assert.match(made.senderTinyID, /^\d+$/);
  assert.ok(made.random >= 1 && made.random <= 4294967295);
  assert.deepEqual(made.readReceiptInfo, {});
  assert.equal(sent.after.message.ID, made.ID, 'the ID never changes');
  assert.equal(sent.after.message.status, 'success');
  const { message: got } = await received;
  assert.deepEqual([got.flow, got.isRead, got.status, got.ID], ['in', false, 'success', made.ID]);
});

test('the same message is the same object everywhere and stays it', async () => {
  const received = bob.evaluate(async (from) => {
    const [message] = await window.next(window.tim, 'onMessageReceived');
    const page = async () => (await window.tim.getMessageList({ conversationID: `C2C${from}` })).data.messageList;
    const [first, second] = [await page(), await page()];
    return [
      window.tim.findMessage(message.ID) === message,
      first.at(-1) === message,
      second.at(-1) === message,
      first !== second,
    ];
  }, ann.userID);
  const sent = await ann.evaluate(async (to) => {
    const message = window.text(window.tim, to, 'one object');
    const before = window.tim.findMessage(message.ID);
    const { data } = await window.tim.sendMessage(message);
    const { data: history } = await window.tim.getMessageList({ conversationID: `C2C${to}` });
    return [before === null, data.message === message, window.tim.findMessage(message.ID) === message, history.messageList.at(-1) === message];
  }, bob.userID);
  assert.deepEqual(sent, [true, true, true, true]);
  assert.deepEqual(await received, [true, true, true, true]);
});

test('a conversation has all its fields, is the same object everywhere, and its list is a fresh array', async () => {
  const seen = await ann.evaluate(async (peer) => {
    const list = async () => (await window.tim.getConversationList()).data.conversationList;
    const [first, second] = [await list(), await list()];
    const conversation = first.find((it) => it.conversationID === `C2C${peer}`);
    const event = window.next(window.tim, 'onConversationListUpdated');
    await window.tim.sendMessage(window.text(window.tim, peer, 'touch'));
    const told = await event;
    const { data } = await window.tim.getConversationProfile(`C2C${peer}`);
    told.push('a fake entry of the application');
    first.length = 0;
    const third = await list();
    return {
      keys: Object.keys(conversation).sort(),
      last: Object.keys(conversation.lastMessage).sort(),
      profile: Object.keys(conversation.userProfile).sort(),
      faults: window.faults(conversation),
      portable: window.portable(conversation),
      same: [second.includes(conversation), told.includes(conversation), data.conversation === conversation, third.includes(conversation)],
      fresh: first !== second && third.length === second.length,
      text: conversation.lastMessage.messageForShow,
      lists: [conversation.groupAtInfoList, conversation.markList, conversation.conversationGroupList],
    };
  }, bob.userID);
  assert.deepEqual(seen.keys, CONVERSATION);
  assert.deepEqual(seen.last, LAST_MESSAGE);
  assert.deepEqual(seen.profile, PROFILE);
  assert.deepEqual(seen.faults, []);
  assert.deepEqual([seen.portable, seen.fresh, ...seen.same], [true, true, true, true, true, true]);
  assert.equal(seen.text, 'touch');
  assert.deepEqual(seen.lists, [[], [], []]);
});

test('a conversation without messages has its objects, too', async () => {
  const carol = await town.person('carol');
  const conversation = await carol.evaluate(async (peer) => {
    const { data } = await window.tim.getConversationProfile(`C2C${peer}`);
    const { data: list } = await window.tim.getConversationList();
    return { listed: list.conversationList.includes(data.conversation), ...structuredClone(data.conversation) };
  }, bob.userID);
  assert.equal(conversation.listed, true);
  assert.deepEqual(Object.keys(conversation.lastMessage).sort(), LAST_MESSAGE);
  assert.equal(conversation.lastMessage.lastTime, 0);
  assert.equal(conversation.userProfile.userID, bob.userID);
  await carol.end();
});

test('a profile is one object, complete, and changes in place', async () => {
  const seen = await ann.evaluate(async (peer) => {
    const [profile] = (await window.tim.getUserProfile({ userIDList: [peer] })).data;
    const [again] = (await window.tim.getUserProfile({ userIDList: [peer] })).data;
    const { data } = await window.tim.getConversationProfile(`C2C${peer}`);
    const mine = (await window.tim.getMyProfile()).data;
    const updated = window.next(window.tim, 'onProfileUpdated');
    const result = (await window.tim.updateMyProfile({ nick: 'Ann herself' })).data;
    return {
      keys: Object.keys(profile).sort(),
      faults: window.faults(profile),
      same: [again === profile, data.conversation.userProfile === profile, result === mine, (await updated)[0] === mine],
      nick: mine.nick,
      fresh: Math.abs(profile.lastUpdatedTime - Date.now()) < 60000,
    };
  }, bob.userID);
  assert.deepEqual(seen, { keys: PROFILE, faults: [], same: [true, true, true, true], nick: 'Ann herself', fresh: true });
});

test('reading and being read changes the objects that are on the screen', async () => {
  const message = await ann.evaluateHandle(async (to) => {
    const it = window.text(window.tim, to, 'read me');
    await window.tim.sendMessage(it);
    return it;
  }, bob.userID);
  assert.equal(await message.evaluate((it) => it.isPeerRead), false);
  const counts = await bob.evaluate(async (from) => {
    const { data } = await window.tim.getConversationList([`C2C${from}`]);
    const [conversation] = data.conversationList;
    const deadline = Date.now() + 5000;
    while (conversation.lastMessage.messageForShow !== 'read me' && Date.now() < deadline) await window.wait(10);
    const { messageList } = (await window.tim.getMessageList({ conversationID: conversation.conversationID })).data;
    const incoming = messageList.filter((it) => it.flow === 'in');
    const before = [conversation.unreadCount > 0, incoming.at(-1).isRead];
    await window.tim.setMessageRead({ conversationID: conversation.conversationID });
    return [...before, conversation.unreadCount, incoming.every((it) => it.isRead)];
  }, ann.userID);
  assert.deepEqual(counts, [true, false, 0, true]);
  await ann.waitForFunction((it) => it.isPeerRead === true, message, { timeout: 5000 });
});

test('what the application adds or overwrites stays', async () => {
  const seen = await ann.evaluate(async (to) => {
    const message = window.text(window.tim, to, 'mine');
    message.progress = 7;
    message.self = message;
    message.payload.translated = 'meins';
    message.nick = 'my own idea';
    await window.tim.sendMessage(message);
    const { data } = await window.tim.getConversationList([`C2C${to}`]);
    const [conversation] = data.conversationList;
    conversation.checked = true;
    conversation.userProfile.colour = 'blue';
    const event = window.next(window.tim, 'onConversationListUpdated');
    await window.tim.sendMessage(window.text(window.tim, to, 'next'));
    await event;
    return {
      progress: message.progress,
      self: message.self === message,
      translated: message.payload.translated,
      status: message.status,
      checked: conversation.checked,
      colour: conversation.userProfile.colour,
    };
  }, bob.userID);
  assert.deepEqual(seen, { progress: 7, self: true, translated: 'meins', status: 'success', checked: true, colour: 'blue' });
});

test('plain copies are messages: shallow, deep, and from JSON', async () => {
  const seen = await ann.evaluate(async (to) => {
    const results = [];
    for (const copy of [(it) => ({ ...it }), structuredClone, (it) => JSON.parse(JSON.stringify(it))]) {
      const message = window.text(window.tim, to, 'copied');
      const passed = copy(message);
      const { data } = await window.tim.sendMessage(passed);
      results.push([data.message === passed, passed.status, message.status, window.tim.findMessage(message.ID) === message, passed.time === message.time]);
    }
    return results;
  }, bob.userID);
  assert.deepEqual(seen, Array(3).fill([true, 'success', 'success', true, true]));
});
