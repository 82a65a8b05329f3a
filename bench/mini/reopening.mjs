// Opening a conversation of 5,000 messages after the program was killed, without a network: from
// `getMessageList` to its answer, the newest 15, once the SDK is ready. The reference is what an app
// does that keeps the messages in key-value storage: it reads them back, all of them.
//
// The device is filled by the engine itself: the messages arrive, and the program pages through them.

import { newName, openPeer } from '../setting/peer.mjs';
import { median, row } from '../table.mjs';
import { openPhone } from './phone.mjs';

const RUNS = 7;
const COUNT = 5000;
const PAGE = 15;
/** As many messages as a key has: stored once, not as they arrive. */
const STORED_AT_ONCE = 200;

async function fill(phone, peer, me) {
  const program = await phone.start({ suspendAfter: 1000 });
  await program.run('enter', me);
  await peer.sendAll(Array(COUNT).fill(me.userID));
  await program.run('received', COUNT);
  const { count } = await program.run('allPages', `C2C${peer.userID}`);
  if (count !== COUNT) throw new Error(`${count} messages instead of ${COUNT}`);
  await program.run('storeKept', STORED_AT_ONCE);
  await program.ask('background');
  await program.kill();
}

async function reopen(phone, me, conversationID) {
  const program = await phone.start({ faults: { connectSocket: {} } });
  await program.run('enter', me);
  await program.ask('files');
  const first = await program.run('firstPage', conversationID);
  const filesOfFirst = await program.ask('files');
  const all = await program.run('allPages', conversationID);
  const filesOfAll = await program.ask('files');
  const stored = await program.run('readStored', COUNT);
  await program.kill();
  const counts = [first.count, all.count, stored.count];
  if (counts.join() !== [PAGE, COUNT, COUNT].join()) throw new Error(`read ${counts} messages`);
  return { first: first.ms, all: all.ms, reads: filesOfFirst.reads, readsOfAll: filesOfAll.reads, stored: stored.ms };
}

export async function measureReopening(setting, code) {
  const server = await setting.server();
  const peer = await openPeer(server);
  const me = server.credentials(newName('phone'));
  const phone = await openPhone(code);
  const runs = [];
  try {
    await fill(phone, peer, me);
    peer.close();
    for (let index = 0; index < RUNS; index++) runs.push(await reopen(phone, me, `C2C${peer.userID}`));
  } finally {
    await phone.end();
  }
  const middle = (name) => median(runs.map((it) => it[name]));
  return [
    row({
      what: `mini: reopening a conversation of ${COUNT} messages`,
      unit: 'ms',
      ours: middle('first'),
      reference: middle('stored'),
      note:
        `the newest ${PAGE}: ${middle('reads')} files read; paging through all ${COUNT} then: ${middle('all').toFixed(0)} ms, ` +
        `${middle('readsOfAll')} files read; reference: getStorage of all ${COUNT}; medians of ${RUNS} starts`,
    }),
  ];
}
