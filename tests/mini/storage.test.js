// History in files when the files do not play along: no room, damage, interruptions, a newer version,
// functions of the host that fail. The conversation goes on, and what can be had again is had again.

import assert from 'node:assert/strict';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { openTown } from './setting/town.js';
import { until } from './setting/until.js';

let town;
before(async () => (town = await openTown()));
afterEach(() => town.tidy());
after(() => town?.end());

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, it) => String(from + it));
const LOST = /the local database cannot be used, history is kept in memory only/;

/** Where a phone keeps the files of a user, on disk. */
async function folderOf(phone) {
  const apps = join(phone.home, 'files/tim');
  const [app] = await readdir(apps);
  return join(apps, app, Buffer.from(phone.userID).toString('hex'));
}

/** What the app was told of the store, each time. */
const told = (phone) => phone.events('ERROR').filter((it) => it.data.code === 6019);

async function chat(ann, bob) {
  const words = `words ${Math.random()}`;
  await ann.send(bob.userID, words);
  await bob.received(words);
  await bob.send(ann.userID, `${words}, too`);
  await ann.received(`${words}, too`);
}

/** Everything that a phone has to be able to do, whatever its files do. */
async function worksInMemory(ann, bob) {
  await chat(ann, bob);
  await until(() => told(ann).length, 'what the app is told');
  assert.equal(told(ann).length, 1, 'said once');
  assert.match(told(ann)[0].data.message, LOST);
  assert.equal((await ann.history(`C2C${bob.userID}`)).length, 2);
  assert.deepEqual(ann.program.errors, []);
}

test('no room from the start: in memory, said once', async () => {
  const [ann, bob] = [await town.phone('ann', { limits: { files: 0 } }), await town.phone('bob')];
  await Promise.all([ann.enter(), bob.enter()]);
  await worksInMemory(ann, bob);
});

test('no room in the middle: nothing sent or received is lost, and there is room again at the next start', async () => {
  const [ann, bob] = [await town.phone('ann'), await town.phone('bob')];
  await Promise.all([ann.enter(), bob.enter()]);
  for (const text of numbers(1, 20)) await bob.send(ann.userID, text);
  await ann.received('20');
  ann.program.settings.limits.files = 0;
  for (const text of numbers(21, 40)) await (Number(text) % 2 ? bob.send(ann.userID, text) : ann.send(bob.userID, text));
  await ann.received('39');
  await until(() => told(ann).length, 'the warning');
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), numbers(1, 40));
  assert.equal(told(ann).length, 1);
  await ann.kill();
  await ann.enter();
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), numbers(1, 40));
  assert.equal(told(ann).length, 0);
  assert.deepEqual(ann.program.errors, []);
});

test('an append that the host carries out by half before it kills the program', async () => {
  const [ann, bob] = [await town.phone('ann'), await town.phone('bob')];
  await Promise.all([ann.enter(), bob.enter()]);
  await chat(ann, bob);
  await until(async () => (await ann.program.background(), true), 'everything to be written');
  await ann.program.foreground();
  ann.program.fault('appendFile', { done: 11, kill: true });
  ann.send(bob.userID, 'torn').catch(() => {});
  await ann.program.ended;
  await ann.enter();
  const there = await bob.history(`C2C${ann.userID}`);
  assert.deepEqual((await ann.history(`C2C${bob.userID}`)).filter((it) => there.includes(it)), there);
  await chat(ann, bob);
  await ann.kill();
  await ann.enter({ faults: { connectSocket: { times: 1 } } });
  assert.equal(told(ann).length, 0, 'the files are in use');
  await until(() => ann.data.net === 'connected', 'the connection');
  assert.deepEqual((await ann.history(`C2C${bob.userID}`)).filter((it) => it !== 'torn').length, there.filter((it) => it !== 'torn').length + 2);
});

test('damaged files are had again from the server', async () => {
  const [ann, bob] = [await town.phone('ann'), await town.phone('bob')];
  await Promise.all([ann.enter(), bob.enter()]);
  for (const text of numbers(1, 300)) await bob.send(ann.userID, text.padEnd(1500, '.'));
  await ann.received('300'.padEnd(1500, '.'));
  const all = numbers(1, 300).map((it) => it.padEnd(1500, '.'));
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), all);
  await ann.kill();
  const folder = await folderOf(ann);
  const segments = (await readdir(folder)).filter((it) => it.startsWith('c'));
  assert.ok(segments.length > 0, 'there are segments');
  for (const [name, damage] of [
    [segments[0], (bytes) => (bytes[bytes.length >> 1] ^= 1, bytes)],
    ['meta', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['meta', (bytes) => (bytes[20] ^= 4, bytes)],
  ]) {
    await writeFile(join(folder, name), damage(await readFile(join(folder, name))));
    await ann.enter();
    assert.deepEqual(await ann.history(`C2C${bob.userID}`), all, name);
    assert.equal(told(ann).length, 0, name);
    assert.deepEqual(ann.program.errors, []);
    await ann.kill();
  }
  for (const name of await readdir(folder)) if (name.startsWith('c')) await rm(join(folder, name));
  await ann.enter();
  assert.deepEqual(await ann.history(`C2C${bob.userID}`), all, 'segments removed');
});

