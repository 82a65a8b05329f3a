// The shortest proof that a build of the package works: two people, one message.

import assert from 'node:assert/strict';
import { APP } from './server.js';
import { enter } from './people.js';

/** Two pages at `url`: one writes to the other and both see the message. Returns the pages. */
export async function chat(browser, url, server) {
  const [ann, bob] = await Promise.all([
    enter(browser, url, server, { name: 'ann', SDKAppID: APP }),
    enter(browser, url, server, { name: 'bob', SDKAppID: APP }),
  ]);
  const words = `hello from ${ann.userID}`;
  const received = bob.evaluate(async (from) => {
    const [message] = await window.next(window.tim, 'onMessageReceived', ([it]) => it.from === from);
    return { text: message.payload.text, flow: message.flow, status: message.status, ID: message.ID };
  }, ann.userID);
  const sent = await ann.evaluate(
    async ([to, it]) => {
      const message = window.text(window.tim, to, it);
      await window.tim.sendMessage(message);
      return { status: message.status, ID: message.ID };
    },
    [bob.userID, words],
  );
  assert.deepEqual(await received, { text: words, flow: 'in', status: 'success', ID: sent.ID });
  assert.equal(sent.status, 'success');
  return { ann, bob, end: () => Promise.all([ann.end(), bob.end()]) };
}
