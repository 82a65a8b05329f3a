// Measures and prints one table: ours beside a reference that was measured in the same run.
//
//   npm run bench -w bench                          everything
//   npm run bench -w bench -- --only send,page      some rows; names as in README.md
//   npm run bench -w bench -- --only send --profile also writes what the page's CPU did
//
// Each file in rows/ measures one thing; setting/ holds what they need: servers, a browser, people.
// A row that fails is reported and the others go on. Everything is also in results.json.

import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { openSetting } from './setting/setting.mjs';
import { printTable } from './table.mjs';

const ROWS = ['size', 'start', 'send', 'pipeline', 'catch-up', 'page', 'login', 'server', 'postgres', 'cluster', 'latency', 'held', 'storm', 'peers', 'mini'];

const { values } = parseArgs({ options: { only: { type: 'string' }, profile: { type: 'boolean', default: false } } });
const chosen = values.only?.split(',') ?? ROWS;
const unknown = chosen.find((it) => !ROWS.includes(it));
if (unknown !== undefined) {
  console.error(`bench: there is no row ${JSON.stringify(unknown)}; there are ${ROWS.join(', ')}`);
  process.exit(1);
}

const setting = openSetting({ profile: values.profile });
const rows = [];
let failed = false;
try {
  for (const name of chosen) {
    process.stderr.write(`bench: ${name} …\n`);
    const began = Date.now();
    try {
      const { measure } = await import(`./rows/${name}.mjs`);
      rows.push(...(await measure(setting)).map((it) => ({ row: name, ...it })));
    } catch (error) {
      failed = true;
      console.error(`bench: ${name} failed:`, error);
    }
    await setting.endPages();
    process.stderr.write(`bench: ${name}: ${((Date.now() - began) / 1000).toFixed(0)} s\n`);
  }
} finally {
  await setting.end();
}

printTable(rows);
const machine = `${cpus().length} × ${cpus()[0].model}`;
const results = { date: new Date().toISOString(), machine, node: process.version, rows };
await writeFile(new URL('results.json', import.meta.url), `${JSON.stringify(results, null, 2)}\n`);
// A goal that was missed is news, not an error: machines differ. A row that broke is one.
process.exitCode = failed ? 1 : 0;
