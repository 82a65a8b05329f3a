// A web server for the package, the published SDK and the pages that load them.
//
// Nothing is cached and nothing compressed, for either. The two isolation headers make the page's
// clock count in 5 microseconds instead of 100.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.wasm': 'application/wasm' };
const HEADERS = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** The package; TIM_DIST names another build of it, for example one whose functions have names. */
export const OURS = process.env.TIM_DIST || fileURLToPath(new URL('../../pkg/dist/', import.meta.url));
export const PUBLISHED = dirname(createRequire(import.meta.url).resolve('tim-js-sdk'));
/** Folders by the beginning of the path. */
const FOLDERS = { '/ours/': OURS, '/published/': PUBLISHED };

const PAGES = {
  '/blank.html': '<!doctype html><title>blank</title>',
  '/ours.html': '<!doctype html><script type="module">import TIM from "/ours/index.js"; window.TIM = TIM;</script>',
};

export async function openSite() {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://x').pathname);
    const folder = Object.keys(FOLDERS).find((it) => path.startsWith(it));
    try {
      const body = PAGES[path] ?? (await readFile(join(FOLDERS[folder], path.slice(folder.length))));
      response.writeHead(200, { ...HEADERS, 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    end: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}
