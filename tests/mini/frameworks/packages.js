// The npm packages of a fixture that is not part of the workspace because its tools are large.
//
// They are installed from the fixture's lock file, once: in a folder under `target/` that is named
// after the lock file's content, so that a second run installs nothing and a changed lock file
// installs anew.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MANIFEST = ['package.json', 'package-lock.json', '.npmrc'];
const MEGABYTE = 1024 * 1024;

/** The folder that has this fixture's packages in its `node_modules`; `cache` is a folder's name in `target/`. */
export async function packagesOf(fixture, cache) {
  const folder = join(ROOT, 'target', cache);
  const lock = await readFile(join(fixture, 'package-lock.json'));
  const name = `${basename(fixture)}-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`;
  const home = join(folder, name);
  if (!existsSync(home)) {
    await mkdir(folder, { recursive: true });
    await install(fixture, home);
    await removeOlder(folder, basename(fixture), name);
  }
  return home;
}

/** Installs beside the final place and moves it there, so that what has the final name is complete. */
async function install(fixture, home) {
  const draft = await mkdtemp(`${home}.`);
  try {
    for (const file of MANIFEST) await copyFile(join(fixture, file), join(draft, file));
    // Not `npm ci`: it refuses a lock file that lacks what other platforms need of optional packages, and
    // registries that mirror others do not have all of these. `install` takes the locked versions as well.
    // Scripts of packages are left out: what they would do here is print, download or optimise.
    await run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], {
      cwd: draft,
      maxBuffer: 64 * MEGABYTE,
    });
    await rename(draft, home);
  } catch (error) {
    await rm(draft, { recursive: true, force: true, maxRetries: 3 });
    // Two test files may install at once; the first to finish is as good as this one.
    if (existsSync(home)) return;
    throw new Error(`installing ${basename(fixture)} failed: ${error.stderr || error.message}`, { cause: error });
  }
}

/** Removes what other lock files of this fixture left, but nothing that is being installed for this one. */
async function removeOlder(folder, fixture, name) {
  const older = new RegExp(`^${fixture}-[0-9a-f]{12}`);
  const stale = (await readdir(folder)).filter((it) => older.test(it) && !it.startsWith(name));
  await Promise.all(stale.map((it) => rm(join(folder, it), { recursive: true, force: true, maxRetries: 3 })));
}
