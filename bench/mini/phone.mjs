// A phone to measure on: a process of its own in which the program runs, and a folder for its data.
//
// Each start is a new process, as on phones: nothing is warm that would not be warm there. What the
// process can do is in child.mjs.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHILD = new URL('child.mjs', import.meta.url);
/** Nothing that is asked takes as long. */
const LIMIT_MS = 60_000;

/** A phone without anything on it. `code` is what codePackage gave. */
export async function openPhone(code) {
  const home = await mkdtemp(join(tmpdir(), 'tim-bench-phone-'));
  let stop = async () => {};

  /** Starts the program, with settings of the simulated host. */
  async function start(settings = {}) {
    const child = fork(CHILD, { execArgv: [] });
    const ended = once(child, 'exit');
    const waiting = new Map();
    let count = 0;
    child.on('message', ({ id, value, error }) => {
      const { resolve, reject } = waiting.get(id);
      waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(value);
    });
    child.on('exit', () => waiting.forEach(({ reject }) => reject(new Error('the program has ended'))));

    async function ask(method, ...values) {
      const id = ++count;
      let timer;
      const answer = new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        timer = setTimeout(() => reject(new Error(`no answer to ${method} ${values[0] ?? ''}`)), LIMIT_MS);
        child.send({ id, method, values }, (error) => error && reject(error));
      });
      return answer.finally(() => clearTimeout(timer));
    }
    stop = async () => {
      child.kill('SIGKILL');
      await ended;
    };
    await ask('start', { root: code.root, home, ...settings });
    return {
      /** Calls a function of child.mjs. */
      ask,
      /** Calls a function of program/chat.js. */
      run: (name, ...values) => ask('run', name, values),
      /** Kills the program; its data stay. */
      kill: () => stop(),
    };
  }

  return {
    start,
    async end() {
      await stop();
      await rm(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
