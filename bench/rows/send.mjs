// One message at a time: `sendMessage` → resolved, against a raw socket of the same page that sends a
// frame of the same size to a bare axum server, which commits it durably (SQLite WAL, synchronous
// FULL) and echoes it. Rounds of both take turns.

import { newName } from '../setting/peer.mjs';
import { profiled } from '../setting/browser.mjs';
import { median, row, timesAtMost } from '../table.mjs';

const ROUNDS = 8;
const EACH = 60;

/** Makes the frame about 400 bytes. */
const TEXT = 'What people write, to a length of which a frame of about four hundred bytes comes. '.repeat(2);

async function prepared({ referenceURL, to, text, raw }) {
  const user = await window.rawUser(raw);
  window.raw = () => user.send(text, to);
  // What our own frame is, the reference sends to itself and gets back.
  link.frames = [];
  await tim.sendMessage(window.text(tim, to, text));
  const [{ out }] = link.frames.filter((it) => it.out?.includes('message.send'));
  link.frames = undefined;
  const { socket, ask } = await window.rawSocket(referenceURL, 'tim.v1');
  await ask(JSON.stringify({ id: 1, do: 'login', body: { userID: 'echo' } }));
  const frame = JSON.parse(out);
  frame.body.message.to = 'echo';
  const echo = JSON.stringify(frame);
  let echoed = () => {};
  // The echo comes first; the short acknowledgement behind it is not waited for.
  socket.onmessage = ({ data }) => data.startsWith('{"push"') && echoed();
  window.reference = () =>
    new Promise((resolve) => {
      echoed = resolve;
      socket.send(echo);
    });
  return out.length;
}

async function ours({ to, text, count }) {
  const times = [];
  for (let index = 0; index < count; index++) {
    const message = window.text(tim, to, text);
    const began = performance.now();
    await tim.sendMessage(message);
    times.push(performance.now() - began);
  }
  return times;
}

async function bySocket({ name, count }) {
  const times = [];
  for (let index = 0; index < count; index++) {
    const began = performance.now();
    await window[name]();
    times.push(performance.now() - began);
  }
  return times;
}

export async function measure(setting) {
  const [server, bare] = [await setting.server(), await setting.reference()];
  const page = await setting.page();
  const [me, to] = [newName('sender'), newName('receiver')];
  await page.waitForFunction(() => window.TIM);
  await page.evaluate(async (it) => void (await window.enter(it)), server.credentials(me));
  const length = await page.evaluate(prepared, {
    referenceURL: bare.url,
    to,
    text: TEXT,
    raw: server.credentials(newName('raw')),
  });
  const times = { ours: [], raw: [], reference: [] };
  const run = async () => {
    for (let round = 0; round <= ROUNDS; round++) {
      const a = await page.evaluate(ours, { to, text: TEXT, count: EACH });
      const b = await page.evaluate(bySocket, { name: 'raw', count: EACH });
      const c = await page.evaluate(bySocket, { name: 'reference', count: EACH });
      if (round > 0) (times.ours.push(...a), times.raw.push(...b), times.reference.push(...c));
    }
  };
  await (setting.profile ? profiled(page, 'send', run) : run());
  return [
    row({
      what: 'sendMessage → resolved, one at a time, p50',
      unit: 'ms',
      ours: median(times.ours),
      reference: median(times.reference),
      goal: timesAtMost(1.5),
      note: `${times.ours.length} sends, frames of ${length} bytes; raw socket to tim-server ${median(times.raw).toFixed(2)} ms; reference: raw echo + durable commit`,
    }),
  ];
}
