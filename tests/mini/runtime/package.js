// Code packages for tests: a folder made of a record of files, with a home for the host beside it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startProgram } from './index.js';

/**
 * Writes the files and returns `root`, `home`, `start(options)`, which starts the program that they
 * are, and `end`, which ends what was started and removes everything. Without an app.js there is an
 * empty one.
 */
export function codePackage(files = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'mini-program-'));
  const [root, home] = [join(folder, 'code'), join(folder, 'home')];
  for (const [path, content] of Object.entries({ 'app.js': 'App({});', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const started = [];
  return {
    root,
    home,
    async start(options) {
      const program = await startProgram({ root, home, ...options });
      started.push(program);
      return program;
    },
    async end() {
      await Promise.all(started.map((it) => it.end()));
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
