// Files over a host's file system manager: what is there afterwards, in which order, how much at a
// time, and what is left of it when the program ends in between.

import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { test } from 'node:test';
import { createFiles } from '../../src/mini/adapter/files.js';
import type { Api } from '../../src/mini/adapter/index.js';
import type { FileFailure, Files } from '../../src/mini/platform.js';
import { Disk, ROOT } from './disk.js';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const text = (content: Uint8Array | undefined): string | undefined => content && Buffer.from(content).toString();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What it is rejected with, as far as the engine looks at it. */
const failureOf = (operation: Promise<unknown>): Promise<FileFailure> =>
  operation.then(
    () => assert.fail('it should have failed'),
    ({ full, text }: FileFailure) => ({ full, text }),
  );

function make(folder = 'app/user') {
  const disk = new Disk();
  const open = createFiles(disk.api, {});
  return { disk, open, files: open(folder) };
}

test('what is written is read, in a folder of ours', async () => {
  const { disk, files } = make();
  await files.replace('a', bytes('one'));
  await files.append('a', bytes(' two'));
  await files.append('b', bytes('three'));
  assert.equal(text(await files.read('a')), 'one two');
  assert.equal(await files.size('a'), 7);
  assert.equal(disk.text('tim/app/user/a'), 'one two');
  assert.equal(disk.text('tim/app/user/b'), 'three');
  assert.equal(disk.files.size, 2, 'and nothing besides');
});

test('what is not there is undefined, and removing it is fine', async () => {
  const { files } = make();
  assert.equal(await files.read('a'), undefined);
  assert.equal(await files.size('a'), undefined);
  await files.remove('a');
  await files.clear();
  await files.append('a', bytes('x'));
  await files.remove('a');
  assert.equal(await files.read('a'), undefined);
});

test('clear removes the folder, and a later write makes it again', async () => {
  const { disk, files, open } = make();
  const other = open('app/other');
  await other.append('a', bytes('other'));
  await files.append('a', bytes('old'));
  await files.clear();
  assert.equal(await files.read('a'), undefined);
  assert.equal(text(await other.read('a')), 'other');
  await files.append('a', bytes('new'));
  await files.clear();
  await files.replace('a', bytes('newer'));
  assert.equal(disk.text('tim/app/user/a'), 'newer');
});

test('only the bytes of a view are written, as they were at the call', async () => {
  const { disk, files } = make();
  const memory = bytes('....abcdef....');
  const writes = [
    files.replace('a', memory.subarray(4, 7)),
    files.append('a', memory.subarray(7, 10)),
    files.append('empty', memory.subarray(3, 3)),
  ];
  memory.fill(0);
  await Promise.all(writes);
  assert.equal(disk.text('tim/app/user/a'), 'abcdef');
  assert.equal(await files.size('empty'), 0);
});

test('a buffer of another realm is read like any other', async () => {
  const { disk, files } = make();
  const data = runInNewContext('Uint8Array.of(104, 105).buffer') as ArrayBuffer;
  assert.equal(data instanceof ArrayBuffer, false);
  disk.manager.readFile = ({ success }) => success({ data });
  const content = await files.read('a');
  assert.ok(content instanceof Uint8Array);
  assert.equal(text(content), 'hi');
});

test('operations on one file take effect in order, also from two objects', async () => {
  const { disk, files, open } = make();
  const again = open('app/user');
  const before = [files.replace('a', bytes('1')), again.append('a', bytes('2')), files.append('a', bytes('3'))];
  const [middle, gone] = [again.read('a'), files.remove('a').then(() => again.size('a'))];
  const after = [files.append('a', bytes('4')), files.append('a', bytes('5'))];
  const last = again.read('a');
  await Promise.all([...before, ...after]);
  assert.equal(text(await middle), '123');
  assert.equal(text(await last), '45');
  assert.equal(await gone, 2);
  assert.equal(disk.most, 1);
});

test('clear waits for what came before and keeps what comes after waiting', async () => {
  const { disk, files } = make();
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const all = names.map((name) => files.append(name, bytes('old')));
  all.push(files.clear());
  all.push(files.append('a', bytes('new')));
  await Promise.all(all);
  assert.equal(disk.text('tim/app/user/a'), 'new');
  assert.equal(disk.files.size, 1);
});

test('at most four are under way, over all folders', async () => {
  const { disk, open } = make();
  await Promise.all(['x', 'y'].flatMap((folder) => [...'abcdefgh'].map((name) => open(folder).append(name, bytes(name)))));
  assert.equal(disk.most, 4);
  assert.equal(disk.files.size, 16);
});

test('a file that waits holds up no other', async () => {
  const { disk, files } = make();
  disk.holds = true;
  const done: string[] = [];
  const note = (name: string) => (): void => void done.push(name);
  const slow = [1, 2, 3, 4, 5].map(() => files.size('slow').then(note('slow')));
  const other = files.size('other').then(note('other'));
  assert.deepEqual(disk.calls, ['stat tim/app/user/slow', 'stat tim/app/user/other']);
  disk.holds = false;
  disk.release();
  await Promise.all([...slow, other]);
  assert.deepEqual(done.sort(), ['other', 'slow', 'slow', 'slow', 'slow', 'slow']);
});

