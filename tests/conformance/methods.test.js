// Every method of ours is one of the published SDK, or one that was added on purpose.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import TIM from 'tim-wasm';
import { reference } from './reference.js';

const { TIM: published, end } = reference();
after(end);

/** Methods of later versions of the published SDK, offered on this one, too. */
const ADDED = [
  'isReady',
  'getLoginUser',
  'getServerTime',
  'insertC2CMessageToLocalStorage',
  'insertGroupMessageToLocalStorage',
  'searchLocalMessages',
  'clearC2CHistoryMessage',
  'clearGroupHistoryMessage',
];

test('methods are published ones or listed additions', async () => {
  const ours = TIM.create({ SDKAppID: 1 });
  const theirs = Object.keys(published.create({ SDKAppID: 1 }));
  const unknown = Object.keys(ours).filter((name) => !theirs.includes(name) && !ADDED.includes(name));
  assert.deepEqual(unknown, []);
  for (const name of Object.keys(ours)) assert.equal(typeof ours[name], 'function', name);
  await ours.destroy();
});
