#!/usr/bin/env node
// The package's command, for builds that do not bring a mini-program its WebAssembly by themselves.

import { copyFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const USAGE = `Usage: npx tim-wasm copy-wasm <folder>

Copies the module for mini-programs to <folder>/tim-wasm/tim_wasm.wasm.br, where the SDK looks for it
when the folder becomes /static of the code package:

  uni-app   npx tim-wasm copy-wasm src/static
  Taro      npx tim-wasm copy-wasm dist/static, or copy.patterns in its configuration`;

const NAME = 'tim_wasm.wasm.br';
const MODULE = fileURLToPath(new URL(`../miniprogram_dist/${NAME}`, import.meta.url));

const [command, folder, ...rest] = process.argv.slice(2);
if (command === '--help' || command === '-h') {
  console.log(USAGE);
} else if (command !== 'copy-wasm' || !folder || rest.length) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const home = join(folder, 'tim-wasm');
  try {
    await mkdir(home, { recursive: true });
    await copyFile(MODULE, join(home, NAME));
    const { size } = await stat(join(home, NAME));
    console.log(`${join(home, NAME)}: ${(size / 1024).toFixed(1)} KB`);
  } catch (error) {
    console.error(`tim-wasm: cannot copy the module to ${home}: ${error.message}`);
    process.exitCode = 1;
  }
}
