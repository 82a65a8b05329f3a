// Which server a page talks to: the option, the global, the meta tag, the page's own host.

import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { enter, openPage } from './setting/people.js';
import { serve } from './setting/files.js';
import { APP, startServer } from './setting/server.js';
import { openTown } from './setting/town.js';

const NOWHERE = 'ws://127.0.0.1:1/im/ws';

let town, site;
let head = '';
before(async () => {
  town = await openTown();
  site = await serve({ '/dist/': town.dist }, (path) =>
    path === '/'
      ? { type: 'text/html', body: `<!doctype html>${head}<script type="module">import TIM from "/dist/index.js"; window.TIM = TIM;</script>` }
      : undefined,
  );
});
after(async () => {
  await site?.end();
  await town?.end();
});

/** Logs a new user in on a page with this head and these options. */
async function reaches(html, options) {
  head = html;
  const page = await enter(town.browser, `${site.origin}/`, town.server, { SDKAppID: APP, proxyServer: undefined, ...options });
  await page.end();
}

test('the option wins over everything', async () => {
  await reaches(`<meta name="tim-server" content="${NOWHERE}"><script>TIM_SERVER = "${NOWHERE}"</script>`, { proxyServer: town.server.url });
});

test('then the global', async () => {
  await reaches(`<meta name="tim-server" content="${NOWHERE}"><script>TIM_SERVER = "${town.server.url}"</script>`);
});

test('then the meta tag; an http address with a bare host will do', async () => {
  await reaches(`<meta name="tim-server" content="http://${town.server.address}">`);
});

test('last the host of the page, which may well be the server itself', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tim-wasm-root-'));
  await cp(town.dist, join(folder, 'dist'), { recursive: true });
  await writeFile(
    join(folder, 'index.html'),
    '<!doctype html><script type="module">import TIM from "/dist/index.js"; window.TIM = TIM;</script>',
  );
  const server = await startServer([`webRoot = ${JSON.stringify(folder)}`]);
  try {
    const page = await enter(town.browser, `http://${server.address}/`, server, { SDKAppID: APP, proxyServer: undefined });
    assert.equal(await page.evaluate(() => window.tim.isReady()), true);
    await page.end();
  } finally {
    await server.end();
    await rm(folder, { recursive: true, force: true });
  }
});

test('a page whose host is no server: the login fails in the end, and other calls do not wait for it', async () => {
  head = '';
  const page = await openPage(town.browser, `${site.origin}/`);
  const states = await page.evaluate(async () => {
    const tim = window.TIM.create({ SDKAppID: 1 });
    const states = [];
    tim.on(window.TIM.EVENT.NET_STATE_CHANGE, ({ data }) => states.push(data.state));
    tim.login({ userID: 'a', userSig: 'b' }).catch(() => {});
    const lost = window.next(tim, window.TIM.EVENT.NET_STATE_CHANGE, (it) => it.state === 'disconnected');
    states.push((await window.rejection(tim.getMyProfile())).code);
    await lost;
    await tim.destroy();
    return states;
  });
  assert.deepEqual([...new Set(states)].sort(), [3000, 'connecting', 'disconnected']);
  await page.end();
});
