// What the rows share: servers, the browser and the site with the package, each started when it is
// first asked for and ended with the setting.

import { launch, openPage } from './browser.mjs';
import { measurePeers, startProgram, timBench, timServer } from './programs.mjs';
import { openSite } from './site.mjs';

/** Starts once, whoever asks. */
function once(start) {
  let started;
  const get = () => (started ??= start());
  get.started = () => started;
  return get;
}

export function openSetting({ profile }) {
  const browser = once(launch);
  const site = once(openSite);
  const server = once(() => timServer());
  const reference = once(async () => startProgram(await timBench(), (folder) => ['reference', folder]));
  const peers = once(measurePeers);
  const pages = [];
  return {
    profile,
    browser,
    server,
    reference,
    site,
    timBench,
    /** What the servers people would otherwise run come to; measured once. */
    peers,
    /** A page with a context of its own; ended after the row unless the row does it. */
    async page(path = '/ours.html') {
      const page = await openPage(await browser(), `${(await site()).origin}${path}`);
      pages.push(page);
      return page;
    },
    async endPages() {
      await Promise.all(pages.splice(0).map((it) => it.context().close().catch(() => {})));
    },
    async end() {
      for (const part of [browser, server, reference, site]) {
        const started = await part.started()?.catch(() => undefined);
        await (started?.end ?? started?.close)?.call(started);
      }
    },
  };
}
