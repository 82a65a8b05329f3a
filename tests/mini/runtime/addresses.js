// Which addresses a program may reach, and where they lead.

import { isIP } from 'node:net';
import { Failure } from './realm.js';

/**
 * The address to connect to. With `urlCheck`, refuses what a published program may not reach: for a
 * socket any port of a listed domain will do, for a request only the listed one.
 */
export function resolve(text, settings, { secure, domains, anyPort }) {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  const plain = secure === 'wss:' ? 'ws:' : 'http:';
  if (!url || ![secure, plain].includes(url.protocol)) throw new Failure(`invalid url "${text}"`, { errno: 600009 });
  if (settings.urlCheck && !isListed(url, secure, domains, anyPort)) {
    throw new Failure('url not in domain list', { errno: 600002 });
  }
  const leadsTo = settings.names[url.hostname];
  if (!leadsTo) return url.href;
  return `${plain}//${leadsTo}${url.pathname}${url.search}`;
}

function isListed(url, secure, domains, anyPort) {
  if (url.protocol !== secure || isIP(url.hostname.replace(/[[\]]/g, '')) || url.hostname === 'localhost') return false;
  return domains.some((it) => {
    const listed = new URL(it.includes('://') ? it : `${secure}//${it}`);
    return listed.hostname === url.hostname && (anyPort || listed.port === url.port);
  });
}