test('a failure is told and the next operation goes on', async () => {
  const { disk, files } = make();
  await files.append('a', bytes('x'));
  disk.refuse = (call) => (call.startsWith('appendFile') ? { errno: 1300005, errMsg: 'appendFile:fail Input/output error' } : undefined);
  const failed = failureOf(files.append('a', bytes('y')));
  const after = files.read('a');
  assert.deepEqual(await failed, { full: false, text: 'appendFile:fail Input/output error' });
  assert.equal(text(await after), 'x', 'nothing was written over it');
});

test('no room is told as such, by number or by text', async () => {
  const refusals = [
    { errno: 1300202, errMsg: 'writeFile:fail' },
    { errCode: 1300202 },
    { errMsg: 'writeFile:fail the maximum size of the file storage limit is exceeded' },
    { errMsg: 'writeFile:fail user dir saved file size limit exceeded' },
    { errorMessage: 'No space left on device' },
  ];
  for (const refusal of refusals) {
    const { disk, files } = make();
    await files.replace('a', bytes('old'));
    disk.calls = [];
    disk.refuse = (call) => (call.startsWith('writeFile') || call.startsWith('appendFile') ? refusal : undefined);
    assert.equal((await failureOf(files.replace('a', bytes('new')))).full, true);
    assert.equal((await failureOf(files.append('a', bytes('new')))).full, true);
    assert.equal(disk.calls.some((call) => call.startsWith('mkdir')), false);
    assert.equal(disk.text('tim/app/user/a'), 'old');
  }
});

test('a replacement that fails leaves nothing behind', async () => {
  const { disk, files } = make();
  await files.replace('a', bytes('old'));
  disk.refuse = (call) => (call.startsWith('rename') ? { errMsg: 'rename:fail system error' } : undefined);
  await failureOf(files.replace('a', bytes('new')));
  assert.equal(disk.text('tim/app/user/a'), 'old');
  assert.equal(disk.files.size, 1);
});

test('a folder that went away is made again', async () => {
  const { disk, files } = make();
  await files.append('a', bytes('x'));
  disk.files.clear();
  disk.folders.delete(`${ROOT}/tim/app/user`);
  await files.append('a', bytes('y'));
  assert.equal(disk.text('tim/app/user/a'), 'y');
});

test('a host without files refuses everything in the usual form', async () => {
  const hosts: Array<Partial<Api>> = [
    { getFileSystemManager: undefined },
    { getFileSystemManager: () => { throw new Error('not in plugins'); } },
    { getFileSystemManager: () => ({}) as never },
    { getFileSystemManager: () => undefined as never },
    { env: undefined },
  ];
  for (const host of hosts) {
    const files = createFiles({ ...new Disk().api, ...host }, {})('x');
    const data = bytes('a');
    const all = [files.read('a'), files.append('a', data), files.replace('a', data), files.size('a'), files.remove('a'), files.clear()];
    for (const it of all) {
      const { full, text } = await failureOf(it);
      assert.equal(full, false);
      assert.ok(text.length > 10, text);
    }
  }
});

test('the folder of a host that does not say it', async () => {
  const disk = new Disk();
  const files = createFiles({ ...disk.api, env: undefined }, { folder: ROOT })('x');
  await files.append('a', bytes('x'));
  assert.equal(disk.text('tim/x/a'), 'x');
});

test('a host that does not rename over a file gets it out of the way', async () => {
  const { disk, files } = make();
  disk.replaces = false;
  for (const content of ['one', 'two', 'three']) {
    await files.replace('a', bytes(content));
    assert.equal(disk.text('tim/app/user/a'), content);
    assert.equal(disk.files.size, 1);
  }
});

test('whenever the program ends, a replacement took place or did not', async () => {
  for (const replaces of [true, false]) {
    for (const old of ['old', undefined]) {
      const seen = new Set<string | undefined>();
      for (let endsAt = 0; endsAt < 12; endsAt++) {
        const { disk, files } = make();
        if (old) await files.replace('a', bytes(old));
        disk.replaces = replaces;
        disk.endsAt = disk.calls.length + endsAt;
        files.replace('a', bytes('new')).catch(() => {});
        for (let turns = 0; turns < 40; turns++) await turn();
        disk.endsAt = Infinity;
        const later = (): Files => createFiles(disk.api, {})('app/user');
        const size = await later().size('a');
        const content = text(await later().read('a'));
        assert.equal(size, content?.length);
        seen.add(content);
        await later().append('a', bytes('+'));
        assert.equal(text(await later().read('a')), `${content ?? ''}+`);
        await later().replace('a', bytes('last'));
        assert.equal(text(await later().read('a')), 'last');
        await later().remove('a');
        assert.equal(await later().read('a'), undefined, 'it does not come back');
      }
      assert.deepEqual([...seen], [old, 'new']);
    }
  }
});

test('what an interrupted replacement left does not outlive the file', async () => {
  for (let endsAt = 0; endsAt < 12; endsAt++) {
    const { disk, files } = make();
    await files.replace('a', bytes('old'));
    disk.replaces = false;
    disk.endsAt = disk.calls.length + endsAt;
    files.replace('a', bytes('new')).catch(() => {});
    for (let turns = 0; turns < 40; turns++) await turn();
    disk.endsAt = Infinity;
    const later = createFiles(disk.api, {})('app/user');
    await later.remove('a');
    assert.equal(await later.read('a'), undefined);
  }
});
