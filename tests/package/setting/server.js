// A real tim-server with apps of its own, on a port and in a folder of its own.
//
// The program comes from TIM_SERVER_BIN or from where `cargo build --release -p tim-server` puts it.
// UserSigs are made by the published generator, tls-sig-api-v2, so that every test also shows that
// the server accepts what existing backends make.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import signatures from 'tls-sig-api-v2';

const PROGRAM = process.env.TIM_SERVER_BIN || fileURLToPath(new URL('../../../target/release/tim-server', import.meta.url));

/** The apps every server has; the second keeps several instances of a user online. */
export const APP = 1400000101;
export const APP_WITH_INSTANCES = 1400000102;
const KEY = 'a key that only these tests know, 64 characters or so in real life';

/**
 * Starts a server. `settings` are lines of its configuration file, before the apps. Returns its
 * `address` (host and port), `url` of the socket, the apps' secret `key`, a maker of `userSig`s, and `end`.
 */
export async function startServer(settings = []) {
  const folder = await mkdtemp(join(tmpdir(), 'tim-wasm-server-'));
  const file = join(folder, 'tim.toml');
  const app = (id, ...lines) => ['[[app]]', `sdkAppID = ${id}`, `secretKeys = ["${KEY}"]`, ...lines];
  const lines = [
    'listen = "127.0.0.1:0"',
    `data = ${JSON.stringify(join(folder, 'data'))}`,
    'log = "warn"',
    ...settings,
    ...app(APP),
    ...app(APP_WITH_INSTANCES, 'maxWebInstances = 10'),
  ];
  await writeFile(file, lines.join('\n'));
  // Variables of the developer's own server would stand above the file.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TIM_')));
  const server = spawn(PROGRAM, ['--config', file], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(server, 'exit');
  ended.catch(() => {});
  const address = await listening(server, ended);
  return {
    address,
    url: `ws://${address}/im/ws`,
    key: KEY,
    userSig: (userID, SDKAppID = APP, expire = 86400) => new signatures.Api(SDKAppID, KEY).genSig(userID, expire),
    async end() {
      server.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** The address the server says it listens on; what it says instead, if it ends before. */
async function listening(server, ended) {
  const said = [];
  const found = new Promise((resolve) => {
    for (const stream of [server.stdout, server.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        const [, address] = /\b(127\.0\.0\.1:\d+)/.exec(line) ?? [];
        if (address) resolve(address);
      });
    }
  });
  const address = await Promise.race([found, ended]);
  if (typeof address !== 'string') throw new Error(`the server did not start:\n${said.join('\n')}`);
  return address;
}
