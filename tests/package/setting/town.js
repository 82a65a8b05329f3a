// A server, a browser and a page with the package: what most tests need, in one piece.

import { join } from 'node:path';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { launch } from '../../browser.js';
import { serve } from './files.js';
import { enter, openPage } from './people.js';
import { workbench } from './projects.js';
import { APP, startServer } from './server.js';
import { together } from './together.js';

const MODULE = '<!doctype html><script type="module">import TIM from "/dist/index.js"; window.TIM = TIM;</script>';

/** Vue as a page loads it, with its compiler. */
const VUE = dirname(createRequire(import.meta.url).resolve('vue/package.json'));

/** Opens a town: `person(name, options)` is a page with a new user logged in, `visitor()` one without. */
export async function openTown() {
  const [bench, browser, server] = await together(workbench(), launch(), startServer());
  const dist = join(await bench.project('town', {}), 'node_modules/tim-wasm/dist/');
  const site = await serve({ '/dist/': dist, '/vue/': `${VUE}/dist/` }, (path) =>
    path === '/' ? { type: 'text/html', body: MODULE } : undefined,
  );
  const url = `${site.origin}/`;
  return {
    url,
    dist,
    browser,
    server,
    person: (name, options) => enter(browser, url, server, { name, SDKAppID: APP, ...options }),
    visitor: () => openPage(browser, url),
    async end() {
      await Promise.all([browser.close(), server.end(), site.end()]);
      await bench.end();
    },
  };
}
