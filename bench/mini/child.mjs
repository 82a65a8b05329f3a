// The process in which a program runs, in the simulated logic layer of tests/mini. Does what phone.mjs
// asks through the channel between them, and ends with it.

import { startProgram } from '../../tests/mini/runtime/index.js';
import { Profiler } from './profiler.mjs';
import { watchFiles } from './files.mjs';
import { watchTurns } from './turns.mjs';

let program;
let files;
let turns;
let profiler;

const methods = {
  async start(options) {
    program = await startProgram({ ...options, wx: { clock: () => performance.now() } });
    files = watchFiles(program.global.wx.getFileSystemManager());
  },
  run: (name, values) => program.run((name, values) => require('./chat.js')[name](...values), name, values),
  /** Goes to the background; answers when the program has stopped. */
  async background() {
    await program.background();
    if (files.underWay) throw new Error('the program was stopped while it wrote');
  },
  foreground: () => program.foreground(),

  /** What was asked of the file manager since the last time; see files.mjs. */
  files: () => files.taken(),

  async watch(isProfiled) {
    if (isProfiled) profiler = await Profiler.start();
    turns = watchTurns();
  },
  /** What the event loop's turns were since `watch`; see turns.mjs. */
  async watched(name) {
    const result = turns.end();
    await profiler?.end(name, result.longest);
    return result;
  },
};

process.on('message', async ({ id, method, values }) => {
  try {
    process.send({ id, value: await methods[method](...values) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit());
