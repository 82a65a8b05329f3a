// A real tim-server that serves the built demo, with a data folder of its own.
//
// The program comes from TIM_SERVER_BIN or from where `cargo build --release -p tim-server` puts it;
// the page from TIM_WEB_ROOT or www/dist. The first start takes any free port; later starts take the
// same one, as a service does that comes back after a crash.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const fromRoot = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const PROGRAM = process.env.TIM_SERVER_BIN || fromRoot('target/release/tim-server');

/** The folder of the built page. */
export const WEB_ROOT = process.env.TIM_WEB_ROOT || fromRoot('www/dist');

/**
 * Starts a server. Returns its `port`; `kill()` ends it the hard way, `start()` starts it again with
 * the same data on the same port, `end()` ends it in good order and removes its data.
 */
export async function startServer() {
  await access(join(WEB_ROOT, 'index.html')).catch(() => {
    throw new Error(`there is no page in ${WEB_ROOT}; build it with: npm run build -w www`);
  });
  await access(PROGRAM).catch(() => {
    throw new Error(`there is no server at ${PROGRAM}; build it with: cargo build --release -p tim-server`);
  });
  const folder = await mkdtemp(join(tmpdir(), 'tim-e2e-'));
  let running;
  let port = 0;

  async function start() {
    const settings = ['--listen', `127.0.0.1:${port}`, '--data', join(folder, 'data'), '--web-root', WEB_ROOT, '--log', 'warn'];
    // Variables of the developer's own server would stand above the defaults.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TIM_')));
    const child = spawn(PROGRAM, settings, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running = { child, ended: once(child, 'exit') };
    port = await listening(child, running.ended);
  }

  async function stop(signal) {
    const { child, ended } = running;
    child.kill(signal);
    await ended;
  }

  await start();
  return {
    port,
    start,
    kill: () => stop('SIGKILL'),
    async end() {
      if (running.child.exitCode === null && running.child.signalCode === null) await stop('SIGTERM');
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** The port the server says it listens on; what it says instead, if it ends before. */
async function listening(child, ended) {
  const said = [];
  const found = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        const [, port] = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
        if (port) resolve(Number(port));
      });
    }
  });
  const port = await Promise.race([found, ended]);
  if (typeof port !== 'number') throw new Error(`the server did not start:\n${said.join('\n')}`);
  return port;
}
