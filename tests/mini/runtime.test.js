// The simulated mini-program runtime itself: each limit that other tests rely on is one.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import wabt from 'wabt';
import { WebSocketServer } from 'ws';
import { codePackage } from './runtime/package.js';
import { PROFILE_NAMES } from './runtime/profiles.js';

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Looks until `look()` gives something true. */
async function until(look) {
  const deadline = Date.now() + 3000;
  while (!look()) {
    assert.ok(Date.now() < deadline, `${look} did not come true`);
    await wait(2);
  }
}

const packages = [];
after(() => Promise.all(packages.map((it) => it.end())));

function packed(files) {
  packages.push(codePackage(files));
  return packages.at(-1);
}

/** An otherwise empty program. */
const start = (options, files) => packed(files).start(options);

describe('the context', () => {
  const OF_HOST = [
    ...['wx', 'App', 'Page', 'Component', 'Behavior', 'getApp', 'getCurrentPages', 'console', 'WXWebAssembly', 'global'],
    ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
  ];
  const ABSENT = [
    ...['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'TextEncoder', 'TextDecoder', 'crypto', 'performance', 'queueMicrotask'],
    ...['URL', 'Blob', 'fetch', 'indexedDB', 'WebSocket', 'XMLHttpRequest', 'structuredClone', 'setImmediate', 'process', 'Buffer'],
    ...['window', 'document', 'self', 'navigator', 'location', 'localStorage', 'require', 'module'],
  ];

  test('has what the host gives and nothing else', async () => {
    const program = await start();
    for (const name of OF_HOST) assert.notEqual(program.run(`typeof ${name}`), 'undefined', name);
    for (const name of ABSENT) assert.equal(program.run(`typeof ${name}`), 'undefined', name);
    const language = program.run('Object.getOwnPropertyNames(globalThis)').filter((name) => !OF_HOST.includes(name));
    assert.deepEqual(language.filter((name) => !(name in globalThis)), [], 'everything else is the language');
  });

  test('runs no code from texts, but for the one that finds the global object', async () => {
    const program = await start();
    assert.throws(() => program.run("eval('1')"), { name: 'EvalError' });
    assert.throws(() => program.run("new Function('return 1')"), { name: 'EvalError' });
    assert.throws(() => program.run("setTimeout('1', 0)"), /expects a function/);
    assert.equal(program.run("new Function('return this')() === global"), true);
    assert.equal(program.run('(() => {}) instanceof Function'), true);
  });

  test('hides what a page would have in every module', async () => {
    const files = { 'look.js': 'module.exports = [typeof window, typeof document, typeof self, typeof WebSocket]' };
    assert.deepEqual([...(await start({}, files)).require('./look')], ['undefined', 'undefined', 'undefined', 'undefined']);
    const faked = await start({ fakeWindow: true }, files);
    assert.deepEqual([...faked.require('./look')], ['object', 'object', 'undefined', 'undefined']);
    assert.equal(faked.run(() => Object.keys(window).length + Object.keys(navigator).length), 0);
  });

  test('a setting that does not exist is a mistake', async () => {
    await assert.rejects(start({ suspendafter: 1 }), /no setting/);
    await assert.rejects(start({ limits: { file: 1, fles: 1 } }), /no setting/);
    await assert.rejects(start({ profile: 'nokia' }), /no profile/);
  });

  test('what run gives back can be compared', async () => {
    const program = await start();
    assert.deepEqual(program.run('({ a: [1, { b: null }] })'), { a: [1, { b: null }] });
    assert.deepEqual(await program.run(async (x) => ({ x, own: x instanceof Object }), { y: 1 }), { x: { y: 1 }, own: true });
  });
});

describe('require', () => {
  test('finds files of the package and of miniprogram_npm, from the inside out', async () => {
    const program = await start({}, {
      'a.js': "module.exports = ['a', require('./lib').name, require('/lib/index.js').name]",
      'lib/index.js': "exports.name = require('tool') + require('../b')",
      'b.js': "module.exports = 'b'",
      'lib/miniprogram_npm/tool/index.js': "module.exports = 'inner '",
      'miniprogram_npm/tool/index.js': "module.exports = 'outer '",
      'miniprogram_npm/tim-wasm/index.js': "module.exports = 'index'",
      'miniprogram_npm/tim-wasm/mini.js': "module.exports = require('./index.js') + ' by mini'",
      'miniprogram_npm/tim-wasm/deep/index.js': "module.exports = require('tool')",
      'beside.js': "module.exports = require('b')",
    });
    assert.deepEqual([...program.require('./a')], ['a', 'inner b', 'inner b']);
    assert.equal(program.require('tim-wasm'), 'index');
    assert.equal(program.require('tim-wasm/mini'), 'index by mini');
    assert.equal(program.require('tim-wasm/deep'), 'outer ');
    assert.equal(program.require('./beside'), 'b');
  });

  test('knows no other place', async () => {
    const program = await start({}, { 'data.json': '{}', 'node_modules/x/index.js': '', 'miniprogram_npm/y/package.json': '{"main":"z.js"}', 'miniprogram_npm/y/z.js': '' });
    for (const name of ['fs', 'node:fs', 'x', 'y', './data.json', '../code/app', '/../code/app.js', './missing']) {
      assert.throws(() => program.require(name), /is not defined/, name);
    }
    assert.equal(program.run(() => { try { require('fs'); } catch (error) { return error instanceof Error; } }), true);
  });

  test('runs a module once, and again when it threw', async () => {
    const program = await start({}, { 'count.js': 'global.n = (global.n || 0) + 1; if (global.n === 1) throw new Error("first"); module.exports = global.n' });
    assert.throws(() => program.require('./count'), /first/);
    assert.deepEqual([program.require('./count'), program.require('./count')], [2, 2]);
  });
});

describe('WXWebAssembly', async () => {
  const { parseWat } = await wabt();
  const wasm = (text) => Buffer.from(parseWat('x.wat', text, { reference_types: true, sign_extension: true, multi_value: true, bulk_memory: true, sat_float_to_int: true }).toBinary({}).buffer);
  const PLAIN = wasm('(module (import "./x.js" "add" (func $add (param i32) (result i32))) (memory (export "memory") 1) (func (export "run") (result i32) (call $add (i32.const 41))) (func (export "trap") unreachable))');
  const NEWER = {
    'sign.wasm': wasm('(module (func (export "f") (param i32) (result i32) (i32.extend8_s (local.get 0))))'),
    'multi.wasm': wasm('(module (func (export "f") (result i32 i32) (i32.const 1) (i32.const 2)))'),
    'bulk.wasm': wasm('(module (memory 1) (func (export "f") (memory.fill (i32.const 0) (i32.const 1) (i32.const 2))))'),
    'saturate.wasm': wasm('(module (func (export "f") (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0))))'),
    'extern.wasm': wasm('(module (table (export "t") 1 externref))'),
    'mutable.wasm': wasm('(module (global $g (mut i32) (i32.const 1)) (export "g" (global $g)))'),
    'global.wasm': wasm('(module (global (export "g") i32 (i32.const 1)))'),
    'table.wasm': wasm('(module (table (export "t") 1 funcref))'),
  };
  const files = {
    'plain.wasm': PLAIN,
    'sub/small.wasm.br': brotliCompressSync(PLAIN),
    'broken.wasm': 'no module',
    'empty.wasm': '',
    'plain.bin': PLAIN,
    ...NEWER,
  };

  /** What becomes of an instantiation, as data. */
  const load = (program, path, imports = { './x.js': 'plain' }) =>
    program.run(
      (it, kind) => {
        const add = (x) => x + 1;
        const members = kind === 'getter' ? Object.defineProperty({}, 'add', { enumerable: true, get: () => add }) : { add };
        return WXWebAssembly.instantiate(it, { './x.js': members }).then(
          (result) => {
            const { exports } = result.instance || result;
            return { keys: Object.keys(result).sort(), sum: exports.run && exports.run(), own: exports.memory && exports.memory.buffer instanceof ArrayBuffer };
          },
          (error) => ({ name: error.name, message: error.message, own: error instanceof Error }),
        );
      },
      path,
      imports['./x.js'],
    );

  test('loads plain and packed files by their absolute path', async () => {
    for (const profile of ['android', 'ios', 'instance', 'timer-promise', 'old']) {
      const program = await start({ profile }, files);
      for (const path of ['/plain.wasm', '/sub/small.wasm.br']) {
        const { keys, sum, own } = await load(program, path);
        assert.equal(sum, 42);
        assert.deepEqual(keys, profile === 'instance' ? [] : ['instance', 'module']);
        assert.equal(own, ['android', 'instance'].includes(profile), profile);
      }
    }
  });

  test('is absent without WebAssembly', async () => {
    assert.equal((await start({ profile: 'no-wasm' })).run('typeof WXWebAssembly'), 'undefined');
  });

  test('takes nothing but such a path', async () => {
    const program = await start({}, files);
    const bad = ['plain.wasm', './plain.wasm', '/missing.wasm', '/empty.wasm', '/broken.wasm', '/plain.bin', '/../code/plain.wasm'];
    for (const path of [...bad, 'wxfile://usr/plain.wasm', 'http://127.0.0.1/plain.wasm', [0, 97, 115, 109]]) {
      const { message, own } = await load(program, path);
      assert.ok(message && own, `${path}: ${message}`);
    }
    assert.match((await load(program, 'wxfile://usr/plain.wasm')).message, /not support wxfile: or http: path/);
    assert.match((await load(program, '/missing.wasm')).message, /expected a module of at least 8 bytes/);
    assert.deepEqual(program.run('Object.keys(WXWebAssembly).filter((it) => /compile$|validate|Streaming/.test(it))'), []);
  });

  test('refuses imports that are accessors', async () => {
    const program = await start({}, files);
    assert.match((await load(program, '/plain.wasm', { './x.js': 'getter' })).message, /'add' is not a Function/);
  });

  test('takes WebAssembly 1.0 only, where it is strict', async () => {
    const [strict, current] = [await start({ profile: 'ios' }, files), await start({}, files)];
    for (const name of Object.keys(NEWER)) {
      const refused = await load(strict, `/${name}`);
      assert.ok(refused.message, `${name} is refused`);
      assert.deepEqual((await load(current, `/${name}`)).keys, ['instance', 'module'], name);
    }
    assert.match((await load(strict, '/sign.wasm')).message, /invalid wasm file/);
    assert.match((await load(strict, '/global.wasm')).message, /Global is not supported/);
  });

  test('can fail a few times and work then', async () => {
    const program = await start({}, files);
    program.fault('WXWebAssembly.instantiate', { times: 2, errMsg: 'CompileError' });
    assert.ok((await load(program, '/plain.wasm')).message);
    assert.ok((await load(program, '/plain.wasm')).message);
    assert.equal((await load(program, '/plain.wasm')).sum, 42);
  });
});

describe('profiles', () => {
  test('every one runs a program without errors', async () => {
    for (const profile of PROFILE_NAMES) {
      const program = await start({ profile }, { 'app.js': 'App({ onLaunch() { this.x = Promise.resolve(1) } })' });
      assert.equal(await program.run('getApp().x'), 1);
      assert.deepEqual(program.errors, []);
    }
  });

  test('timer-promise: each reaction is a task of its own', async () => {
    const program = await start({ profile: 'timer-promise' });
    const order = await program.run(
      () =>
        new Promise((done) => {
          const seen = [];
          Promise.resolve().then(() => seen.push('first')).then(() => seen.push('second')).then(() => done(seen));
          setTimeout(() => seen.push('timer'), 0);
        }),
    );
    assert.deepEqual(order, ['first', 'timer', 'second']);
    assert.equal(program.run('(async () => {})() instanceof Promise'), false, 'async functions are native');
    assert.equal(program.run("wx.getNetworkType() instanceof Promise && typeof Promise.any === 'undefined'"), true);
  });

  test('timer-promise: does what a promise must', async () => {
    const program = await start({ profile: 'timer-promise' });
    const result = await program.run(async () => {
      const thenable = { then: (resolve) => { resolve('thenable'); throw new Error('too late'); } };
      const settled = await Promise.allSettled([1, Promise.reject('no'), thenable]);
      const all = await Promise.all([Promise.resolve(1), 2, new Promise((resolve) => setTimeout(resolve, 3, 3))]);
      const race = await Promise.race([new Promise(() => {}), Promise.resolve('winner')]);
      const circle = new Promise((resolve) => setTimeout(() => resolve(circle), 0));
      const caught = await circle.catch((error) => error.name);
      const late = await Promise.reject('x').finally(() => 'ignored').catch((it) => it);
      const nested = await Promise.resolve(new Promise((resolve) => resolve(Promise.resolve('deep'))));
      const empty = await Promise.all([]);
      return { settled, all, race, caught, late, nested, empty };
    });
    assert.deepEqual(result, {
      settled: [{ status: 'fulfilled', value: 1 }, { status: 'rejected', reason: 'no' }, { status: 'fulfilled', value: 'thenable' }],
      all: [1, 2, 3],
      race: 'winner',
      caught: 'TypeError',
      late: 'x',
      nested: 'deep',
      empty: [],
    });
  });

  test('old: newer things are gone', async () => {
    const program = await start({ profile: 'old' });
    const gone = ['BigInt', 'Proxy', 'WeakRef', 'FinalizationRegistry', 'Atomics', 'structuredClone', 'Object.hasOwn', 'Promise.any', '[].at', '[].findLast', "''.at", "''.replaceAll", 'new Uint8Array(1).at'];
    for (const name of gone) assert.equal(program.run(`typeof ${name}`), 'undefined', name);
    const error = program.run("new TypeError('text', { cause: 1 })");
    assert.deepEqual([error.message, 'cause' in error, error.name], ['text', false, 'TypeError']);
    assert.equal(program.run("new TypeError('x') instanceof Error && Error('x') instanceof Error && !(new Error('x') instanceof TypeError)"), true);
    assert.equal(program.run("class Own extends Error {}; new Own('x') instanceof Own"), true);
    assert.equal(program.run('try { null.x } catch (error) { error instanceof TypeError }'), true);
  });
});

describe('sockets', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: (all) => [...all][0] });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `ws://127.0.0.1:${server.address().port}/path`;
  /** What the server saw, newest connection last. */
  const connections = [];
  server.on('connection', (socket, request) => {
    const it = { socket, request, received: [], closed: undefined };
    connections.push(it);
    socket.on('close', (code, reason) => Object.assign(it, { closed: { code, reason: String(reason) } }));
    socket.on('message', (data, isBinary) => {
      it.received.push(isBinary ? data : String(data));
      if (String(data) === 'close me') socket.close(4001, 'as you like');
      else socket.send(data, { binary: isBinary });
    });
  });
  after(() => {
    server.clients.forEach((it) => it.terminate());
    server.close();
  });

  /** Opens a socket in the program and collects what it hears in `global[name]`. */
  const open = (program, name = 's', given = { url }) =>
    program.run(
      (key, options) => {
        const seen = [];
        const task = wx.connectSocket({ ...options, success: () => seen.push('success'), fail: (it) => seen.push(it.errMsg) });
        task.onOpen((it) => seen.push(['open', typeof it.header]));
        task.onMessage(({ data }) => seen.push(typeof data === 'string' ? data : data));
        task.onError((it) => seen.push(['error', it.errMsg]));
        task.onClose(({ code, reason }) => seen.push(['close', code, reason]));
        global[key] = { task, seen };
      },
      name,
      given,
    );
  const seen = (program, name = 's') => program.run(`global.${name}.seen`);
  const isOpen = (program, name = 's') => () => program.run(`global.${name}.task.readyState`) === 1;
  const opened = async (options, name) => {
    const program = await start(options);
    open(program, name);
    await until(isOpen(program, name));
    return program;
  };
  const send = (program, data, name = 's') =>
    program.run((key, it) => new Promise((resolve) => global[key].task.send({ data: it, success: resolve, fail: resolve })), name, data);
  const close = (program, given, name = 's') =>
    program.run((key, it) => new Promise((resolve) => global[key].task.close({ ...it, success: resolve, fail: resolve })), name, given);

  test('carry texts and bytes, and nothing happens in the turn of a call', async () => {
    const program = await start();
    open(program, 's', { url, protocols: ['tim.v1'], header: { 'x-own': 'yes' } });
    assert.deepEqual(seen(program), []);
    assert.equal(program.run('s = global.s.task; s.readyState'), 0);
    await until(isOpen(program));
    assert.deepEqual(await send(program, 'text 😀'), { errMsg: 'sendSocketMessage:ok' });
    await program.run(() => new Promise((success) => global.s.task.send({ data: new Uint8Array([1, 2, 3]).buffer, success })));
    await until(() => seen(program).length === 4);
    const [success, up, text, bytes] = seen(program);
    assert.deepEqual([success, up, text, [...new Uint8Array(bytes)]], ['success', ['open', 'object'], 'text 😀', [1, 2, 3]]);
    assert.equal(program.run('global.s.seen[3] instanceof ArrayBuffer'), false, 'data comes from another realm');
    const { request } = connections.at(-1);
    assert.deepEqual([request.headers['x-own'], request.headers['sec-websocket-protocol'], request.headers.origin], ['yes', 'tim.v1', undefined]);
    assert.match(request.headers.referer, /^https:\/\/servicewechat\.com\//);
  });

  test('close with the codes that an app may use', async () => {
    const program = await opened();
    for (const code of [1001, 1006, 2999, 5000]) assert.match((await close(program, { code })).errMsg, /closeSocket:fail .*1000/);
    assert.deepEqual(await close(program, { code: 3001, reason: 'bye' }), { errMsg: 'closeSocket:ok' });
    await until(() => seen(program).length === 3);
    assert.deepEqual(seen(program).at(-1), ['close', 3001, 'bye']);
    assert.deepEqual(connections.at(-1).closed, { code: 3001, reason: 'bye' });
    assert.equal(program.run('global.s.task.readyState'), 3);
    assert.match((await send(program, 'x')).errMsg, /readyState is not OPEN/);
  });

  test('are told when the server closes', async () => {
    const program = await opened();
    await send(program, 'close me');
    await until(() => seen(program).length === 3);
    assert.deepEqual(seen(program).at(-1), ['close', 4001, 'as you like']);
  });

  test('refuse views, and sending before they are open', async () => {
    const program = await start();
    open(program);
    assert.match((await send(program, 'early')).errMsg, /SocketTask.readyState is not OPEN/);
    await until(isOpen(program));
    const view = await program.run(() => new Promise((fail) => global.s.task.send({ data: new Uint8Array(3), fail })));
    assert.match(view.errMsg, /sendSocketMessage:fail .*Uint8Array/);
  });

  test('are five at most', async () => {
    const program = await start();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) open(program, name);
    await until(isOpen(program, 'e'));
    assert.equal(program.sockets, 5);
    assert.deepEqual(seen(program, 'f'), ['connectSocket:fail exceed max task count']);
    await close(program, {}, 'a');
    await until(() => program.sockets === 4);
    open(program, 'g');
    await until(isOpen(program, 'g'));
  });

  test('say it in the client’s way when there is no server', async () => {
    const nobody = { url: 'ws://127.0.0.1:9' };
    const android = await start();
    open(android, 's', nobody);
    await until(() => seen(android).length === 3);
    assert.deepEqual(seen(android).map((it) => it[0]), ['s', 'error', 'close']);
    const ios = await start({ profile: 'ios' });
    open(ios, 's', nobody);
    await until(() => seen(ios).length === 2);
    assert.equal(ios.sockets, 0);
  });

  test('go to listed domains only, when addresses are checked', async () => {
    const names = { 'chat.example.org': new URL(url).host };
    const program = await start({ urlCheck: true, socketDomains: ['wss://chat.example.org'], names });
    const refused = { a: url, b: 'wss://other.example.org', c: 'ws://chat.example.org', d: 'wss://127.0.0.1:1' };
    for (const [name, address] of Object.entries(refused)) open(program, name, { url: address });
    open(program, 'good', { url: 'wss://chat.example.org:8443/x' });
    await until(isOpen(program, 'good'));
    for (const name of Object.keys(refused)) assert.deepEqual(seen(program, name), ['connectSocket:fail url not in domain list']);
    open(program, 'bad', { url: 'nonsense' });
    await until(() => seen(program, 'bad').length);
    assert.match(seen(program, 'bad')[0], /connectSocket:fail invalid url/);
  });

  test('die in the background and say so on return', async () => {
    for (const [profile, expected] of [['android', ['close', 1000, 'interrupted']], ['ios', ['close', 1006, 'abnormal closure']]]) {
      const program = await opened({ profile, suspendAfter: 20, socketsDieAfter: 40 });
      await program.background();
      await until(() => program.sockets === 0);
      await wait(20);
      assert.equal(seen(program).length, 2, 'nothing is said to a stopped program');
      assert.ok(connections.at(-1).closed, 'the server knows');
      await program.foreground();
      assert.deepEqual(seen(program).at(-1), expected);
    }
  });

  test('can die in the background without a word', async () => {
    const program = await opened({ suspendAfter: 10, socketsDieAfter: 20, closeNeverFires: true });
    await program.background();
    await wait(40);
    await program.foreground();
    assert.deepEqual([isOpen(program)(), program.sockets], [true, 1], 'it still looks open');
    assert.equal((await send(program, 'lost')).errMsg, 'sendSocketMessage:ok');
    assert.equal((await close(program)).errMsg, 'closeSocket:ok');
    await wait(20);
    assert.deepEqual([seen(program).length, program.sockets], [2, 0]);
    assert.deepEqual(connections.at(-1).received, []);
  });

  test('live on when the program comes back in time', async () => {
    const program = await opened({ suspendAfter: 10, socketsDieAfter: 1000 });
    await program.background();
    connections.at(-1).socket.send('while away');
    await wait(20);
    assert.equal(seen(program).length, 2);
    await program.foreground();
    assert.equal(seen(program).at(-1), 'while away');
    await send(program, 'back');
    await until(() => seen(program).at(-1) === 'back');
  });

  test('cannot be opened right after the return, when the client is like that', async () => {
    const program = await start({ suspendAfter: 5, refusedOnReturn: 40 });
    await program.background();
    await program.foreground();
    open(program);
    await until(() => seen(program).length);
    assert.match(seen(program)[0], /^connectSocket:fail jsapi has no permission, event=.*suspend state$/);
    await wait(50);
    open(program, 'later');
    await until(isOpen(program, 'later'));
  });

  test('are lost with the network, at once or after a while', async () => {
    const program = await opened();
    await program.network(false);
    assert.deepEqual(seen(program).at(-1), ['close', 1006, 'abnormal closure']);
    assert.equal(connections.at(-1).closed, undefined, 'the server does not know yet');
    open(program, 'off');
    await until(() => seen(program, 'off').length === 3);
    assert.equal(seen(program, 'off')[1][0], 'error');
    await program.network(true);
    await until(() => connections.at(-1).closed);

    const slow = await opened({ networkLossAfter: 60 });
    await slow.network(true, '4g');
    assert.equal((await send(slow, 'lost')).errMsg, 'sendSocketMessage:ok');
    connections.at(-1).socket.send('lost, too');
    await wait(30);
    assert.equal(seen(slow).length, 2);
    await until(() => seen(slow).length === 3);
    assert.deepEqual(connections.at(-1).received, []);
  });

  test('fail as a test wants it', async () => {
    const program = await start({ faults: { connectSocket: { times: 1, errMsg: 'no luck' } } });
    open(program);
    await until(() => seen(program).length);
    assert.deepEqual([seen(program), program.sockets], [['connectSocket:fail no luck'], 0]);
    open(program, 'good');
    await until(isOpen(program, 'good'));
    const fault = program.fault('SocketTask.send', { match: /secret/ });
    assert.equal((await send(program, 'secret', 'good')).errMsg, 'sendSocketMessage:fail system error');
    assert.equal((await send(program, 'open', 'good')).errMsg, 'sendSocketMessage:ok');
    assert.equal(fault.hits, 1);
  });
});
