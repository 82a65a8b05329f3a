// The package as it is published, unpacked: what `npm install` would put into `node_modules`.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The tarball of TIM_PACKAGE, or one packed now from what is built; in a folder of its own. */
export async function unpack() {
  const folder = await mkdtemp(join(tmpdir(), 'tim-wasm-mini-'));
  const tarball = process.env.TIM_PACKAGE || (await pack(folder));
  await run('tar', ['-xzf', tarball, '-C', folder]);
  return {
    tarball,
    /** The package's folder. */
    home: join(folder, 'package'),
    /** What of it mini-programs get. */
    mini: join(folder, 'package/miniprogram_dist'),
    /** Runs the package's command. */
    command: (...options) => run(process.execPath, [join(folder, 'package/bin/tim-wasm.js'), ...options]),
    end: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

async function pack(folder) {
  const { stdout } = await run('npm', ['pack', '-w', 'pkg', '--json', '--pack-destination', folder], { cwd: ROOT });
  return join(folder, JSON.parse(stdout)[0].filename);
}
