// Throw-away projects that have the packed package installed the way a user installs it.
//
// The tarball comes from TIM_PACKAGE or is packed here from what `npm run build -w pkg` made. Tools
// such as bundlers are not installed there: they run from this workspace on the project's folder.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The tarball's path. */
async function packed(folder) {
  if (process.env.TIM_PACKAGE) return process.env.TIM_PACKAGE;
  await run('npm', ['pack', '--silent', '-w', 'pkg', '--pack-destination', folder], { cwd: ROOT });
  const [name] = (await readdir(folder)).filter((it) => it.endsWith('.tgz'));
  return join(folder, name);
}

/**
 * A folder for projects; `project(name, files)` makes one with these files and the package
 * installed and returns its path; `end` removes everything.
 */
export async function workbench() {
  const folder = await mkdtemp(join(tmpdir(), 'tim-wasm-package-'));
  const tarball = await packed(folder);
  return {
    tarball,
    async project(name, files, manifest = {}) {
      const home = join(folder, name);
      const all = { 'package.json': JSON.stringify({ name, private: true, ...manifest }), ...files };
      for (const [file, content] of Object.entries(all)) {
        await mkdir(dirname(join(home, file)), { recursive: true });
        await writeFile(join(home, file), content);
      }
      await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], { cwd: home });
      return home;
    },
    end: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}
