// JavaScriptCore without its JIT, as on phones, with a program in it that talks to a real server.
//
// The shell comes from JSC or is Debian's `libjavascriptcoregtk-4.0-bin`; without it there is nothing
// to run. It shows that module and glue are right for that engine, not what a certain client does.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { WebSocket } from 'ws';

const SHELL = fileURLToPath(new URL('shell.js', import.meta.url));

/** Where the shell is, if it is anywhere. */
export function shell() {
  return [process.env.JSC, '/usr/bin/jsc'].find((it) => it && existsSync(it));
}

/** How often the shell gets to look at its timers. */
const TICK_MS = 5;

/**
 * Runs a program there: `orders` is the text of a CommonJS module that exports a function of
 * `(resolve, reject)` and sees `TIM`. Gives what it resolved with and what was logged.
 */
export async function runInCore(unpacked, orders, { flags = ['--useJIT=false'], script = false, limit = 120_000 } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tim-wasm-core-'));
  const [wasm, order] = [join(folder, 'module.wasm'), join(folder, 'orders.js')];
  await writeFile(wasm, brotliDecompressSync(await readFile(join(unpacked.mini, 'tim_wasm.wasm.br'))));
  await writeFile(order, orders);
  const bundle = script ? join(unpacked.home, 'dist/mini-js.cjs') : join(unpacked.mini, 'index.js');
  const child = spawn(shell(), [...flags, SHELL, '--', bundle, wasm, order], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ticking = setInterval(() => child.stdin.write('{}\n'), TICK_MS);
  const ended = setTimeout(() => child.kill(), limit);
  child.stdin.on('error', () => {});
  let complaints = '';
  child.stderr.on('data', (text) => (complaints += text));
  const logged = [];
  const sockets = [];
  // The shell reads bytes for letters.
  const ascii = (text) => text.replace(/[\u0080-\uffff]/g, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const event = (name, data) => child.stdin.write(`${ascii(JSON.stringify({ event: name, ...data }))}\n`);
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const said = JSON.parse(line);
      if (said.log) logged.push(said.log);
      if (said.connect) sockets.push(connect(said, event));
      if (said.send) sockets.at(-1).send(said.send);
      if (said.close) sockets.at(-1)?.close();
      if (said.failed) throw new Error(`in JavaScriptCore: ${said.failed}`);
      if ('done' in said) return { done: said.done, logged };
    }
    throw new Error(`JavaScriptCore ended: ${complaints || 'it said nothing'}`);
  } finally {
    clearInterval(ticking);
    clearTimeout(ended);
    sockets.forEach((it) => it.terminate());
    child.kill();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function connect({ connect: url, protocols }, event) {
  const socket = new WebSocket(url, protocols);
  socket.on('open', () => event('Open', {}));
  socket.on('message', (data) => event('Message', { data: String(data) }));
  socket.on('error', (error) => event('Error', { errMsg: error.message }));
  socket.on('close', (code, reason) => event('Close', { code, reason: String(reason) }));
  return socket;
}
