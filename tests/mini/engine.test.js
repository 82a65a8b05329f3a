// The package in JavaScriptCore, the engine of iPhones, with its JIT and without: as module and as
// JavaScript. Where its shell is not installed there is nothing to run.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { APP } from '../package/setting/server.js';
import { runInCore, shell } from './engine/core.js';
import { openTown } from './setting/town.js';

const WAYS = {
  'without its JIT': {},
  'with its JIT': { flags: [] },
  'without its JIT, the module as JavaScript': { script: true },
};

let town;
before(async () => (town = shell() && (await openTown())));
after(() => town?.end());

if (!shell()) console.log('# JavaScriptCore is not tested: install libjavascriptcoregtk-4.0-bin, or name its shell in JSC');

/** Logs in, writes, receives, reads back, logs in again with what is in the files. */
const orders = (it) => `
module.exports = (resolve, reject) => {
  const it = ${JSON.stringify(it)};
  const start = now();
  const took = {};
  const tim = TIM.create({ SDKAppID: it.SDKAppID, proxyServer: it.proxyServer });
  const once = (name) => new Promise((done) => tim.once(name, ({ data }) => done(data)));
  const text = (words) => tim.createTextMessage({ to: it.to, conversationType: TIM.TYPES.CONV_C2C, payload: { text: words } });
  const login = () => Promise.all([tim.login({ userID: it.userID, userSig: it.userSig }), once(TIM.EVENT.SDK_READY)]);
  (async () => {
    await login();
    took.ready = now() - start;
    for (const words of it.words) await tim.sendMessage(text(words));
    const answered = once(TIM.EVENT.MESSAGE_RECEIVED);
    await tim.sendMessage(text('answer me'));
    const [answer] = await answered;
    const { data } = await tim.getMessageList({ conversationID: 'C2C' + it.to });
    await tim.logout();
    await login();
    const again = await tim.getMessageList({ conversationID: 'C2C' + it.to });
    return {
      answer: answer.payload.text,
      page: data.messageList.map((message) => message.payload.text),
      same: again.data.messageList.map((message) => message.payload.text),
      took,
    };
  })().then(resolve, reject);
};
`;

for (const [how, options] of Object.entries(shell() ? WAYS : {})) {
  test(`a conversation in JavaScriptCore ${how}`, async (t) => {
    const bob = await (await town.phone('bob')).enter();
    const userID = `jsc-${process.pid}-${Object.keys(WAYS).indexOf(how)}`;
    const words = ['hello', '你好 é \u{1F600}', 'NUL \u0000'];
    const program = orders({ SDKAppID: APP, proxyServer: town.server.url, userID, userSig: town.server.userSig(userID), to: bob.userID, words });
    const answering = bob.received('answer me').then(() => bob.send(userID, 'here you are \u{1F600}'));
    const [{ done, logged }] = await Promise.all([runInCore(town.unpacked, program, options), answering]);
    assert.equal(done.answer, 'here you are \u{1F600}');
    assert.deepEqual(done.page, [...words, 'answer me', 'here you are \u{1F600}']);
    assert.deepEqual(done.same, done.page);
    assert.deepEqual(logged.filter((it) => /warn|error/i.test(it)), []);
    t.diagnostic(`create → ready ${done.took.ready} ms`);
  });
}
