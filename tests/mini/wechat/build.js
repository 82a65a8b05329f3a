// WeChat's own tool on a mini-program project: its "build npm" and its compiler.
//
// The tool (`miniprogram-ci`, the compiler of the desktop developer tools as an npm package) prints,
// writes folders where it is started, keeps threads and processes, and calls home. So each order is
// carried out by a process of its own (tool.js), which starts in a temporary folder and has no network
// (isolation.js). What it prints is shown when it fails, and only then.

import { fork } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isolated } from '../frameworks/isolation.js';
import { packagesOf } from '../frameworks/packages.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const TOOL = join(HERE, 'tool.js');
const PATIENCE_MS = 300_000;

/**
 * Build npm: makes `miniprogram_npm` in the project from the dependencies that its package.json names
 * and its `node_modules` holds. Gives the tool's warnings, objects with `jsPath`, `msg` and `code`.
 */
export function packNpm(projectPath) {
  return order({ work: 'packNpm', projectPath: resolve(projectPath) });
}

/**
 * Compiles the project as for an upload and writes the result to `outFolder`, which must not be inside
 * the project. Gives the paths of the files in it, sorted. `setting` is the tool's: `es6`, `es7`
 * (both mean "to ES5"), `minify`, and others.
 */
export function compile(projectPath, outFolder, setting = { es6: true, es7: true, minify: true }) {
  return order({ work: 'compile', projectPath: resolve(projectPath), outFolder: resolve(outFolder), setting });
}

async function order(what) {
  const home = await packagesOf(HERE, 'mini-wechat');
  // The real path: the tool compares paths as texts, and a system's temporary folder may be a link.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'tim-wasm-wechat-')));
  try {
    return await carriedOut({ ...what, home }, folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function carriedOut(what, folder) {
  return new Promise((resolve, reject) => {
    const child = fork(TOOL, [JSON.stringify(what)], {
      cwd: folder,
      env: isolated(folder),
      execArgv: [],
      silent: true,
      timeout: PATIENCE_MS,
    });
    let said = '';
    child.stdout.on('data', (text) => (said += text));
    child.stderr.on('data', (text) => (said += text));
    let answer;
    child.on('message', (message) => (answer = message));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (answer && 'done' in answer) return resolve(answer.done);
      const reason = answer?.failed ?? `it ended with ${signal ?? code}`;
      reject(new Error(`WeChat's tool failed to ${what.work} ${what.projectPath}: ${reason}\n${said}`));
    });
  });
}
