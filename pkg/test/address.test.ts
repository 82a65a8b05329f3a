// Where the address of the server comes from and what is made of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverAddress } from '../src/web/address.js';

const page = 'https://shop.example/some/page?x=1#y';

test('option, global, meta tag and page are asked in this order', () => {
  const all = { global: 'wss://global/ws', meta: 'wss://meta/ws', page };
  assert.equal(serverAddress('wss://option/ws', all), 'wss://option/ws');
  assert.equal(serverAddress(undefined, all), 'wss://global/ws');
  assert.equal(serverAddress('', { ...all, global: ' ' }), 'wss://meta/ws');
  assert.equal(serverAddress(undefined, { page }), 'wss://shop.example/im/ws');
  assert.equal(serverAddress(undefined, { page: 'http://localhost:5173/' }), 'ws://localhost:5173/im/ws');
});

test('http addresses become socket addresses, and a bare host gets the usual path', () => {
  for (const [given, address] of [
    ['https://chat.example', 'wss://chat.example/im/ws'],
    ['http://127.0.0.1:8080/', 'ws://127.0.0.1:8080/im/ws'],
    ['ws://chat.example/', 'ws://chat.example/im/ws'],
    ['wss://chat.example/own/path?key=1#fragment', 'wss://chat.example/own/path?key=1'],
    ['/elsewhere', 'wss://shop.example/elsewhere'],
    ['//chat.example', 'wss://chat.example/im/ws'],
  ]) {
    assert.equal(serverAddress(given, { page }), address);
  }
});

test('without any source, or with one that is no address, there is none', () => {
  assert.equal(serverAddress(undefined, {}), '');
  assert.equal(serverAddress(undefined, { page: 'file:///home/me/index.html' }), '');
  assert.equal(serverAddress(undefined, { page: 'about:blank' }), '');
  for (const bad of ['chat.example', 'localhost:8080', 'ftp://chat.example/', 'https://', 'javascript:alert(1)']) {
    assert.equal(serverAddress(bad, { page }), '', bad);
  }
});

test('what is no text is not an address', () => {
  assert.equal(serverAddress(5, { global: {}, meta: null, page }), 'wss://shop.example/im/ws');
});
