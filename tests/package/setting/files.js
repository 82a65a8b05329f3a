// A web server for files of a folder, on a port of its own.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/**
 * Serves `roots`, a record of path prefix and folder. `answer(path)` may answer first: with
 * `{ status, type, body }`, each optional. Returns the `origin`, the paths `asked` for, and `end`.
 */
export async function serve(roots, answer = () => undefined) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://x').pathname));
    asked.push(path);
    const own = answer(path);
    const prefix = Object.keys(roots)
      .sort((a, b) => b.length - a.length)
      .find((it) => path.startsWith(it));
    const file = prefix && join(roots[prefix], path.slice(prefix.length) || 'index.html');
    try {
      const body = own?.body ?? (own?.status && own.status !== 200 ? '' : await readFile(file));
      response.writeHead(own?.status ?? 200, { 'content-type': own?.type ?? TYPES[extname(file ?? '')] ?? 'application/octet-stream' });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    asked,
    end: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}