test('files of a newer version are left alone', async () => {
  const [ann, bob] = [await town.phone('ann'), await town.phone('bob')];
  await Promise.all([ann.enter(), bob.enter()]);
  await ann.program.background();
  await ann.kill();
  const folder = await folderOf(ann);
  const [journal] = (await readdir(folder)).filter((it) => it.startsWith('journal'));
  const bytes = await readFile(join(folder, journal));
  // A record with another version and the checksum that belongs to it.
  const payload = Buffer.from(bytes.subarray(8, 8 + bytes.readUInt32LE(0)));
  payload[0] += 1;
  const head = Buffer.alloc(8);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt32LE(crc32(payload), 4);
  const newer = Buffer.concat([head, payload]);
  await writeFile(join(folder, journal), newer);
  await ann.enter();
  await worksInMemory(ann, bob);
  assert.match(told(ann)[0].data.message, /newer|later/);
  assert.ok((await readFile(join(folder, journal))).equals(newer));
});

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

test('the user clears the files while the program runs', async () => {
  const [ann, bob] = [await town.phone('ann'), await town.phone('bob')];
  await Promise.all([ann.enter(), bob.enter()]);
  await chat(ann, bob);
  await until(() => folderOf(ann).then(readdir).catch(() => false), 'the files');
  await rm(await folderOf(ann), { recursive: true });
  await chat(ann, bob);
  assert.equal((await ann.history(`C2C${bob.userID}`)).length, 4);
  await ann.kill();
  await ann.enter();
  assert.equal((await ann.history(`C2C${bob.userID}`)).length, 4);
  assert.deepEqual(ann.program.errors, []);
});

test('a host without files', async () => {
  const [ann, bob] = [await town.phone('ann', { wx: { getFileSystemManager: undefined } }), await town.phone('bob')];
  await Promise.all([ann.enter(), bob.enter()]);
  await worksInMemory(ann, bob);
});

const FILES = ['readFile', 'writeFile', 'appendFile', 'rename', 'unlink', 'stat', 'mkdir', 'rmdir'];
const ERRNOS = [1300001, 1300002, 1300005, 1300013, 1300201, 1300202];
for (const name of FILES) {
  test(`${name} fails in every documented way, from the start and in the middle`, async () => {
    const bob = await (await town.phone('bob')).enter();
    for (const errno of ERRNOS) {
      const ann = await town.phone('ann');
      await ann.enter({ faults: { [name]: { errno } } });
      await chat(ann, bob);
      assert.ok(told(ann).length <= 1);
      await ann.kill();
      await ann.enter();
      await chat(ann, bob);
      ann.program.fault(name, { errno });
      await chat(ann, bob);
      assert.equal((await ann.history(`C2C${bob.userID}`)).length, 6, `${errno}`);
      assert.deepEqual(ann.program.errors, [], `${errno}`);
      await ann.kill();
      await ann.enter();
      assert.equal((await ann.history(`C2C${bob.userID}`)).length, 6, `${errno}, started again`);
      await ann.end();
    }
  });
}

test('no randomness and no network type: it works, and the log says so', async () => {
  const faults = { getRandomValues: {}, getNetworkType: {} };
  const [ann, bob] = [await town.phone('ann', { faults }), await town.phone('bob', { faults })];
  await Promise.all([ann.enter(), bob.enter()]);
  await chat(ann, bob);
  assert.ok(ann.program.console.some(({ text }) => /random/i.test(text)));
  const IDs = new Set();
  for (const it of [ann, bob]) for (let n = 0; n < 50; n++) IDs.add((await it.ask('call', 'createTextMessage', { to: 'x', conversationType: 'C2C', payload: { text: 'x' } })).ID);
  assert.equal(IDs.size, 100);
});

test('sockets that fail in every way are tried again', async () => {
  const [ann, bob] = [await town.phone('ann'), await town.phone('bob')];
  await bob.enter();
  await ann.launch({ faults: { connectSocket: { times: 2, errMsg: 'connectSocket:fail Invalid HTTP status' } } });
  await ann.create();
  await ann.login().catch(() => ann.login());
  await until(() => ann.data.ready, 'SDK_READY');
  ann.program.fault('SocketTask.send', { times: 1, errMsg: 'sendSocketMessage:fail interrupted' });
  const outcome = await ann.send(bob.userID, 'in spite of all').catch(() => ann.program.run(() => { const page = getCurrentPages()[0]; return page.tim.resendMessage(page.last); }));
  assert.ok(outcome);
  await bob.received('in spite of all');
  assert.deepEqual(await bob.history(`C2C${ann.userID}`), ['in spite of all']);
  assert.deepEqual(ann.program.errors, []);
});
