// The package in applications built by the usual bundlers, without a plug-in for it and without
// copying files. Each build is opened in a browser by two people, one writes to the other.

import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { rollup } from 'rollup';
import * as vite from 'vite';
import { launch } from '../browser.js';
import { chat } from './setting/chat.js';
import { serve } from './setting/files.js';
import { workbench } from './setting/projects.js';
import { startServer } from './setting/server.js';
import { together } from './setting/together.js';

const webpack = createRequire(import.meta.url)('webpack');

const APPLICATION = {
  'index.html': '<!doctype html><meta charset="utf-8"><script type="module" src="/main.js"></script>',
  'main.js': `import TIM from 'tim-wasm';\nwindow.TIM = TIM;\n`,
  'required.js': `const TIM = require('tim-wasm');\nimport('tim-wasm').then((all) => { window.same = all.default === TIM; window.TIM = TIM; });\n`,
};

const page = (script) => (path) =>
  path === '/' ? { type: 'text/html', body: `<!doctype html><meta charset="utf-8">${script}` } : undefined;

let bench, home, browser, server;
before(async () => {
  [bench, browser, server] = await together(workbench(), launch(), startServer());
  home = await bench.project('application', APPLICATION);
});
after(async () => {
  await Promise.all([browser?.close(), server?.end()]);
  await bench?.end();
});

/** Serves a built folder, lets two people chat and returns what was asked for. */
async function chatIn(folder, answer) {
  const files = await serve({ '/': `${join(home, folder)}/` }, answer);
  const talk = await chat(browser, `${files.origin}/`, server);
  await talk.end();
  await files.end();
  return files.asked;
}

const wasm = (asked) => asked.filter((it) => it.endsWith('.wasm'));

test('vite, development server', async () => {
  const options = { root: home, configFile: false, logLevel: 'error', server: { host: '127.0.0.1', port: 0 } };
  const development = await vite.createServer(options);
  await development.listen();
  try {
    const talk = await chat(browser, development.resolvedUrls.local[0], server);
    await talk.end();
  } finally {
    await development.close();
  }
});

test('vite, build: the wasm becomes an asset', async () => {
  await vite.build({ root: home, configFile: false, logLevel: 'error', build: { outDir: 'vite', chunkSizeWarningLimit: 5000 } });
  const asked = await chatIn('vite');
  assert.match(wasm(asked)[0], /^\/assets\/tim_wasm_bg-.+\.wasm$/);
  assert.ok(!asked.some((it) => it.includes('inline')), 'the text form is not loaded as well');
});

/** Runs webpack and returns its complaints, sizes aside. */
const pack = (options) =>
  new Promise((resolve, reject) =>
    webpack({ mode: 'production', context: home, performance: { hints: false }, ...options }, (error, stats) => {
      if (error) return reject(error);
      const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
      resolve([...errors, ...warnings].map((it) => it.message));
    }),
  );

test('webpack 5: the wasm becomes an asset', async () => {
  assert.deepEqual(await pack({ entry: './main.js', output: { path: join(home, 'webpack'), filename: 'main.js' } }), []);
  const asked = await chatIn('webpack', page('<script src="/main.js"></script>'));
  assert.equal(wasm(asked).length, 2, 'once in each of the two pages');
});

test('webpack 5, required and imported in one application: one and the same TIM', async () => {
  assert.deepEqual(await pack({ entry: './required.js', output: { path: join(home, 'required'), filename: 'main.js' } }), []);
  const files = await serve({ '/': `${join(home, 'required')}/` }, page('<script src="/main.js"></script>'));
  const talk = await chat(browser, `${files.origin}/`, server);
  assert.equal(await talk.ann.evaluate(() => window.same), true);
  await talk.end();
  await files.end();
});

test('rollup, which leaves the wasm behind: the text form steps in', async () => {
  const complaints = [];
  const bundle = await rollup({ input: join(home, 'main.js'), plugins: [nodeResolve()], onwarn: (it) => complaints.push(it.message) });
  await bundle.write({ dir: join(home, 'rollup'), format: 'es' });
  assert.deepEqual(complaints, []);
  const html = page('<script type="module" src="/main.js"></script>');
  assert.ok((await chatIn('rollup', html)).some((it) => it.includes('inline')));

  await copyFile(join(home, 'node_modules/tim-wasm/dist/tim_wasm_bg.wasm'), join(home, 'rollup/tim_wasm_bg.wasm'));
  assert.ok(!(await chatIn('rollup', html)).some((it) => it.includes('inline')), 'copied beside the bundle it is found');
});

test('rollup, into a single classic script', async () => {
  const bundle = await rollup({ input: join(home, 'main.js'), plugins: [nodeResolve()], onwarn: () => {} });
  await bundle.write({ file: join(home, 'classic/main.js'), format: 'iife', inlineDynamicImports: true });
  await chatIn('classic', page('<script src="/main.js"></script>'));
});

test('esbuild, modules', async () => {
  const { warnings } = await esbuild.build({
    entryPoints: [join(home, 'main.js')],
    bundle: true,
    splitting: true,
    format: 'esm',
    outdir: join(home, 'esbuild'),
    logLevel: 'silent',
  });
  assert.deepEqual(warnings, []);
  const asked = await chatIn('esbuild', page('<script type="module" src="/main.js"></script>'));
  assert.ok(asked.some((it) => it.includes('inline')));
});

test('esbuild, a single classic script', async () => {
  const { warnings } = await esbuild.build({
    entryPoints: [join(home, 'main.js')],
    bundle: true,
    minify: true,
    format: 'iife',
    outfile: join(home, 'esbuild-classic/main.js'),
    logLevel: 'silent',
  });
  assert.deepEqual(warnings, []);
  const asked = await chatIn('esbuild-classic', page('<script src="/main.js"></script>'));
  assert.deepEqual(wasm(asked), []);
});
