// The demo mini-program, `www/mini`, as two people use it: on simulated phones, against the real server
// in its development mode. What a page shows is its data; how it is drawn only WeChat's tools can tell.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'acorn';
import { startProgram } from './runtime/index.js';
import { unpack } from './setting/package.js';
import { until } from './setting/until.js';
import { compile, packNpm } from './wechat/build.js';

const DEMO = fileURLToPath(new URL('../../www/mini/', import.meta.url));
const SERVER = process.env.TIM_SERVER_BIN || fileURLToPath(new URL('../../target/release/tim-server', import.meta.url));
const OF_THIS_MACHINE = ['miniprogram_npm', 'node_modules', 'package-lock.json', 'project.private.config.json'];

const [CHATS, CHAT, LOGIN, KICKED] = ['conversations', 'chat', 'login', 'kicked'].map((it) => `pages/${it}/${it}`);

const folders = [];
async function temporaryFolder() {
  folders.push(await realpath(await mkdtemp(join(tmpdir(), 'tim-wasm-demo-'))));
  return folders.at(-1);
}

/** The project as somebody has it who did not build npm yet. */
async function project() {
  const folder = join(await temporaryFolder(), 'project');
  await cp(DEMO, folder, { recursive: true, filter: (path) => !OF_THIS_MACHINE.some((it) => path === join(DEMO, it)) });
  return folder;
}

async function projectWithSdk() {
  const folder = await project();
  await cp(sdk.mini, join(folder, 'miniprogram_npm/tim-wasm'), { recursive: true });
  return folder;
}

/** A server without a configuration, which signs for the asking; it comes back with `start`. */
async function startServer() {
  const data = await temporaryFolder();
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TIM_')));
  let child;
  const it = {
    port: 0,
    async start() {
      child = spawn(SERVER, ['--listen', `127.0.0.1:${it.port}`, '--data', data, '--log', 'warn'], { cwd: data, env });
      child.stderr.resume();
      for await (const line of createInterface({ input: child.stdout })) {
        it.port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? 0);
        if (it.port) break;
      }
      child.stdout.resume();
      assert.ok(it.port, 'the server says where it listens');
      it.url = `http://127.0.0.1:${it.port}`;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
  await it.start();
  return it;
}

/** The paths that a page's `{{…}}` name; those of a list's items begin with `item`. */
function pathsOf(wxml) {
  const found = new Set();
  for (const [, expression] of wxml.matchAll(/\{\{(.*?)\}\}/gs)) {
    const bare = expression.replace(/'[^']*'/g, '');
    for (const [path] of bare.matchAll(/(?<![\w.])[A-Za-z_]\w*(?:\.\w+)*/g)) {
      if (path !== 'true' && path !== 'false') found.add(path);
    }
  }
  return found;
}

/** Whether the data have what a path such as `list.length` names. */
function has(data, path) {
  let value = data;
  for (const step of path.split('.')) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return false;
    value = value[step];
  }
  return true;
}

const tapped = (dataset = {}) => ({ currentTarget: { dataset }, detail: {} });

/** A phone with the program in `root` on it. What is done here a finger could do. */
async function phone(root) {
  const home = await temporaryFolder();
  const it = {
    async start(settings) {
      it.program = await startProgram({ root, home, ...settings });
    },
    /** The host ends the program; what is stored stays. */
    kill: () => it.program.end(),
    get data() {
      return it.program.top.data;
    },
    get title() {
      return it.program.shown.findLast((call) => call.name === 'setNavigationBarTitle')?.title;
    },
    at: (page) => until(() => it.program.top?.route === page, page),
    sees: (look, what) => until(() => look(it.data), what),
    type: (field, value) => it.program.top.typed({ currentTarget: { dataset: { field } }, detail: { value } }),
    async logIn(server, userID) {
      await it.at(LOGIN);
      it.type('server', server);
      it.type('userID', userID);
      it.program.top.submit(tapped());
    },
    async enter(server, userID) {
      await it.logIn(server, userID);
      await it.at(CHATS);
      await it.sees((data) => data.known, 'the list');
    },
    async begin(userID) {
      it.type('', userID);
      await it.program.top.begin(tapped());
      await it.at(CHAT);
      await it.sees((data) => data.newest === 'there', 'the messages');
    },
    async open(name) {
      await it.at(CHATS);
      const row = await it.sees((data) => data.rows.find((row) => row.name === name), name);
      it.program.top.open(tapped({ id: row.id }));
      await it.at(CHAT);
      await it.sees((data) => data.newest === 'there', 'the messages');
    },
    back: () => it.program.run(() => wx.navigateBack()),
    async write(text) {
      it.type('', text);
      await it.sees((data) => data.canSend, 'the button');
      it.program.top.send(tapped());
    },
    bubble: (text) => it.data.rows.find((row) => row.text === text),
    meta: (text, meta) => until(() => it.bubble(text)?.meta.includes(meta), `“${text}”: ${meta}`),
    texts: () => it.data.rows.map((row) => row.text),
    row: (name) => it.data.rows.find((row) => row.name === name),
    end: () => it.program?.end(),
  };
  phones.push(it);
  return it;
}
const phones = [];

