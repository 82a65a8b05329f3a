// Keeps the page's own files on the device, so that the page opens when its host cannot be reached.
//
// A visit with a network gets the page as the host has it; its scripts and styles have names that
// change with their content, so the copies here never go stale. Messages and history are the SDK's
// matter: nothing that goes to tim-server passes through here.
//
// The build puts `REVISION` and `FILES`, names relative to the page, before these lines.

/* global REVISION, FILES */

/** How long the host may take to answer before the copy is shown. */
const PATIENCE_MS = 3000;

const CACHE = `tim-demo ${REVISION}`;
const { scope } = self.registration;
const page = new URL('./', scope).href;
const kept = new Set(FILES.map((name) => new URL(name, scope).href));

self.addEventListener('install', (event) => {
  event.waitUntil(keep().then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request;
  if (method !== 'GET') return;
  const [address] = url.split(/[?#]/);
  if (mode === 'navigate' && (address === page || address === `${page}index.html`)) {
    event.respondWith(newestPage(event.request));
  } else if (kept.has(address)) {
    event.respondWith(fileOf(event.request, address));
  }
});

async function keep() {
  const cache = await caches.open(CACHE);
  // Past the browser's own cache, which may hold the page of another build.
  await cache.addAll([page, ...kept].map((address) => new Request(address, { cache: 'no-cache' })));
}

async function forgetOthers() {
  const names = await caches.keys();
  const others = names.filter((name) => name.startsWith('tim-demo ') && name !== CACHE);
  await Promise.all(others.map((name) => caches.delete(name)));
}

async function copyOf(address) {
  const cache = await caches.open(CACHE);
  return cache.match(address);
}

async function newestPage(request) {
  const patience = new AbortController();
  const late = setTimeout(() => patience.abort(), PATIENCE_MS);
  try {
    const response = await fetch(request, { signal: patience.signal });
    if (response.status < 500) return response;
    return (await copyOf(page)) ?? response;
  } catch (error) {
    const copy = await copyOf(page);
    if (copy) return copy;
    throw error;
  } finally {
    clearTimeout(late);
  }
}

async function fileOf(request, address) {
  return (await copyOf(address)) ?? fetch(request);
}
