// Headless Chromium, from CHROMIUM or where Debian puts it.

import { chromium } from 'playwright-core';

/** Switches for a container: no sandbox as root, nothing that asks the network. */
const SWITCHES = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts one; `more` are further switches. */
export const launch = (more = []) =>
  chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: [...SWITCHES, ...more] });
