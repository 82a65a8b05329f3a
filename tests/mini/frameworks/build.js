// Applications of the frameworks that build to mini-programs, with the packed package in them.
//
// A fixture is a project as the framework's makers describe it, reduced to one page (conversation.js).
// Its packages come from its lock file and are shared between builds (packages.js); of the build's
// folder only the application and `node_modules/tim-wasm` are its own.

import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, readFile, readdir, realpath, rm, symlink } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify, stripVTControlCharacters } from 'node:util';
import { isolated } from './isolation.js';
import { packagesOf } from './packages.js';

const run = promisify(execFile);
const HERE = fileURLToPath(new URL('.', import.meta.url));
const CACHE = 'mini-frameworks';
const MADE = ['node_modules', 'dist', 'unpackage'];
const PATIENCE_MS = 300_000;
const MEGABYTE = 1024 * 1024;

// `command` is what `npx taro` and `npx uni` run; npx itself would look into the user's home.
const TARO = {
  command: ['node_modules/@tarojs/cli/bin/taro', 'build', '--type', 'weapp'],
  output: 'dist',
};
const FIXTURES = {
  'taro-webpack': { folders: ['taro', 'taro-webpack'], ...TARO },
  'taro-vite': { folders: ['taro', 'taro-vite'], ...TARO },
  'uni-app': {
    folders: ['uni-app'],
    // uni-app copies nothing but `static`.
    copyWasmTo: 'src/static',
    command: ['node_modules/@dcloudio/vite-plugin-uni/bin/uni.js', 'build', '-p', 'mp-weixin'],
    output: 'dist/build/mp-weixin',
  },
};

/** The names that `buildFixture` knows. */
export const fixtures = Object.keys(FIXTURES);

/**
 * Builds the fixture with the package in this tarball, in `workFolder/name`, and gives the folder of
 * the mini-program that came out. A build that fails throws what the tool has printed.
 */
export async function buildFixture(name, tarball, workFolder) {
  const { folders, copyWasmTo, command, output } = FIXTURES[name];
  const packages = await packagesOf(join(HERE, name), CACHE);
  // The real path: the tools compare paths as texts, and a system's temporary folder may be a link.
  await mkdir(workFolder, { recursive: true });
  const project = join(await realpath(workFolder), name);
  await rm(project, { recursive: true, force: true, maxRetries: 3 });
  for (const folder of folders) {
    await cp(join(HERE, folder), project, { recursive: true, filter: (path) => !MADE.includes(basename(path)) });
  }
  await copyFile(join(HERE, 'conversation.js'), join(project, 'src/conversation.js'));
  await linkPackages(join(packages, 'node_modules'), join(project, 'node_modules'));
  const sdk = join(project, 'node_modules/tim-wasm');
  await unpack(resolve(tarball), sdk);
  if (copyWasmTo) await run(process.execPath, [join(sdk, 'bin/tim-wasm.js'), 'copy-wasm', copyWasmTo], { cwd: project });
  await build(name, project, command);
  return join(project, output);
}

/** A `node_modules` of links: the packages are too many to copy for each build. */
async function linkPackages(from, to) {
  await mkdir(to);
  const names = (await readdir(from, { withFileTypes: true })).filter((it) => it.isDirectory()).map((it) => it.name);
  // `junction` is for Windows, where other links need a right that not everyone has.
  await Promise.all(names.map((it) => symlink(join(from, it), join(to, it), 'junction')));
}

/** Unpacked as npm does it; npm itself would take the links for packages that do not belong here. */
async function unpack(tarball, folder) {
  await mkdir(folder);
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder]);
  const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (Object.keys(dependencies).length > 0) throw new Error('tim-wasm has dependencies, and this check does not install them');
}

async function build(name, project, command) {
  const home = join(project, '.home');
  await mkdir(home);
  try {
    await run(process.execPath, command, {
      cwd: project,
      env: isolated(home),
      timeout: PATIENCE_MS,
      maxBuffer: 64 * MEGABYTE,
    });
  } catch (error) {
    // A failed command's message has what it wrote to stderr.
    const said = stripVTControlCharacters(`${error.message}\n${error.stdout}`);
    throw new Error(`building ${name} failed: ${said}`, { cause: error });
  }
}
