// The server's own numbers: tim-bench measures tim-server and its minimal reference, both spoken to
// by the same native client; here its rows get their goals.

import { measuredRows } from '../setting/measured.mjs';
import { atMost, timesAtLeast } from '../table.mjs';

const goals = [
  ['sends per server-CPU-second', timesAtLeast(0.25)],
  ['memory per idle connection', atMost(12)],
];

export const measure = (setting) => measuredRows(setting, [], { title: 'server', goals });