let sdk;
before(async () => {
  sdk = await unpack();
});
after(async () => {
  await Promise.all(phones.map((it) => it.end()));
  await sdk?.end();
  await Promise.all(folders.map((it) => rm(it, { recursive: true, force: true, maxRetries: 3 })));
});

describe('what people do with it', () => {
  let root;
  let server;
  let count = 0;
  before(async () => {
    root = await projectWithSdk();
    server = await startServer();
  });
  after(() => server?.stop());

  /** Two people who have not met, logged in on their phones. */
  async function people() {
    count += 1;
    const all = [await phone(root), await phone(root)];
    const names = [`alice-${count}`, `bob-${count}`];
    for (const [index, it] of all.entries()) {
      it.name = names[index];
      await it.start();
      await it.enter(server.url, it.name);
    }
    return all;
  }
  /** Each row on the page on top has what the page's WXML shows of one. */
  async function complete({ program: { top } }) {
    const wxml = await readFile(join(DEMO, `${top.route}.wxml`), 'utf8');
    for (const path of pathsOf(wxml)) if (path.startsWith('item.')) for (const item of top.data.rows) assert.ok(has({ item }, path), path);
  }
  const quiet = (...all) => all.forEach((it) => assert.deepEqual(it.program.errors.map((error) => error.text), []));

  test('two people chat; badges come and go, and what was read is marked so', async () => {
    const [alice, bob] = await people();
    assert.deepEqual([alice.data.me, alice.data.rows], [alice.name, []]);
    await alice.begin(bob.name);
    assert.equal(alice.title, bob.name);
    assert.deepEqual([alice.data.rows, alice.data.complete, alice.data.canSend], [[], true, false]);
    alice.type('', '  ');
    assert.equal(alice.data.canSend, false, 'blanks are nothing to send');
    await alice.write('hello');
    assert.deepEqual([alice.data.text, alice.data.canSend], ['', false]);
    await alice.meta('hello', 'sent');
    await alice.write('are you there?');

    await bob.sees(() => bob.row(alice.name)?.badge === '2', 'a badge');
    assert.equal(bob.row(alice.name).preview, 'are you there?');
    assert.match(bob.row(alice.name).label, /2 unread/);
    await complete(bob);
    assert.equal(bob.title, 'Chats (2)');
    await bob.open(alice.name);
    assert.deepEqual(bob.texts(), ['hello', 'are you there?']);
    assert.deepEqual(bob.data.rows.map((row) => [row.flow, row.day, row.starts]), [['in', 'Today', true], ['in', '', false]]);
    await alice.meta('are you there?', 'read');
    await alice.meta('hello', 'read');
    await complete(bob);

    await bob.write('yes 😀');
    await alice.sees(() => alice.bubble('yes 😀')?.flow === 'in', 'the answer');
    await bob.meta('yes 😀', 'read');
    await bob.back();
    await bob.at(CHATS);
    await bob.sees(() => bob.row(alice.name)?.badge === '', 'no badge');
    assert.equal(bob.row(alice.name).preview, 'You: yes 😀');
    assert.equal(bob.title, 'Chats');
    quiet(alice, bob);
  });

  test('history comes page by page, in order', async () => {
    const [alice, bob] = await people();
    await alice.begin(bob.name);
    const all = Array.from({ length: 40 }, (_, index) => `message ${index}`);
    for (const text of all) await alice.write(text);
    await alice.meta('message 39', 'sent');
    assert.deepEqual(alice.texts(), all);
    await bob.sees(() => bob.row(alice.name)?.badge === '40', 'all of them');
    await bob.open(alice.name);
    assert.equal(bob.data.rows.length, 15);
    await bob.sees((data) => data.anchor === 'end', 'the newest in view');
    bob.program.top.scrolled({ detail: { deltaY: 80 } });
    const [first] = bob.data.rows;
    bob.program.top.loadOlder();
    await bob.sees((data) => data.rows.length === 30, 'an older page');
    assert.deepEqual([bob.data.anchor, bob.data.complete], [first.anchor, false]);
    await alice.write('one more');
    await bob.sees((data) => data.unseen === 1, 'the button that leads to the end');
    assert.equal(bob.data.anchor, first.anchor, 'what is read does not move');
    bob.program.top.loadOlder();
    await bob.sees((data) => data.complete, 'the beginning');
    assert.deepEqual(bob.texts(), [...all, 'one more']);
    bob.program.top.toEnd();
    await bob.sees((data) => data.anchor === 'end' && data.unseen === 0, 'the end');
    quiet(alice, bob);
  });

  test('without a network the list and the history are there, and what is written waits', async () => {
    const [alice, bob] = await people();
    await alice.begin(bob.name);
    await alice.write('before');
    await alice.meta('before', 'sent');
    await alice.program.background();
    await alice.kill();

    await server.stop();
    await alice.start();
    await alice.at(CHATS);
    await alice.sees((data) => data.known && /offline/.test(data.banner), 'the banner');
    assert.equal(alice.row(bob.name).preview, 'You: before');
    await alice.open(bob.name);
    assert.deepEqual(alice.texts(), ['before']);
    assert.match(alice.data.banner, /offline/);
    await alice.write('meanwhile');
    assert.match(alice.bubble('meanwhile').meta, /sending/);

    await server.start();
    await alice.sees((data) => data.banner === '', 'a connection');
    await alice.meta('meanwhile', 'sent');
    await bob.sees(() => bob.row(alice.name)?.preview === 'meanwhile', 'it arrives');
    await bob.open(alice.name);
    assert.deepEqual(bob.texts(), ['before', 'meanwhile']);
    quiet(alice, bob);
  });

  test('what failed says why, and can be sent again', async () => {
    const [alice] = await people();
    const late = `late-${alice.name}`;
    await alice.program.run((id) => wx.navigateTo({ url: `/pages/chat/chat?id=C2C${id}` }), late);
    await alice.sees((data) => data.newest === 'there', 'the messages');
    await alice.write('too early');
    await until(() => alice.bubble('too early').status === 'fail', 'the refusal');
    assert.match(alice.bubble('too early').reason, /^There is nobody|does not exist/);
    const other = await phone(root);
    await other.start();
    await other.enter(server.url, late);
    await alice.write('in between');
    await alice.meta('in between', 'sent');
    alice.program.top.resend(tapped({ id: alice.bubble('too early').id }));
    assert.deepEqual([alice.bubble('too early').status, alice.bubble('too early').reason], ['unSend', '']);
    await alice.meta('too early', 'sent');
    await other.sees(() => other.row(alice.name)?.badge === '2', 'both');
    await other.open(alice.name);
    assert.deepEqual([other.texts(), alice.texts()], [['in between', 'too early'], ['in between', 'too early']]);
    quiet(alice, other);
  });

  test('a second login throws the first one out, until it is asked for again', async () => {
    const [alice] = await people();
    const other = await phone(root);
    await other.start();
    await other.enter(server.url, alice.name);
    await alice.at(KICKED);
    assert.match(alice.data.reason, /somewhere else|another device/);
    assert.equal(alice.data.userID, alice.name);
    await alice.kill();
    await alice.start();
    await alice.at(KICKED);
    alice.program.top.again(tapped());
    await alice.at(CHATS);
    await other.at(KICKED);
    other.program.top.somebodyElse(tapped());
    await other.at(LOGIN);
    assert.equal(other.data.userID, alice.name, 'the form proposes the last user');
    quiet(alice, other);
  });

  test('who logs out stays so, and may log in as somebody else', async () => {
    const [alice] = await people();
    alice.program.top.logOut(tapped());
    await alice.at(LOGIN);
    await alice.kill();
    await alice.start();
    await alice.at(LOGIN);
    assert.deepEqual([alice.data.server, alice.data.userID], [server.url, alice.name]);
    await alice.enter(server.url, `carol-${count}`);
    assert.equal(alice.data.me, `carol-${count}`);
    quiet(alice);
  });

  test('what goes wrong is said in a sentence', async () => {
    const it = await phone(root);
    await it.start();
    await it.logIn('nonsense address', 'alice');
    assert.match(it.data.problems.server, /^Enter an address/);
    await it.logIn(server.url, 'al ice');
    assert.match(it.data.problems.userID, /spaces/);
    await it.logIn('http://127.0.0.1:9', 'alice');
    await it.sees((data) => data.failure, 'a sentence');
    assert.match(it.data.failure, /cannot be reached/);
    it.program.settings.urlCheck = true;
    await it.logIn('https://chat.example.org', 'alice');
    await it.sees((data) => /list of domains/.test(data.failure), 'a sentence');
    it.program.settings.urlCheck = false;
    await it.enter(server.url, 'alice');
    it.type('', 'nobody-at-all');
    await it.program.top.begin(tapped());
    assert.match(it.data.newProblem, /nobody with this user ID/);
    quiet(it);
  });

  test('where the server does not sign, the form asks for a UserSig', async () => {
    const it = await phone(root);
    // As a server without the development app would: it has no such address.
    await it.start({ wx: { request: ({ success }) => success({ statusCode: 404, data: '' }) } });
    await it.logIn(server.url, 'dora');
    await it.sees((data) => data.manual, 'the form');
    it.program.top.submit(tapped());
    assert.deepEqual([it.data.problems.SDKAppID, it.data.problems.userSig].every(Boolean), true);
    const { SDKAppID, userSig } = await (await fetch(`${server.url}/dev/usersig?userID=dora`)).json();
    it.type('SDKAppID', String(SDKAppID));
    it.type('userSig', userSig.slice(0, -9));
    it.program.top.submit(tapped());
    await it.sees((data) => data.failure, 'a sentence');
    assert.match(it.data.failure, /UserSig/);
    it.type('userSig', userSig);
    it.program.top.submit(tapped());
    await it.at(CHATS);
    await it.sees((data) => data.known, 'the list');
    quiet(it);
  });
});

