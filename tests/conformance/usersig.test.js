// The server accepts what the published generator, tls-sig-api-v2, makes, and nothing near it.
//
// Speaks the wire itself, one socket and one frame per attempt: what is asked here is the server's
// verification, not the SDK.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import signatures from 'tls-sig-api-v2';
import { APP, APP_WITH_INSTANCES, startServer } from '../package/setting/server.js';

let server;
before(async () => (server = await startServer()));
after(() => server?.end());

/** The code and body of the answer to a login. */
const login = (userID, userSig, SDKAppID = APP) =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(server.url, 'tim.v1');
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, do: 'login', body: { SDKAppID, userID, userSig } }));
    socket.onerror = () => reject(new Error('the socket failed'));
    socket.onmessage = ({ data }) => {
      socket.close();
      resolve(JSON.parse(data));
    };
  });

test('signatures of the published generator are accepted', async () => {
  for (const userID of ['ann', 'a', 'x'.repeat(32), 'a.b@c-d_e+f']) {
    const { code, body } = await login(userID, server.userSig(userID));
    assert.equal(code, 0, userID);
    assert.equal(body.profile.userID, userID);
    assert.match(body.tinyID, /^1441151\d+$/);
  }
});

test('a signature with a user buffer is accepted', async () => {
  const api = new signatures.Api(APP, server.key);
  const userSig = api.genPrivateMapKey('ann', 86400, 10000, 255);
  assert.equal((await login('ann', userSig)).code, 0);
});

test('a signature for somebody else, another app, another key or another time is refused', async () => {
  const ended = server.userSig('ann', APP, 1);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const codes = [
    await login('bob', server.userSig('ann')),
    await login('ann', server.userSig('ann', APP_WITH_INSTANCES)),
    await login('ann', new signatures.Api(APP, `${server.key}?`).genSig('ann', 86400)),
    await login('ann', ended),
    await login('ann', server.userSig('ann').slice(0, -20)),
    await login('ann', ''),
    await login('ann', server.userSig('ann', 7), 7),
  ].map((it) => it.code);
  assert.deepEqual(codes, [70013, 70014, 70009, 70001, 70003, 70002, 70020]);
});
