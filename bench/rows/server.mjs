// The server's own numbers: tim-bench measures tim-server and its minimal reference, both spoken to
// by the same native client; here its rows get their goals.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { timServerProgram } from '../setting/programs.mjs';
import { atMost, row, timesAtLeast } from '../table.mjs';

/** Goals by the beginning of the row's name. */
const GOALS = [
  ['sends per server-CPU-second', timesAtLeast(0.25)],
  ['memory per idle connection', atMost(12)],
];

export async function measure(setting) {
  const program = await setting.timBench();
  const server = await timServerProgram();
  const { stdout } = await promisify(execFile)(program, ['--json', '--server', server], { timeout: 600_000 });
  return JSON.parse(stdout).rows.map(({ name, ours, reference }) => {
    const [, what, unit] = /^(.*?)(?:, (\w+))?$/.exec(name);
    const goal = GOALS.find(([begins]) => name.startsWith(begins))?.[1];
    return row({ what: `server: ${what}`, unit: unit ?? 'count', ours, reference, goal });
  });
}
