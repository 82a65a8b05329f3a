// `WXWebAssembly`: which files it takes, which modules, and what it gives.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import wabt from 'wabt';
import { start } from './start.js';

describe('WXWebAssembly', async () => {
  const { parseWat } = await wabt();
  const wasm = (text) =>
    Buffer.from(
      parseWat('x.wat', text, {
        reference_types: true,
        sign_extension: true,
        multi_value: true,
        bulk_memory: true,
        sat_float_to_int: true,
      }).toBinary({}).buffer,
    );
  const PLAIN = wasm(`(module
    (import "./x.js" "add" (func $add (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32) (call $add (i32.const 41)))
    (func (export "trap") unreachable))`);
  const NEWER = {
    'sign.wasm': wasm('(module (func (export "f") (param i32) (result i32) (i32.extend8_s (local.get 0))))'),
    'multi.wasm': wasm('(module (func (export "f") (result i32 i32) (i32.const 1) (i32.const 2)))'),
    'bulk.wasm': wasm(
      '(module (memory 1) (func (export "f") (memory.fill (i32.const 0) (i32.const 1) (i32.const 2))))',
    ),
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
  const load = (program, path, imports = 'plain') =>
    program.run(
      (it, kind) => {
        const add = (x) => x + 1;
        const members =
          kind === 'getter' ? Object.defineProperty({}, 'add', { enumerable: true, get: () => add }) : { add };
        return WXWebAssembly.instantiate(it, { './x.js': members }).then(
          (result) => {
            const { exports } = result.instance || result;
            return {
              keys: Object.keys(result).sort(),
              sum: exports.run && exports.run(),
              own: exports.memory && exports.memory.buffer instanceof ArrayBuffer,
            };
          },
          (error) => ({ name: error.name, message: error.message, own: error instanceof Error }),
        );
      },
      path,
      imports,
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
    const bad = [
      'plain.wasm',
      './plain.wasm',
      '/missing.wasm',
      '/empty.wasm',
      '/broken.wasm',
      '/plain.bin',
      '/../code/plain.wasm',
    ];
    for (const path of [...bad, 'wxfile://usr/plain.wasm', 'http://127.0.0.1/plain.wasm', [0, 97, 115, 109]]) {
      const { message, own } = await load(program, path);
      assert.ok(message && own, `${path}: ${message}`);
    }
    assert.match((await load(program, 'wxfile://usr/plain.wasm')).message, /not support wxfile: or http: path/);
    assert.match((await load(program, '/missing.wasm')).message, /expected a module of at least 8 bytes/);
    assert.deepEqual(
      program.run('Object.keys(WXWebAssembly).filter((it) => /compile$|validate|Streaming/.test(it))'),
      [],
    );
  });

  test('refuses imports that are accessors', async () => {
    const program = await start({}, files);
    assert.match((await load(program, '/plain.wasm', 'getter')).message, /'add' is not a Function/);
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

  test('a trap is an error that the program can catch', async () => {
    for (const profile of ['android', 'ios']) {
      const program = await start({ profile }, files);
      const caught = await program.run(async () => {
        const { instance } = await WXWebAssembly.instantiate('/plain.wasm', { './x.js': { add: () => 0 } });
        try {
          instance.exports.trap();
        } catch (error) {
          return [error.name, error instanceof WXWebAssembly.RuntimeError, error instanceof Error];
        }
      });
      assert.deepEqual(caught, ['RuntimeError', true, profile === 'android']);
    }
  });

  test('can fail a few times and work then', async () => {
    const program = await start({}, files);
    program.fault('WXWebAssembly.instantiate', { times: 2, errMsg: 'CompileError' });
    assert.ok((await load(program, '/plain.wasm')).message);
    assert.ok((await load(program, '/plain.wasm')).message);
    assert.equal((await load(program, '/plain.wasm')).sum, 42);
  });
});
