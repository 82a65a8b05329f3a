// Where the server is, for a program that has no address of its own and no URL class.

/** Path of the server's WebSocket, for addresses that name only a host. */
const PATH = '/im/ws';

/**
 * The WebSocket address of what the application gave, or `''` when that is no address: there is
 * nowhere else to look.
 */
export function serverAddress(proxyServer: unknown): string {
  const parts = typeof proxyServer === 'string' ? /^(?:ws|http)(s?):\/\/([^\s/?#]+)(\/[^\s?#]*)?(\?[^\s#]*)?(?:#.*)?$/i.exec(proxyServer.trim()) : null;
  if (!parts) return '';
  const [, secure = '', host = '', path = '/', query = ''] = parts;
  return `ws${secure.toLowerCase()}://${host}${path === '/' ? PATH : path}${query}`;
}
