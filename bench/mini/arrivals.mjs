// Whether a program can still do something else while many messages arrive: the longest turn of its
// event loop during 1,000 of them, sent by somebody else through the server as fast as it takes them,
// and until all are in files. 16 ms is a frame of the screen.

import { newName, openPeer } from '../setting/peer.mjs';
import { atMost, median, row } from '../table.mjs';
import { openPhone } from './phone.mjs';

const RUNS = 5;
const WARM = 100;
const COUNT = 1000;
const LIMIT_MS = 16;
/** For what is written after the last one. */
const AFTER_MS = 500;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function measureArrivals(setting, code) {
  const server = await setting.server();
  const peer = await openPeer(server);
  const runs = [];
  for (let run = 0; run < RUNS; run++) {
    const phone = await openPhone(code);
    try {
      const program = await phone.start();
      const me = server.credentials(newName('phone'));
      await program.run('enter', me);
      await peer.sendAll(Array(WARM).fill(me.userID));
      await program.run('received', WARM);
      await wait(AFTER_MS);
      await program.ask('watch', setting.profile && run === 1);
      const began = performance.now();
      await peer.sendAll(Array(COUNT).fill(me.userID));
      await program.run('received', WARM + COUNT);
      const took = performance.now() - began;
      await wait(AFTER_MS);
      const { turns, p99, longest, wall } = await program.ask('watched', 'mini-arrivals');
      runs.push({ took, turns, p99, longest: longest.work, wall });
    } finally {
      await phone.end();
    }
  }
  peer.close();
  const middle = (name) => median(runs.map((it) => it[name]));
  const all = runs.map((it) => it.longest.toFixed(1)).join(', ');
  return [
    row({
      what: `mini: longest turn while ${COUNT} messages arrive`,
      unit: 'ms',
      ours: middle('longest'),
      goal: atMost(LIMIT_MS),
      note:
        `with the simulator's part; runs ${all}; they arrived in ${middle('took').toFixed(0)} ms; of ${middle('turns')} turns over 0.1 ms ` +
        `99% took ≤ ${middle('p99').toFixed(2)} ms; the clock saw ${middle('wall').toFixed(1)} ms, with what others did on the core`,
    }),
  ];
}
