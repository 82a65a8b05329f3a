// A web host for the page, with a connection to the server behind it that a test can interfere with.
//
// A browser's own "offline" switch leaves an open socket alone; a network that fails does not. Here
// the link can be cut (connections break and new ones are refused), or one direction of it can go
// silent while both ends still believe in it. The page itself always loads, as from a host of its own
// or from a cache. Bytes are passed on; nothing is answered or changed in the server's place.

import { readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { WEB_ROOT } from './server.js';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** Paths that belong to the server. */
const OF_SERVER = /^\/(dev|im)\//;

/** Lays a cable to a port; people at the other end use `origin`. */
export async function layCable(port) {
  const pairs = new Set();
  let isCut = false;
  /** Directions that lose what is sent: `up` from the browser, `down` to it. */
  const losing = { up: false, down: false };

  function pass(from, to, direction) {
    from.on('data', (bytes) => {
      if (!losing[direction]) to.write(bytes);
    });
    from.on('end', () => to.end());
  }

  function tie(browser, remote) {
    const pair = [browser, remote];
    pairs.add(pair);
    for (const it of pair) {
      // The reason why one end broke is of no interest: the other must break as well.
      it.on('error', () => {});
      it.on('close', () => {
        pairs.delete(pair);
        pair.forEach((one) => one.destroy());
      });
    }
    pass(browser, remote, 'up');
    pass(remote, browser, 'down');
  }

  async function file(asked, response) {
    const path = normalize(decodeURIComponent(new URL(asked.url, 'http://host').pathname));
    try {
      const name = path === '/' ? 'index.html' : path;
      const body = await readFile(join(WEB_ROOT, name));
      response.writeHead(200, { 'content-type': TYPES[extname(name)] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  }

  const host = createServer((asked, response) => {
    if (!OF_SERVER.test(asked.url)) return void file(asked, response);
    if (isCut) return asked.socket.destroy();
    const { method, headers, url: path } = asked;
    const passed = request({ host: '127.0.0.1', port, method, headers, path }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => asked.socket.destroy());
    asked.pipe(passed);
  });
  host.on('upgrade', (asked, browser) => {
    if (isCut) return browser.destroy();
    const remote = connect(port, '127.0.0.1');
    for (const it of [browser, remote]) it.setNoDelay(true);
    const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
    for (let i = 0; i < asked.rawHeaders.length; i += 2) lines.push(`${asked.rawHeaders[i]}: ${asked.rawHeaders[i + 1]}`);
    tie(browser, remote);
    remote.write(`${lines.join('\r\n')}\r\n\r\n`);
  });
  await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve));

  function breakAll() {
    for (const pair of pairs) pair.forEach((it) => it.destroy());
  }
  return {
    origin: `http://127.0.0.1:${host.address().port}`,
    cut() {
      isCut = true;
      breakAll();
    },
    /** What is sent in this direction gets lost from now on. */
    lose(direction) {
      losing[direction] = true;
    },
    /** Works again; a connection that lost bytes breaks, as TCP would have it. */
    mend() {
      if (losing.up || losing.down) breakAll();
      isCut = losing.up = losing.down = false;
    },
    end() {
      breakAll();
      host.closeAllConnections();
      return new Promise((resolve) => host.close(resolve));
    },
  };
}