describe('what it is made of', () => {
  const json = async (path) => JSON.parse(await readFile(join(DEMO, path), 'utf8'));
  const text = (path) => readFile(join(DEMO, path), 'utf8');

  test('every page of app.json has its four files, and every file its page', async () => {
    const { pages } = await json('app.json');
    for (const page of pages) for (const end of ['js', 'json', 'wxml', 'wxss']) await text(`${page}.${end}`);
    const folders = await readdir(join(DEMO, 'pages'));
    assert.deepEqual(folders.map((it) => `pages/${it}/${it}`).sort(), [...pages].sort());
  });

  test('every colour of app.json is in both themes', async () => {
    const themes = await json('theme.json');
    const names = [...(await text('app.json')).matchAll(/"@(\w+)"/g)].map(([, name]) => name).sort();
    for (const theme of ['light', 'dark']) assert.deepEqual(Object.keys(themes[theme]).sort(), names, theme);
  });

  test('handlers and data that a page names are there', async () => {
    const { pages } = await json('app.json');
    const root = await projectWithSdk();
    for (const page of pages) {
      const wxml = await text(`${page}.wxml`);
      const program = await startProgram({ root, home: await temporaryFolder(), open: page });
      const { top } = program;
      for (const [, name] of wxml.matchAll(/\b(?:bind|catch):?\w+="([^"]*)"/g)) assert.equal(typeof top[name], 'function', `${page}: ${name}`);
      for (const path of pathsOf(wxml)) if (!path.startsWith('item.')) assert.ok(has(top.data, path), `${page}: ${path}`);
      await program.end();
    }
  });

  test('the scripts need no compiler: they are ES2018, which the oldest client knows', async () => {
    const scripts = (await readdir(DEMO, { recursive: true })).filter((it) => it.endsWith('.js') && !OF_THIS_MACHINE.some((out) => it.startsWith(out)));
    assert.ok(scripts.length > 10);
    for (const path of scripts) {
      assert.ok(parse(await text(path), { ecmaVersion: 2018 }), path);
    }
  });
});

