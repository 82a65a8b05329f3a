// The browser that is measured, its pages, and what their CPU does.
//
// No host but this machine can be reached, so that what the published SDK would like to ask its
// cloud fails at once and costs nothing.

import { launch as launchChromium } from '../../tests/browser.js';
import { prepare } from './in-page.mjs';
import { printProfile, writeProfile } from './profile.mjs';

/** No host but this machine can be resolved. */
export const launch = () => launchChromium(['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1']);

/** A page in a context of its own, that is: with an empty cache and no databases. */
export async function openPage(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error('bench: a page threw', error));
  await page.addInitScript(prepare);
  await page.goto(url);
  return page;
}

/** Runs something and writes what the page's CPU did meanwhile, for the browser's developer tools. */
export async function profiled(page, name, run) {
  const session = await page.context().newCDPSession(page);
  await session.send('Profiler.enable');
  await session.send('Profiler.setSamplingInterval', { interval: 200 });
  await session.send('Profiler.start');
  const result = await run();
  const { profile } = await session.send('Profiler.stop');
  await session.detach();
  await writeProfile(name, profile);
  printProfile(name, profile);
  return result;
}
