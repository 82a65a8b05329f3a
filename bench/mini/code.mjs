// The code package that is measured: the program of program/ with the SDK where WeChat's tool puts it.
//
// Copied once, so that all numbers of a run are of the same build.

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('program/', import.meta.url));
/** The package's build for mini-programs; TIM_MINI_DIST names another one. */
const OURS = process.env.TIM_MINI_DIST || fileURLToPath(new URL('../../pkg/miniprogram_dist/', import.meta.url));

/** `root` is the program's folder, `sdk` the SDK's in it. */
export async function codePackage() {
  const root = await mkdtemp(join(tmpdir(), 'tim-bench-program-'));
  const sdk = join(root, 'miniprogram_npm/tim-wasm');
  await cp(PROGRAM, root, { recursive: true });
  await cp(OURS, sdk, { recursive: true });
  return { root, sdk, end: () => rm(root, { recursive: true, force: true, maxRetries: 3 }) };
}
