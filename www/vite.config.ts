// How the demo is built and served while it is worked on.
//
// `base: './'` lets the built page live in any folder of any host. In development the two paths
// that belong to tim-server are passed on to one that runs elsewhere.

import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';
import type { Plugin } from 'vite';

const server = process.env['TIM_SERVER_URL'] ?? 'http://127.0.0.1:8080';

/** The worker that keeps the page on the device, told which files that are. */
const offline = (): Plugin => ({
  name: 'offline',
  apply: 'build',
  writeBundle: {
    // Before the twins, so that only the files themselves are there.
    order: 'pre',
    sequential: true,
    async handler({ dir }) {
      const found = await readdir(dir!, { recursive: true, withFileTypes: true });
      const paths = found.filter((it) => it.isFile()).map((it) => relative(dir!, join(it.parentPath, it.name)));
      // The worker itself is the browser's to keep, and the WebAssembly as text is for hosts without the file.
      const kept = /^(?!service-worker|assets\/inline-|index\.html$).*\.(js|css|svg|wasm)$/;
      const names = paths.map((path) => path.split(sep).join('/')).filter((path) => kept.test(path)).sort();
      const revision = createHash('sha256');
      for (const name of ['index.html', ...names]) revision.update(name).update(await readFile(join(dir!, name)));
      const build = { REVISION: revision.digest('hex').slice(0, 16), FILES: names };
      const constants = Object.entries(build).map(([name, value]) => `const ${name} = ${JSON.stringify(value)};\n`);
      const worker = await readFile(new URL('offline/service-worker.js', import.meta.url), 'utf8');
      await writeFile(join(dir!, 'service-worker.js'), `${constants.join('')}${worker}`);
    },
  },
});

/** Compressed twins beside the files, which tim-server and most web servers send in their place. */
const twins = (): Plugin => ({
  name: 'twins',
  apply: 'build',
  writeBundle: {
    sequential: true,
    async handler({ dir }) {
      const files = await readdir(dir!, { recursive: true, withFileTypes: true });
      const compressible = files.filter((it) => it.isFile() && /\.(html|js|css|svg|wasm)$/.test(it.name));
      await Promise.all(
        compressible.map(async (file) => {
          const path = join(file.parentPath, file.name);
          const content = await readFile(path);
          await writeFile(`${path}.br`, await promisify(brotliCompress)(content));
          await writeFile(`${path}.gz`, await promisify(gzip)(content));
        }),
      );
    },
  },
});

export default defineConfig({
  base: './',
  plugins: [vue(), offline(), twins()],
  define: {
    // Only the composition API is used; the rest of Vue is left out.
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
  },
  // The package finds its WebAssembly beside its own file, so it must stay where it is.
  optimizeDeps: { exclude: ['tim-wasm'] },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // The package's fallback, the WebAssembly as text, is one large chunk that is rarely loaded.
    chunkSizeWarningLimit: 4096,
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/im': { target: server, ws: true, changeOrigin: true },
      '/dev': { target: server, changeOrigin: true },
    },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