describe('WeChat’s own tools', () => {
  let built;
  let server;
  before(async () => {
    built = await project();
    await cp(sdk.home, join(built, 'node_modules/tim-wasm'), { recursive: true });
    server = await startServer();
  });
  after(() => server?.stop());

  test('build npm takes the SDK from the project’s dependencies', async () => {
    assert.deepEqual(await packNpm(built), []);
    const files = await readdir(join(built, 'miniprogram_npm/tim-wasm'));
    for (const name of ['index.js', 'mini.js', 'tim_wasm.wasm.br']) assert.ok(files.includes(name), name);
  });

  for (const [name, profile, setting] of [
    ['as it is', 'old', { es6: false, minify: false }],
    ['to ES5 and minified', 'timer-promise', { es6: true, es7: true, minify: true }],
  ]) {
    test(`the compiler takes it, ${name}, and what it makes runs`, async () => {
      const out = join(await temporaryFolder(), 'out');
      const files = await compile(built, out, setting);
      for (const page of [CHATS, CHAT, LOGIN, KICKED]) assert.ok(files.some((it) => it === `${page}.js`), page);
      assert.ok(files.includes('miniprogram_npm/tim-wasm/tim_wasm.wasm.br'));
      assert.equal(files.some((it) => /README|node_modules/.test(it)), false);
      const it = await phone(out);
      await it.start({ profile });
      await it.enter(server.url, profile);
      await it.begin(profile);
      await it.write('to myself');
      await it.meta('to myself', 'sent');
      assert.deepEqual(it.program.errors, []);
    });
  }
});
