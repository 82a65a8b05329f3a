// Where the server is. No application passes an address that was written for another SDK, so it
// comes from the first of: the option, a global, a meta tag, the page's own host.

/** Path of the server's WebSocket, for addresses that name only a host. */
const PATH = '/im/ws';

/** What a page can say about the server; each member is absent where there is no page. */
export interface Surroundings {
  /** `globalThis.TIM_SERVER` */
  global?: unknown;
  /** `content` of `<meta name="tim-server">` */
  meta?: string | null | undefined;
  /** `location.href` */
  page?: string | undefined;
}

export function surroundings(): Surroundings {
  return {
    global: (globalThis as { TIM_SERVER?: unknown }).TIM_SERVER,
    meta: globalThis.document?.querySelector?.('meta[name="tim-server"]')?.getAttribute('content'),
    page: globalThis.location?.href,
  };
}

/**
 * The WebSocket address, or `''` when there is none. An address that is given but is none does not
 * fall through to the next source: connecting to another server than the one meant would be worse.
 */
export function serverAddress(proxyServer: unknown, { global, meta, page }: Surroundings): string {
  for (const given of [proxyServer, global, meta]) {
    if (typeof given === 'string' && given.trim()) return socketAddress(given.trim(), page);
  }
  return socketAddress(PATH, page);
}

function socketAddress(given: string, page: string | undefined): string {
  // `localhost:8080` would parse as a scheme and `example.com` as a file beside the page.
  if (!/^((ws|http)s?:)?\//i.test(given)) return '';
  let url: URL;
  try {
    url = new URL(given, page);
  } catch {
    return '';
  }
  if (!/^(ws|http)s?:$/.test(url.protocol)) return '';
  url.protocol = url.protocol.replace('http', 'ws');
  url.hash = '';
  if (url.pathname === '/') url.pathname = PATH;
  return url.href;
}
