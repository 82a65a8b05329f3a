// tim-server on PostgreSQL, which syncs to disk before each acknowledgement, beside Prosody, which keeps its
// archive in files and does not. Without Prosody the numbers stand alone.

import { measuredRows } from '../setting/measured.mjs';
import { timesAtLeast } from '../table.mjs';

const ROW = 'sends per server-CPU-second';

export async function measure(setting) {
  const prosody = (await setting.peers()).measured.find((it) => it.server === 'prosody');
  const goals = prosody ? [[ROW, timesAtLeast(5)]] : [];
  const references = prosody ? [[ROW, prosody.messagesPerCpuSecond]] : [];
  return measuredRows(setting, ['postgres'], { title: 'on PostgreSQL', goals, references });
}
