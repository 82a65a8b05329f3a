// Keeping 1,000 messages that arrive, 25 at a time: all operations on files that the SDK asks the host
// for until everything is written, against `wx.setStorage` as apps use it without help, which writes
// the growing list anew with every 25. Both are sums of the times from the call to its answer.
//
// There is a pause after every 25, so that they are written before the next come: an answer that
// waits behind other messages would count as the host's work. Neither waits for the disk.

import { newName, openPeer } from '../setting/peer.mjs';
import { median, row } from '../table.mjs';
import { openPhone } from './phone.mjs';

const RUNS = 3;
const COUNT = 1000;
const BATCH = 25;
const PAUSE_MS = 100;
const TEXT = 'About two hundred bytes of text, which is longer than most of what people write to each other. '.repeat(2).padEnd(200, '.');

async function run(server, peer, code) {
  const phone = await openPhone(code);
  try {
    const program = await phone.start({ suspendAfter: 1000 });
    const me = server.credentials(newName('phone'));
    await program.run('enter', me);
    await program.run('keep');
    await program.ask('files');
    for (let count = BATCH; count <= COUNT; count += BATCH) {
      await peer.sendAll(Array(BATCH).fill(me.userID), { window: BATCH, text: TEXT });
      await program.run('received', count);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    await program.ask('background');
    const ours = await program.ask('files');
    await program.ask('foreground');
    const reference = await program.run('storeKept', BATCH);
    if (reference.calls !== COUNT / BATCH) throw new Error(`stored ${reference.calls} times`);
    return { ours, reference };
  } finally {
    await phone.end();
  }
}

export async function measureAppend(setting, code) {
  const server = await setting.server();
  const peer = await openPeer(server);
  const runs = [];
  for (let index = 0; index < RUNS; index++) runs.push(await run(server, peer, code));
  peer.close();
  const { ours, reference } = runs.sort((a, b) => a.ours.ms - b.ours.ms)[RUNS >> 1];
  const KB = (bytes) => `${(bytes / 1024).toFixed(0)} KB`;
  const names = Object.entries(ours.names).map(([name, count]) => `${count} ${name}`);
  return [
    row({
      what: `mini: keeping ${COUNT} messages that arrive`,
      unit: 'ms',
      ours: ours.ms,
      reference: median(runs.map((it) => it.reference.ms)),
      note:
        `${ours.calls} calls (${names.join(', ')}), ${KB(ours.written)} written, ${KB(ours.read)} read; ` +
        `reference: ${reference.calls} × setStorage of the growing list, ${KB(reference.bytes)} written; medians of ${RUNS}`,
    }),
  ];
}
