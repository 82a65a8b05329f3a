// How soon the SDK can be used: from `TIM.create` until the engine answers, which is when it refuses a
// login without a userID. In V8 and, where its shell is installed, in JavaScriptCore without its JIT.
//
// Every run is a new process: V8 keeps what it has compiled for the next program of the same one. In
// V8 the time is the simulated host's too, which reads, unpacks and compiles the module. The shell of
// JavaScriptCore gets it unpacked and compiles it within the turn; its clock counts in whole
// milliseconds, its timers in steps of 5.

import { runInCore, shell } from '../../tests/mini/engine/core.js';
import { median, row } from '../table.mjs';
import { openPhone } from './phone.mjs';

const RUNS = 10;
const RUNS_IN_CORE = 5;
const REFUSED = 2002;
/** Nobody is asked, so nobody has to be there. */
const OPTIONS = { SDKAppID: 1400000001, proxyServer: 'ws://127.0.0.1:1/' };

const IN_CORE = `
module.exports = (resolve, reject) => {
  const began = now();
  const answered = (error) => resolve({ code: error && error.code, ms: now() - began });
  TIM.create(${JSON.stringify(OPTIONS)}).login({ userID: '', userSig: '' }).then(answered, answered);
};
`;

async function inV8(code) {
  const phone = await openPhone(code);
  try {
    return await (await phone.start()).run('load', OPTIONS);
  } finally {
    await phone.end();
  }
}

const inCore = async ({ sdk }) => (await runInCore({ mini: sdk }, IN_CORE)).done;

/** The times; the first run reads the files for all others. */
async function times(count, run, code) {
  const found = [];
  for (let index = 0; index <= count; index++) {
    const { code: answer, ms } = await run(code);
    if (answer !== REFUSED) throw new Error(`not the engine's refusal: ${answer}`);
    if (index > 0) found.push(ms);
  }
  return found;
}

export async function measureLoad(setting, code) {
  const what = 'mini: TIM.create → engine ready';
  const v8 = await times(RUNS, inV8, code);
  const rows = [row({ what: `${what}, V8`, unit: 'ms', ours: median(v8), note: `median of ${RUNS} new processes` })];
  if (shell()) {
    const core = await times(RUNS_IN_CORE, inCore, code);
    rows.push(row({ what: `${what}, JavaScriptCore`, unit: 'ms', ours: median(core), note: `without its JIT; median of ${RUNS_IN_CORE} new processes` }));
  } else {
    rows[0].note += '; JavaScriptCore left out: install libjavascriptcoregtk-4.0-bin, or name its shell in JSC';
  }
  return rows;
}
