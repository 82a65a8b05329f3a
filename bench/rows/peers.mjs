// tim-server beside the servers people would otherwise run: Prosody and ejabberd.
//
// tim-bench measures ours, tim-bench-peers the others, one after the other, with as many connections
// and as many messages under way. Theirs are delivered and archived, ours acknowledged and delivered.

import { measured } from '../setting/measured.mjs';
import { PEERS_SHAPE } from '../setting/programs.mjs';
import { row, timesAtLeast, timesAtMost } from '../table.mjs';

/** Goals by the package of the server they are about. */
const GOALS = {
  prosody: { perCpuSecond: timesAtLeast(10), memory: { ...timesAtMost(1 / 3), text: '≤ 1/3' } },
  ejabberd: { perCpuSecond: timesAtLeast(30) },
};

const DURABILITY =
  'ours syncs to disk before it acknowledges; the other one archives twice, for each of both, and syncs neither';

/** What else is to be known of a server, by its package. */
const SPEED = { ejabberd: '; it slows down as archives grow: here a hundred sent and a hundred received each, see README.md' };

export async function measure(setting) {
  const { measured: peers, missing } = await setting.peers();
  for (const { name, package: of } of missing) {
    console.error(`bench: peers: ${name} is left out, it is not installed; on Debian: apt-get install ${of}`);
  }
  if (peers.length === 0) return [];

  const rows = await measured(setting, [...PEERS_SHAPE, '--single', '1']);
  const ours = (begins) => rows.find(({ name }) => name.startsWith(begins)).ours;
  const perSecond = ours('sends acknowledged per second');
  const perCpuSecond = ours('sends per server-CPU-second');
  const memory = ours('memory per idle connection');

  return peers.flatMap((it) => {
    const goals = GOALS[it.server];
    const note = DURABILITY + (SPEED[it.server] ?? '');
    const line = (what, unit, value, reference, goal, beside) =>
      row({ what: `beside ${it.name}: ${what}`, unit, ours: value, reference, goal, note: beside });
    return [
      line('C2C messages per server-CPU-second', 'count', perCpuSecond, it.messagesPerCpuSecond, goals.perCpuSecond, note),
      line('C2C messages per second', 'count', perSecond, it.messagesPerSecond),
      line('memory per idle connection', 'KB', memory, it.kilobytesPerIdleConnection, goals.memory),
    ];
  });
}
