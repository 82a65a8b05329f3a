// A server, the packed package and phones: what most tests need, in one piece.

import { startServer, APP } from '../../package/setting/server.js';
import { together } from '../../package/setting/together.js';
import { unpack } from './package.js';
import { codePackage, phone } from './phone.js';

/** Opens a town: `phone(name, settings)` is a phone of a new user, with the program installed. */
export async function openTown() {
  const [unpacked, server] = await together(unpack(), startServer());
  const made = [];
  const codes = {};
  let count = 0;
  const town = {
    server,
    unpacked,
    /** The program's code package; `entry` is what it requires. */
    async code(entry = 'tim-wasm/mini') {
      codes[entry] ??= await codePackage(unpacked, { entry });
      return codes[entry];
    },
    /** A code package that only one test has. */
    async ownCode(entry) {
      const code = await codePackage(unpacked, { entry });
      made.push(code);
      return code;
    },
    async phone(name, { entry, code, ...settings } = {}) {
      const userID = `${name}-${process.pid}-${++count}`;
      const it = await phone(code ?? (await town.code(entry)), server, { userID, SDKAppID: APP, ...settings });
      made.push(it);
      return it;
    },
    /** Ends every phone and what was made for it; between tests. */
    async tidy() {
      await Promise.all(made.splice(0).map((it) => it.end()));
    },
    async end() {
      await town.tidy();
      await Promise.all([server.end(), unpacked.end(), ...Object.values(codes).map((it) => it.end())]);
    },
  };
  return town;
}
