// The servers: tim-server and tim-bench, which holds the reference, each with a folder of its own.
//
// Where the programs are is told by TIM_SERVER_BIN, TIM_BENCH_BIN and TIM_BENCH_PEERS_BIN; without, cargo
// builds them.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import signatures from 'tls-sig-api-v2';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const APP = 1400000001;
const KEY = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';

/** Limits that one page with everybody's messages does not reach. */
const config = (data) => `
listen = "127.0.0.1:0"
data = ${JSON.stringify(data)}
log = "warn"

[limits]
connectionsPerAddress = 100000
requestsPerSecond = 1000000

[[app]]
sdkAppID = ${APP}
secretKeys = ["${KEY}"]
c2cSendRatePerSecond = 1000000
conversationPullLimit = 500
autoCreateReceiver = true
`;

/** A release build of a package, by cargo. */
async function built(name) {
  process.stderr.write(`bench: compiling ${name}\n`);
  const cargo = spawn('cargo', ['build', '--release', '--package', name, '--message-format', 'json'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(cargo, 'exit');
  let program;
  for await (const line of createInterface({ input: cargo.stdout })) {
    const said = JSON.parse(line);
    if (said.executable && said.target.name === name) program = said.executable;
  }
  const [code] = await ended;
  if (code !== 0 || !program) throw new Error(`cargo did not build ${name}`);
  return program;
}

export const timServerProgram = async () => process.env.TIM_SERVER_BIN || built('tim-server');
export const timBench = async () => process.env.TIM_BENCH_BIN || built('tim-bench');
export const timBenchPeers = async () => process.env.TIM_BENCH_PEERS_BIN || built('tim-bench-peers');

/** So that nobody's archive becomes long: see `tim-bench-peers --help`. */
export const PEERS_SHAPE = ['--connections', '100', '--window', '4', '--idle', '2000'];

/** Measures Prosody and ejabberd, as far as they are installed. */
export async function measurePeers() {
  const { stdout } = await promisify(execFile)(await timBenchPeers(), ['--json', ...PEERS_SHAPE], { timeout: 600_000 });
  return JSON.parse(stdout);
}

/** Starts a server in a new folder and waits for the line that says where it listens. */
export async function startProgram(program, args) {
  const folder = await mkdtemp(join(tmpdir(), 'tim-bench-'));
  // Variables of the developer's own server would stand above the file.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TIM_')));
  const server = spawn(program, await args(folder), { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'exit');
  const found = new Promise((resolve) => {
    createInterface({ input: server.stdout }).on('line', (line) => resolve(/\b(127\.0\.0\.1:\d+)/.exec(line)?.[1]));
  });
  const address = await Promise.race([found, ended]);
  if (typeof address !== 'string') throw new Error(`${program} did not start`);
  return {
    address,
    url: `ws://${address}/im/ws`,
    async end() {
      server.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** A tim-server; `credentials` are what a page logs a user in with. */
export async function timServer() {
  const server = await startProgram(await timServerProgram(), async (folder) => {
    const file = join(folder, 'tim.toml');
    await writeFile(file, config(join(folder, 'data')));
    return ['--config', file];
  });
  const api = new signatures.Api(APP, KEY);
  const credentials = (userID) => ({ SDKAppID: APP, userID, userSig: api.genSig(userID, 86400), proxyServer: server.url });
  return { ...server, credentials };
}
