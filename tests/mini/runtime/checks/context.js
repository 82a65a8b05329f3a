// What a program sees: the globals, and modules through `require`.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { start } from './start.js';

describe('the context', () => {
  const OF_HOST = [
    ...[
      'wx',
      'App',
      'Page',
      'Component',
      'Behavior',
      'getApp',
      'getCurrentPages',
      'console',
      'WXWebAssembly',
      'global',
    ],
    ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
  ];
  const ABSENT = [
    ...[
      'WebAssembly',
      'SharedArrayBuffer',
      'Atomics',
      'TextEncoder',
      'TextDecoder',
      'crypto',
      'performance',
      'queueMicrotask',
    ],
    ...[
      'URL',
      'Blob',
      'fetch',
      'indexedDB',
      'WebSocket',
      'XMLHttpRequest',
      'structuredClone',
      'setImmediate',
      'process',
      'Buffer',
    ],
    ...['window', 'document', 'self', 'navigator', 'location', 'localStorage', 'require', 'module'],
  ];

  test('has what the host gives and nothing else', async () => {
    const program = await start();
    for (const name of OF_HOST) assert.notEqual(program.run(`typeof ${name}`), 'undefined', name);
    for (const name of ABSENT) assert.equal(program.run(`typeof ${name}`), 'undefined', name);
    const language = program.run('Object.getOwnPropertyNames(globalThis)').filter((name) => !OF_HOST.includes(name));
    assert.deepEqual(
      language.filter((name) => !(name in globalThis)),
      [],
      'everything else is the language',
    );
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
    assert.deepEqual(
      [...(await start({}, files)).require('./look')],
      ['undefined', 'undefined', 'undefined', 'undefined'],
    );
    const faked = await start({ fakeWindow: true }, files);
    assert.deepEqual([...faked.require('./look')], ['object', 'object', 'undefined', 'undefined']);
    assert.equal(
      faked.run(() => Object.keys(window).length + Object.keys(navigator).length),
      0,
    );
  });

  test('a setting that does not exist is a mistake', async () => {
    await assert.rejects(start({ suspendafter: 1 }), /no setting/);
    await assert.rejects(start({ limits: { file: 1, fles: 1 } }), /no setting/);
    await assert.rejects(start({ profile: 'nokia' }), /no profile/);
  });

  test('what run gives back can be compared', async () => {
    const program = await start();
    assert.deepEqual(program.run('({ a: [1, { b: null }] })'), { a: [1, { b: null }] });
    assert.deepEqual(await program.run(async (x) => ({ x, own: x instanceof Object }), { y: 1 }), {
      x: { y: 1 },
      own: true,
    });
  });
});

describe('require', () => {
  test('finds files of the package and of miniprogram_npm, from the inside out', async () => {
    const program = await start(
      {},
      {
        'a.js': "module.exports = ['a', require('./lib').name, require('/lib/index.js').name]",
        'lib/index.js': "exports.name = require('tool') + require('../b')",
        'b.js': "module.exports = 'b'",
        'lib/miniprogram_npm/tool/index.js': "module.exports = 'inner '",
        'miniprogram_npm/tool/index.js': "module.exports = 'outer '",
        'miniprogram_npm/tim-wasm/index.js': "module.exports = 'index'",
        'miniprogram_npm/tim-wasm/mini.js': "module.exports = require('./index.js') + ' by mini'",
        'miniprogram_npm/tim-wasm/deep/index.js': "module.exports = require('tool')",
        'beside.js': "module.exports = require('b')",
      },
    );
    assert.deepEqual([...program.require('./a')], ['a', 'inner b', 'inner b']);
    assert.equal(program.require('tim-wasm'), 'index');
    assert.equal(program.require('tim-wasm/mini'), 'index by mini');
    assert.equal(program.require('tim-wasm/deep'), 'outer ');
    assert.equal(program.require('./beside'), 'b');
  });

  test('knows no other place', async () => {
    const program = await start(
      {},
      {
        'data.json': '{}',
        'node_modules/x/index.js': '',
        'miniprogram_npm/y/package.json': '{"main":"z.js"}',
        'miniprogram_npm/y/z.js': '',
      },
    );
    for (const name of ['fs', 'node:fs', 'x', 'y', './data.json', '../code/app', '/../code/app.js', './missing']) {
      assert.throws(() => program.require(name), /is not defined/, name);
    }
    assert.equal(
      program.run(() => {
        try {
          require('fs');
        } catch (error) {
          return error instanceof Error;
        }
      }),
      true,
    );
  });

  test('runs a module once, and again when it threw', async () => {
    const program = await start(
      {},
      {
        'count.js':
          'global.n = (global.n || 0) + 1; if (global.n === 1) throw new Error("first"); module.exports = global.n',
      },
    );
    assert.throws(() => program.require('./count'), /first/);
    assert.deepEqual([program.require('./count'), program.require('./count')], [2, 2]);
  });
});
