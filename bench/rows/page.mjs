// Opening a conversation with 100,000 messages on the device: `getMessageList` for its first page,
// each conversation once after a login, against the bounded read of the same records straight from
// the database. Which of the two comes first takes turns, so that neither warms the other's cache.
//
// The device is filled by the engine itself: the page was away while 20 people wrote 5,000 messages
// each, and comes back.

import { newName, openPeer } from '../setting/peer.mjs';
import { profiled } from '../setting/browser.mjs';
import { lookInside } from '../setting/held.mjs';
import { median, row, timesAtMost } from '../table.mjs';

const PEERS = 20;
const EACH = 5000;
const LOGINS = 4;

async function fill({ count, SDKAppID, userID }) {
  const database = await window.openHeld(SDKAppID, userID);
  link.mend();
  while ((await window.countMessages(database)) < count) await window.wait(100);
  database.close();
}

async function firstPages({ conversations, each, SDKAppID, userID }) {
  const database = await window.openHeld(SDKAppID, userID);
  const times = { ours: [], reference: [] };
  const timed = async (list, run) => {
    const began = performance.now();
    const result = await run();
    list.push(performance.now() - began);
    return result;
  };
  link.frames = [];
  for (const [index, conversationID] of conversations.entries()) {
    let page;
    let records;
    const ours = async () => (page = await timed(times.ours, () => tim.getMessageList({ conversationID })));
    const reference = async () => (records = await timed(times.reference, () => window.readPage(database, conversationID, each - 14, each)));
    for (const run of index % 2 ? [ours, reference] : [reference, ours]) await run();
    const [a, b] = [page.data.messageList.map((it) => it.ID), records.map((it) => it.id)];
    if (a.length !== 15 || a.join() !== b.join()) throw new Error(`different pages: ${a} and ${b}`);
  }
  const asked = link.frames.filter((it) => it.out).length;
  database.close();
  return { ...times, asked };
}

export async function measure(setting) {
  const server = await setting.server();
  const me = server.credentials(newName('reader'));
  const peers = await Promise.all(Array.from({ length: PEERS }, () => openPeer(server)));
  const page = await setting.page();
  const enter = async () => {
    await page.evaluate(lookInside);
    await page.waitForFunction(() => window.TIM);
    await page.evaluate(async (it) => void (await window.enter(it)), me);
  };
  await enter();
  for (const peer of peers) await peer.send(me.userID);
  await page.evaluate(() => (window.wait(500).then(() => link.cut()), window.wait(1000)));
  for (const peer of peers) {
    await peer.sendAll(Array(EACH - 1).fill(me.userID));
    peer.close();
  }
  await page.evaluate(fill, { ...me, count: PEERS * EACH });

  const times = { ours: [], reference: [] };
  let asked = 0;
  const options = { ...me, conversations: peers.map((it) => `C2C${it.userID}`), each: EACH };
  for (let login = 0; login < LOGINS; login++) {
    await page.reload();
    await enter();
    // The login's own work has settled.
    await page.evaluate(() => window.wait(500));
    const run = () => page.evaluate(firstPages, options);
    const result = await (setting.profile && login === 1 ? profiled(page, 'page', run) : run());
    times.ours.push(...result.ours);
    times.reference.push(...result.reference);
    asked += result.asked;
  }
  return [
    row({
      what: `getMessageList, first page, ${(PEERS * EACH) / 1000}k on the device, p50`,
      unit: 'ms',
      ours: median(times.ours),
      reference: median(times.reference),
      goal: timesAtMost(1.5),
      note: `${times.ours.length} conversations opened, ${asked} questions to the server; reference: getAll of the same 15 records on the index`,
    }),
  ];
}
