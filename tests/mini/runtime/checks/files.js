// Files: what the functions do, refuse and answer, the room there is, and faults.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packed, start, wait } from './start.js';

describe('files', () => {
  /** What becomes of a call with callbacks. */
  const call = (program, name, given) =>
    program.run(
      (it, argument) =>
        new Promise((resolve) => {
          wx.getFileSystemManager()[it]({
            ...argument,
            success: (result) => resolve({ ok: true, ...result }),
            fail: resolve,
          });
        }),
      name,
      given,
    );
  const usr = (program) => program.run('wx.env.USER_DATA_PATH');
  const text = (program, filePath) => call(program, 'readFile', { filePath, encoding: 'utf8' }).then((it) => it.data);

  test('are read, written and moved', async () => {
    const program = await start();
    const at = usr(program);
    const file = `${at}/a/b/x`;
    assert.equal((await call(program, 'mkdir', { dirPath: `${at}/a/b`, recursive: true })).errMsg, 'mkdir:ok');
    assert.equal((await call(program, 'writeFile', { filePath: file, data: 'one' })).errMsg, 'writeFile:ok');
    assert.equal((await call(program, 'appendFile', { filePath: file, data: ' two 😀' })).errMsg, 'appendFile:ok');
    assert.equal(await text(program, file), 'one two 😀');
    assert.equal((await call(program, 'rename', { oldPath: file, newPath: `${at}/a/y` })).errMsg, 'rename:ok');
    assert.equal((await call(program, 'copyFile', { srcPath: `${at}/a/y`, destPath: file })).ok, true);
    assert.deepEqual((await call(program, 'readdir', { dirPath: `${at}/a` })).files.sort(), ['b', 'y']);
    const { size, digest } = await call(program, 'getFileInfo', { filePath: file });
    assert.deepEqual([size, digest], [12, createHash('md5').update('one two 😀').digest('hex')]);
    const stats = program.run((path) => {
      const one = wx.getFileSystemManager().statSync(path);
      return [one.isFile(), one.isDirectory(), one.size];
    }, file);
    assert.deepEqual(stats, [true, false, 12]);
    assert.deepEqual(
      (await call(program, 'stat', { path: `${at}/a`, recursive: true })).stats.map((it) => it.path),
      ['/', '/b', '/b/x', '/y'],
    );
    assert.equal((await call(program, 'unlink', { filePath: file })).ok, true);
    assert.equal((await call(program, 'rmdir', { dirPath: `${at}/a`, recursive: true })).ok, true);
    assert.equal((await call(program, 'access', { path: `${at}/a` })).errno, 1300002);
  });

  test('a rename replaces what was there', async () => {
    const program = await start();
    const at = usr(program);
    await call(program, 'writeFile', { filePath: `${at}/x`, data: 'old' });
    await call(program, 'writeFile', { filePath: `${at}/x.tmp`, data: 'new' });
    await call(program, 'rename', { oldPath: `${at}/x.tmp`, newPath: `${at}/x` });
    assert.equal(await text(program, `${at}/x`), 'new');
  });

  test('failures have the host’s numbers and texts', async () => {
    const program = await start();
    const at = usr(program);
    await call(program, 'mkdir', { dirPath: `${at}/d` });
    await call(program, 'writeFile', { filePath: `${at}/d/f`, data: '12345' });
    const failures = [
      [
        'appendFile',
        { filePath: `${at}/none`, data: 'x' },
        1300002,
        /^appendFile:fail no such file or directory, open/,
      ],
      ['writeFile', { filePath: `${at}/no/folder`, data: 'x' }, 1300002, /^writeFile:fail no such file/],
      ['readFile', { filePath: `${at}/none` }, 1300002, /^readFile:fail no such file/],
      ['rename', { oldPath: `${at}/none`, newPath: `${at}/x` }, 1300002, /^rename:fail/],
      ['unlink', { filePath: `${at}/none` }, 1300002, /^unlink:fail/],
      ['unlink', { filePath: `${at}/d` }, 1300001, /operation not permitted/],
      ['readFile', { filePath: `${at}/d` }, 1301003, /illegal operation on a directory/],
      ['mkdir', { dirPath: `${at}/d` }, 1301005, /file already exists/],
      ['mkdir', { dirPath: `${at}/d`, recursive: true }, 1301005, /file already exists/],
      ['mkdir', { dirPath: `${at}/e/f` }, 1300002, /no such file/],
      ['rmdir', { dirPath: `${at}/d` }, 1300066, /directory not empty/],
      ['rmdir', { dirPath: `${at}/e` }, 1300002, /no such file/],
      ['readdir', { dirPath: `${at}/d/f` }, 1300020, /not a directory/],
      ['readFile', { filePath: `${at}/d/f`, position: 5 }, 1301009, /position is out of range/],
      ['readFile', { filePath: `${at}/d/f`, length: 6 }, 1301006, /length is out of range/],
      ['writeFile', { filePath: '/elsewhere', data: 'x' }, 1300013, /permission denied/],
      ['writeFile', { filePath: `${at}/../elsewhere`, data: 'x' }, 1300013, /permission denied/],
      ['readFile', { filePath: '/../home/files/d/f' }, 1300002, /no such file/],
      ['writeFile', { filePath: `${at}/x`, data: 'x', encoding: 'utf9' }, 1001, /invalid encoding/],
      ['readFile', {}, 1001, /parameter.filePath should be String instead of Undefined/],
    ];
    for (const [name, given, errno, said] of failures) {
      const result = await call(program, name, given);
      assert.deepEqual(
        [result.ok, result.errno],
        [undefined, errno],
        `${name} ${JSON.stringify(given)}: ${result.errMsg}`,
      );
      assert.match(result.errMsg, said);
    }
  });

  test('Sync variants return or throw', async () => {
    const program = await start();
    const result = program.run(() => {
      const files = wx.getFileSystemManager();
      const path = `${wx.env.USER_DATA_PATH}/x`;
      const seen = [
        files.writeFileSync(path, 'abc', 'utf8'),
        files.readFileSync(path, 'utf8', 1, 2),
        files.accessSync(path),
      ];
      try {
        files.appendFileSync(`${path}y`, 'x');
      } catch (error) {
        seen.push(error instanceof Error, error.errno, error.message);
      }
      return seen;
    });
    assert.deepEqual(result.slice(0, 5), [undefined, 'bc', undefined, true, 1300002]);
    assert.match(result[5], /^appendFileSync:fail no such file/);
  });

  test('bytes go in as an ArrayBuffer and come out as one of another realm', async () => {
    const program = await start();
    const result = await program.run(async () => {
      const files = wx.getFileSystemManager();
      const filePath = `${wx.env.USER_DATA_PATH}/x`;
      const bytes = new Uint8Array([0, 1, 254, 255]);
      const writing = files.writeFile({ filePath, data: bytes.buffer });
      bytes.fill(7);
      await writing;
      const view = await files.writeFile({ filePath, data: bytes }).catch((error) => error.errMsg);
      const { data } = await files.readFile({ filePath, position: 1, length: 2 });
      const base64 = files.readFileSync(filePath, 'base64');
      return { view, own: data instanceof ArrayBuffer, read: [...new Uint8Array(data)], base64, size: data.byteLength };
    });
    assert.match(result.view, /writeFile:fail .*instead of Uint8Array/);
    assert.deepEqual({ ...result, view: '' }, { view: '', own: false, read: [1, 254], base64: 'AAH+/w==', size: 2 });
  });

  test('there is room for so much', async () => {
    const program = await start({ limits: { files: 1000, file: 600 } });
    const at = usr(program);
    const full = { errno: 1300202, errMsg: 'writeFile:fail the maximum size of the file storage limit is exceeded' };
    const write = (name, length) => call(program, 'writeFile', { filePath: `${at}/${name}`, data: 'x'.repeat(length) });
    assert.equal((await write('a', 600)).ok, true);
    assert.deepEqual(await write('a', 601), { ...full, errCode: 1300202 });
    assert.equal((await write('b', 400)).ok, true);
    assert.equal((await write('c', 1)).errno, 1300202);
    assert.equal((await call(program, 'appendFile', { filePath: `${at}/b`, data: 'x' })).errno, 1300202);
    assert.equal((await call(program, 'copyFile', { srcPath: `${at}/b`, destPath: `${at}/c` })).errno, 1300202);
    assert.equal((await write('b', 300)).ok, true, 'what gets smaller always fits');
    assert.equal((await write('c', 100)).ok, true);
    await call(program, 'unlink', { filePath: `${at}/a` });
    assert.equal((await write('d', 600)).ok, true);
    program.settings.limits.files = 2000;
    assert.equal((await write('e', 600)).ok, true);
  });

  test('survive the program; temporary ones do not', async () => {
    const app = packed({ 'own.txt': 'of the package' });
    for (const profile of ['android', 'old']) {
      const first = await app.start({ profile });
      await call(first, 'writeFile', { filePath: `${usr(first)}/kept`, data: 'still here' });
      const chosen = first.temporaryFile('photo.jpg', Buffer.from('picture'));
      assert.equal(await text(first, chosen), 'picture');
      assert.equal((await call(first, 'writeFile', { filePath: chosen, data: 'x' })).errno, 1300013);
      assert.equal(await text(first, '/own.txt'), 'of the package');
      await first.end();
      const second = await app.start({ profile });
      assert.equal(await text(second, `${usr(second)}/kept`), 'still here');
      assert.equal((await call(second, 'access', { path: chosen })).errno, 1300002);
    }
  });

  test('take effect in the order of the calls, unless a test asks for another', async () => {
    const order = async (disorder) => {
      const program = await start({ disorder });
      return program.run(async () => {
        const filePath = `${wx.env.USER_DATA_PATH}/x`;
        const files = wx.getFileSystemManager();
        files.writeFileSync(filePath, '');
        await Promise.all([...'abcdefgh'].map((data) => files.appendFile({ filePath, data })));
        return files.readFileSync(filePath, 'utf8');
      });
    };
    assert.equal(await order(), 'abcdefgh');
    assert.notEqual(await order(1), 'abcdefgh');
  });

  test('fail as a test wants it', async () => {
    const program = await start();
    const at = usr(program);
    const write = (name, data = 'x') => call(program, 'writeFile', { filePath: `${at}/${name}`, data });
    const fault = program.fault('writeFile', { errno: 1300202, times: 2, match: /bad/ });
    assert.equal((await write('good')).ok, true);
    assert.match((await write('bad')).errMsg, /maximum size/);
    assert.equal((await write('bad')).errno, 1300202);
    assert.equal((await write('bad')).ok, true);
    assert.equal(fault.hits, 2);
    program.fault('appendFile', { errMsg: 'out of luck', done: 3 });
    assert.equal(
      (await call(program, 'appendFile', { filePath: `${at}/good`, data: 'abcdef' })).errMsg,
      'appendFile:fail out of luck',
    );
    assert.equal(await text(program, `${at}/good`), 'xabc');
    const always = program.fault('rename', { errno: 1300001, done: true });
    assert.equal((await call(program, 'rename', { oldPath: `${at}/good`, newPath: `${at}/moved` })).errno, 1300001);
    assert.equal(await text(program, `${at}/moved`), 'xabc');
    always.end();
    assert.equal((await call(program, 'rename', { oldPath: `${at}/moved`, newPath: `${at}/good` })).ok, true);
    program.fault('readFile', { slow: 30 });
    const before = Date.now();
    assert.equal(await text(program, `${at}/good`), 'xabc');
    assert.ok(Date.now() - before >= 29);
    assert.throws(() => program.fault('readFile', { error: 1 }), /a fault has no/);
  });

  test('a torn append: a part is written and the program is killed', async () => {
    const app = packed();
    const program = await app.start();
    const at = usr(program);
    await call(program, 'writeFile', { filePath: `${at}/log`, data: 'whole ' });
    program.fault('appendFile', { done: 2, kill: true });
    call(program, 'appendFile', { filePath: `${at}/log`, data: 'torn' });
    call(program, 'writeFile', { filePath: `${at}/later`, data: 'x' });
    await program.ended;
    await wait(10);
    const folder = join(app.home, 'files');
    assert.equal(readFileSync(join(folder, 'log'), 'utf8'), 'whole to');
    assert.equal(existsSync(join(folder, 'later')), false, 'nothing happens after the end');
    assert.deepEqual(program.errors, []);
  });
});
