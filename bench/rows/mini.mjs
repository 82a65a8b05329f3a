// The build for mini-programs, in the simulated logic layer of tests/mini: how large it is, how soon it
// is ready, how long it keeps the program from other work, and its history in files against the same
// messages in key-value storage, as apps keep them without help.
//
// V8 is Android's engine; iPhones have JavaScriptCore without its JIT. The host's part is the
// simulator's, on this machine's disk and file cache: it is in ours and in the references alike, and
// says nothing of phones' own times. Each number has its file in mini/.

import { measureAppend } from '../mini/append.mjs';
import { measureArrivals } from '../mini/arrivals.mjs';
import { codePackage } from '../mini/code.mjs';
import { measureLoad } from '../mini/load.mjs';
import { measureReopening } from '../mini/reopening.mjs';
import { measureSize } from '../mini/size.mjs';

export async function measure(setting) {
  const code = await codePackage();
  try {
    const rows = [];
    for (const part of [measureSize, measureLoad, measureArrivals, measureAppend, measureReopening]) {
      rows.push(...(await part(setting, code)));
    }
    return rows;
  } finally {
    await code.end();
  }
}
