#!/usr/bin/env node
// The package's command: puts files into a mini-program that its build does not bring by itself.

import { copyFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const USAGE = `Usage: npx tim-wasm copy-wasm <folder>
       npx tim-wasm copy-js <folder>

copy-wasm copies the module for mini-programs to <folder>/tim-wasm/tim_wasm.wasm.br, where the SDK
looks for it when the folder becomes /static of the code package:

  uni-app   npx tim-wasm copy-wasm src/static
  Taro      npx tim-wasm copy-wasm dist/static, or copy.patterns in its configuration

copy-js copies the SDK for hosts that cannot load WebAssembly to <folder>/tim-wasm/mini-js.js, to be
required from there. It is large: a subpackage is a good place.`;

const FILES = {
  'copy-wasm': [['miniprogram_dist/tim_wasm.wasm.br', 'tim_wasm.wasm.br']],
  'copy-js': [
    ['dist/mini-js.cjs', 'mini-js.js'],
    ['dist/mini.d.cts', 'mini-js.d.ts'],
  ],
};

const [command, folder, ...rest] = process.argv.slice(2);
if (command === '--help' || command === '-h') {
  console.log(USAGE);
} else if (!Object.hasOwn(FILES, command ?? '') || !folder || rest.length) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const home = join(folder, 'tim-wasm');
  try {
    await mkdir(home, { recursive: true });
    for (const [from, to] of FILES[command]) {
      await copyFile(fileURLToPath(new URL(`../${from}`, import.meta.url)), join(home, to));
      const { size } = await stat(join(home, to));
      console.log(`${join(home, to)}: ${(size / 1024).toFixed(1)} KB`);
    }
  } catch (error) {
    console.error(`tim-wasm: cannot copy to ${home}: ${error.message}`);
    process.exitCode = 1;
  }
}
