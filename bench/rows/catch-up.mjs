// Coming back after an absence: 10,000 messages of one conversation, from the moment the link is up
// until the application has been told of all and all are in the database. The reference writes the
// same records into the same layout by hand, in the same page. A last run without IndexedDB shows
// what is not the database's part.

import { newName, openPeer } from '../setting/peer.mjs';
import { profiled } from '../setting/browser.mjs';
import { lookInside } from '../setting/held.mjs';
import { median, row, timesAtLeast } from '../table.mjs';

const COUNT = 10_000;
const ROUNDS = 3;
const PER_TRANSACTION = 1000;

/** Comes back and waits for `count` messages; milliseconds until told, and until kept as well. */
async function comeBack({ count, SDKAppID, userID, before }) {
  const database = window.indexedDB && (await window.openHeld(SDKAppID, userID));
  let heard = 0;
  let pages = 0;
  const all = window.next(tim, TIM.EVENT.MESSAGE_RECEIVED, (messages) => ((pages += 1), (heard += messages.length) >= count));
  link.mend();
  await all;
  const toldAt = performance.now();
  while (database && (await window.countMessages(database)) < before + count) await window.wait(5);
  const keptAt = performance.now();
  database?.close();
  return { told: toldAt - link.openedAt, kept: keptAt - link.openedAt, heard, pages };
}

async function byHand({ SDKAppID, userID, conversationID, count, perTransaction }) {
  const database = await window.openHeld(SDKAppID, userID);
  const records = await window.readPage(database, conversationID, 0, Number.MAX_SAFE_INTEGER - 1);
  const took = await window.writeByHand(database, records.slice(-count), perTransaction);
  database.close();
  return took;
}

export async function measure(setting) {
  const server = await setting.server();
  const peer = await openPeer(server);
  const runs = { ours: [], told: [], reference: [], memory: [] };
  async function round(withDatabase, profile) {
    const me = server.credentials(newName('returning'));
    const page = await setting.page(withDatabase ? '/ours.html' : '/ours.html?without');
    await page.evaluate(lookInside);
    if (!withDatabase) await page.evaluate(() => Object.defineProperty(window, 'indexedDB', { value: undefined }));
    await page.waitForFunction(() => window.TIM);
    await page.evaluate(async (it) => void (await window.enter(it)), me);
    await peer.send(me.userID);
    await page.evaluate(() => (window.wait(300).then(() => link.cut()), window.wait(600)));
    await peer.sendAll(Array(COUNT).fill(me.userID));
    const run = () => page.evaluate(comeBack, { ...me, count: COUNT, before: 1 });
    const result = await (profile ? profiled(page, `catch-up-${withDatabase ? 'kept' : 'memory'}`, run) : run());
    if (result.heard !== COUNT) throw new Error(`told of ${result.heard} messages instead of ${COUNT}`);
    if (withDatabase) {
      runs.ours.push(result.kept);
      runs.told.push(result.told);
      const hand = { ...me, conversationID: `C2C${peer.userID}`, count: COUNT, perTransaction: PER_TRANSACTION };
      runs.reference.push(await page.evaluate(byHand, hand));
    } else {
      runs.memory.push(result.told);
    }
    await page.context().close();
  }
  for (let index = 0; index < ROUNDS; index++) await round(true, setting.profile && index === 1);
  await round(false, setting.profile);
  peer.close();
  const perSecond = (times) => COUNT / (median(times) / 1000);
  return [
    row({
      what: `catch-up of ${COUNT} messages into IndexedDB`,
      unit: '/s',
      ours: perSecond(runs.ours),
      reference: perSecond(runs.reference),
      goal: timesAtLeast(0.7),
      note:
        `medians of ${ROUNDS}: told ${median(runs.told).toFixed(0)} ms, kept ${median(runs.ours).toFixed(0)} ms; ` +
        `without IndexedDB ${median(runs.memory).toFixed(0)} ms; by hand ${median(runs.reference).toFixed(0)} ms (${PER_TRANSACTION} per transaction)`,
    }),
  ];
}
