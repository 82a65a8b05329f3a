// A mini-program on a phone: a code package with the SDK in it, and a phone to run it on.
//
// The program is what a developer's would be: a page that requires the SDK and reacts to it. Its data
// says what a person would see. Tests press its buttons through `ask`.

import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startProgram } from '../runtime/index.js';
import { until } from './until.js';

const FILES = {
  'app.json': JSON.stringify({ pages: ['pages/chat/chat'] }),
  'app.js': 'App({});',
  'pages/chat/chat.js': `
const TIM = require('MODULE');
Page({
  data: { events: [], received: [], net: '', ready: false },
  onLoad() { this.TIM = TIM; },
  create(options) {
    this.tim = TIM.create(options);
    for (const key of Object.keys(TIM.EVENT)) this.tim.on(TIM.EVENT[key], (event) => this.happened(key, event.data));
  },
  happened(name, data) {
    const { events, received } = this.data;
    this.setData({ events: events.concat([{ name, data: name === 'CONVERSATION_LIST_UPDATED' ? data.length : name === 'ERROR' ? data : '' }]) });
    if (name === 'MESSAGE_RECEIVED') this.setData({ received: received.concat(data.map((it) => it.payload.text)) });
    if (name === 'NET_STATE_CHANGE') this.setData({ net: data.state });
    if (name === 'SDK_READY') this.setData({ ready: true });
    if (name === 'SDK_NOT_READY') this.setData({ ready: false });
  },
  login(userID, userSig) { return this.tim.login({ userID, userSig }); },
  send(to, text) {
    const message = this.tim.createTextMessage({ to, conversationType: TIM.TYPES.CONV_C2C, payload: { text } });
    this.last = message;
    return this.tim.sendMessage(message);
  },
  call(method, ...values) { return this.tim[method](...values); },
  page(conversationID, nextReqMessageID) { return this.tim.getMessageList({ conversationID, nextReqMessageID }); },
  list() { return this.tim.getConversationList(); },
});
`,
};

/** What the page requires when it wants the module as JavaScript, which `copy-js` has put there. */
export const SCRIPT = '../../lib/tim-wasm/mini-js.js';

/** Writes a code package with the SDK of `unpacked`. `entry` is what the page requires. */
export async function codePackage(unpacked, { entry = 'tim-wasm/mini' } = {}) {
  const root = await mkdtemp(join(tmpdir(), 'tim-wasm-program-'));
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text.replace('MODULE', entry));
  }
  await cp(unpacked.mini, join(root, 'miniprogram_npm/tim-wasm'), { recursive: true });
  if (entry === SCRIPT) await unpacked.command('copy-js', join(root, 'lib'));
  return { root, end: () => rm(root, { recursive: true, force: true, maxRetries: 3 }) };
}

/** A phone: its data stay when the program ends. `settings` are those of every start. */
export async function phone(code, server, { userID, SDKAppID, ...settings }) {
  const home = await mkdtemp(join(tmpdir(), 'tim-wasm-phone-'));
  const options = { SDKAppID, proxyServer: server.url };
  let program;
  const it = {
    userID,
    home,
    get program() {
      return program;
    },
    get data() {
      return program.top.data;
    },
    /** Starts the program, without an instance. */
    async launch(more = {}) {
      program = await startProgram({ root: code.root, home, ...settings, ...more });
      return it;
    },
    /** Starts the program and creates the instance; nobody is logged in. */
    async start(more = {}, created = {}) {
      await it.launch(more);
      await it.create(created);
      return it;
    },
    create: (created = {}) => it.ask('create', { ...options, ...created }),
    /** Calls a method of the page; what it resolves with as plain data, or throws `{ code, message }`. */
    async ask(method, ...values) {
      try {
        const answer = await program.run((name, all) => getCurrentPages().slice(-1)[0][name](...all), method, values);
        return answer === undefined ? undefined : JSON.parse(JSON.stringify(answer));
      } catch (error) {
        throw Object.assign(new Error(error.message), { code: error.code });
      }
    },
    /** Calls a method of the SDK's instance, likewise. */
    call: (method, ...values) => it.ask('call', method, ...values),
    login: (user = userID) => it.ask('login', user, server.userSig(user, SDKAppID)),
    /** Starts, logs in and waits until the SDK is ready. */
    async enter(more, created) {
      await it.start(more, created);
      await it.login();
      await until(() => it.data.ready, 'SDK_READY');
      return it;
    },
    send: async (to, text) => (await it.ask('send', to, text)).data.message,
    /** All texts of a conversation, oldest first. */
    async history(conversationID) {
      const texts = [];
      let next = '';
      do {
        const { data } = await it.ask('page', conversationID, next);
        texts.unshift(...data.messageList.map((message) => message.payload.text));
        next = data.nextReqMessageID;
      } while (next);
      return texts;
    },
    events: (name) => it.data.events.filter((event) => event.name === name),
    received: (text) => until(() => it.data.received.includes(text), `the message “${text}”`),
    /** The host kills the program; nothing of it runs any more. */
    kill: () => program.end(),
    async end() {
      await program?.end();
      await rm(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  return it;
}
