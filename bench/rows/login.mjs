// Logging in: `login` → SDK_READY with the engine loaded, for somebody new and for somebody with 500
// conversations, on an empty device and on one that knows them. The reference is what no client can
// do without: a raw socket of the same page that opens, sends the login, asks for the list and
// parses what comes.
//
// Round trips are counted at the socket: opening it is one, and every frame of ours that is sent
// after something arrived begins another.

import { newName, openPeer } from '../setting/peer.mjs';
import { profiled } from '../setting/browser.mjs';
import { atMost, median, row } from '../table.mjs';

const RUNS = 12;
const CONVERSATIONS = 500;

async function logIn(credentials) {
  const { SDKAppID, userID, userSig, proxyServer } = credentials;
  const tim = TIM.create({ SDKAppID, proxyServer });
  // Refused by the engine, so it is loaded.
  await tim.login({ userID: '', userSig: '' }).catch(() => {});
  const ready = window.next(tim, TIM.EVENT.SDK_READY);
  link.frames = [];
  const began = performance.now();
  await tim.login({ userID, userSig });
  await ready;
  const took = performance.now() - began;
  let roundTrips = 0;
  let answered = true;
  for (const frame of link.frames) {
    if ('in' in frame) {
      if (frame.in === 'open') roundTrips += 1;
      answered = true;
    } else {
      if (answered) roundTrips += 1;
      answered = false;
    }
  }
  const { data } = await tim.getConversationList();
  return { took, roundTrips, conversations: data.conversationList.length };
}

async function raw({ SDKAppID, userID, userSig, proxyServer }) {
  const began = performance.now();
  const { socket, ask } = await window.rawSocket(proxyServer, 'tim.v1');
  JSON.parse(await ask(JSON.stringify({ id: 1, do: 'login', body: { SDKAppID, userID, userSig } })));
  JSON.parse(await ask(JSON.stringify({ id: 2, do: 'conversation.list', body: {} })));
  const took = performance.now() - began;
  socket.close();
  return took;
}

export async function measure(setting) {
  const server = await setting.server();
  const busy = newName('busy');
  const writer = await openPeer(server, busy);
  await writer.sendAll(Array.from({ length: CONVERSATIONS }, () => newName('friend')));
  writer.close();

  async function runs(what, name, expected, knownDevice) {
    const results = [];
    const references = [];
    const known = knownDevice && (await setting.page());
    for (let run = 0; run <= RUNS; run++) {
      const me = server.credentials(name());
      const page = known || (await setting.page());
      if (known) await page.reload();
      await page.waitForFunction(() => window.TIM);
      const measured = () => page.evaluate(logIn, me);
      const result = await (setting.profile && run === 1 ? profiled(page, `login-${expected}`, measured) : measured());
      if (result.conversations !== expected) throw new Error(`${result.conversations} conversations instead of ${expected}`);
      const reference = await page.evaluate(raw, me);
      if (!known) await page.context().close();
      // The first one warms the server, or fills the device.
      if (run > 0) (results.push(result), references.push(reference));
    }
    return [
      row({ what: `login → SDK_READY, ${what}, p50`, unit: 'ms', ours: median(results.map((it) => it.took)), reference: median(references) }),
      row({ what: `round trips of it`, unit: 'count', ours: Math.max(...results.map((it) => it.roundTrips)), reference: 3, goal: atMost(3) }),
    ];
  }

  return [
    ...(await runs('a new user', () => newName('new'), 0, false)),
    ...(await runs(`${CONVERSATIONS} conversations, empty device`, () => busy, CONVERSATIONS, false)),
    ...(await runs(`${CONVERSATIONS} conversations, known device`, () => busy, CONVERSATIONS, true)),
  ];
}
