// Many messages at once from one page: `createTextMessage` and `sendMessage` until all are resolved,
// against a raw socket of the same page whose frames of the same size a bare axum server echoes
// without keeping them. With everything sent at once, and with 256 under way.

import { newName } from '../setting/peer.mjs';
import { profiled } from '../setting/browser.mjs';
import { median, row, timesAtLeast } from '../table.mjs';

const ROUNDS = 3;
const COUNT = 5000;
const WINDOW = 256;
const TEXT = 'What people write, to a length of which a frame of about four hundred bytes comes. '.repeat(2);

/** Messages a second, `window` of them under way. */
async function ours({ to, text, count, window: size }) {
  const began = performance.now();
  let started = 0;
  await Promise.all(
    Array.from({ length: size }, async () => {
      while (started < count) {
        started += 1;
        await tim.sendMessage(window.text(tim, to, text));
      }
    }),
  );
  return count / ((performance.now() - began) / 1000);
}

/** The same by a socket without the SDK, to tim-server or to the echo. */
async function bySocket({ url, length, raw, to, text, count, window: size }) {
  const { socket, frame } = raw ? await window.rawUser(raw) : await window.rawSocket(url);
  const fixed = 'x'.repeat(length);
  const next = () => (frame ? frame(text, to) : fixed);
  let sent = 0;
  let received = 0;
  const began = performance.now();
  await new Promise((resolve) => {
    socket.onmessage = () => {
      received += 1;
      if (received === count) return resolve();
      if (sent < count) (socket.send(next()), (sent += 1));
    };
    for (; sent < Math.min(size, count); sent += 1) socket.send(next());
  });
  const rate = count / ((performance.now() - began) / 1000);
  socket.close();
  return rate;
}

async function frameLength({ to, text }) {
  link.frames = [];
  await tim.sendMessage(window.text(tim, to, text));
  const { out } = link.frames.find((it) => it.out?.includes('message.send'));
  link.frames = undefined;
  return out.length;
}

export async function measure(setting) {
  const [server, bare] = [await setting.server(), await setting.reference()];
  const page = await setting.page();
  await page.waitForFunction(() => window.TIM);
  await page.evaluate(async (it) => void (await window.enter(it)), server.credentials(newName('sender')));
  const length = await page.evaluate(frameLength, { to: newName('receiver'), text: TEXT });
  const url = `ws://${bare.address}/echo`;
  const rows = [];
  for (const window of [COUNT, WINDOW]) {
    const rates = { ours: [], raw: [], reference: [] };
    for (let round = 0; round < ROUNDS; round++) {
      const run = () => page.evaluate(ours, { to: newName('receiver'), text: TEXT, count: COUNT, window });
      const profile = setting.profile && round === 1;
      rates.ours.push(await (profile ? profiled(page, `pipeline-${window}`, run) : run()));
      // What is still to be written to the database must not slow the reference down.
      await page.evaluate(() => window.wait(1500));
      const raw = { raw: server.credentials(newName('raw')), to: newName('receiver'), text: TEXT };
      rates.raw.push(await page.evaluate(bySocket, { ...raw, count: COUNT, window }));
      rates.reference.push(await page.evaluate(bySocket, { url, length, count: COUNT, window }));
    }
    rows.push(
      row({
        what: `pipelined sendMessage, ${window === COUNT ? 'all at once' : `${window} under way`}`,
        unit: '/s',
        ours: median(rates.ours),
        reference: median(rates.reference),
        goal: timesAtLeast(0.5),
        note: `frames of ${length} bytes; raw socket to tim-server ${median(rates.raw).toFixed(0)}/s; reference: raw echo, nothing is kept`,
      }),
    );
  }
  return rows;
}
