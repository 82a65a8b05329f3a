// `WXWebAssembly`: modules from files of the code package, by their absolute path, and no other way.
//
// A strict client takes WebAssembly 1.0 and nothing newer. Texts of errors are in the style of phones:
// what they say about a missing file helps nobody. The module is compiled outside the program's
// context, where that is forbidden, and instantiated inside or outside, by the profile.

import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { Failure } from './realm.js';

/** The switches of the validator; with all of them off, what is left is WebAssembly 1.0. */
const SWITCHES = [
  ...['exceptions', 'mutable_globals', 'sat_float_to_int', 'sign_extension', 'simd', 'threads', 'function_references'],
  ...['multi_value', 'tail_call', 'bulk_memory', 'reference_types', 'annotations', 'code_metadata', 'gc', 'memory64'],
  ...['multi_memory', 'extended_const', 'relaxed_simd', 'custom_page_sizes', 'compact_imports', 'wide_arithmetic'],
];
const ALL_OFF = Object.fromEntries(SWITCHES.map((it) => [it, false]));

/** Loading the validator takes a while, so only who is strict does it. */
let validator;

async function isOne(bytes) {
  validator ??= import('wabt').then((it) => it.default());
  const wabt = await validator;
  let module;
  try {
    // It reads a buffer that is part of a larger one from the wrong place.
    module = wabt.readWasm(new Uint8Array(bytes), ALL_OFF);
    // Validating has switches of its own, and some of them are on when nothing is said.
    module.validate(ALL_OFF);
    return true;
  } catch {
    return false;
  } finally {
    module?.destroy();
  }
}

/** The object for the program. */
export function createWasm({ realm, thread, calls, profile, root }) {
  async function load(path) {
    const packed = await readFile(join(root, path)).catch(() => undefined);
    if (!packed?.length) {
      throw new Failure("WebAssembly.Module doesn't parse at byte 0: expected a module of at least 8 bytes", {
        kind: 'CompileError',
      });
    }
    const bytes = path.endsWith('.br') ? await promisify(brotliDecompress)(packed).catch(() => packed) : packed;
    const broken = (error) =>
      new Failure(profile.strictWasm ? 'invalid wasm file' : error.message, { kind: 'CompileError' });
    if (profile.strictWasm && !(await isOne(bytes))) throw broken();
    const module = await WebAssembly.compile(bytes).catch((error) => {
      throw broken(error);
    });
    const refused = WebAssembly.Module.exports(module).find((it) => ['global', 'table'].includes(it.kind));
    if (profile.strictWasm && refused) {
      throw new Failure(
        `export "${refused.name}": WebAssembly.${refused.kind === 'global' ? 'Global' : 'Table'} is not supported`,
        { kind: 'LinkError' },
      );
    }
    return module;
  }

  function instantiate(path, imports) {
    const { promise, resolve, reject } = realm.deferred();
    const refuse = (error) => {
      const own = error instanceof Failure ? realm.error(error) : error;
      thread.post(() => reject(own));
    };
    const begin = async () => {
      checkPath(path);
      checkImports(imports);
      return calls.attempt('WXWebAssembly.instantiate', path, () => load(posix.normalize(path)));
    };
    begin().then((module) => {
      thread.post(() => {
        try {
          const Instance = profile.wasmOfProgram ? realm.wasm.Instance : WebAssembly.Instance;
          const instance = new Instance(module, imports);
          resolve(profile.wasm === 'pair' ? Object.assign(realm.object({}), { instance, module }) : instance);
        } catch (error) {
          // What the program's own imports threw passes as it is.
          const isOurs = error instanceof Error;
          reject(isOurs ? realm.error(new Failure(error.message, { kind: error.name })) : error);
        }
      });
    }, refuse);
    return promise;
  }

  const { Memory, Table, RuntimeError, CompileError, LinkError } = profile.wasmOfProgram ? realm.wasm : WebAssembly;
  const it = realm.object({ instantiate });
  return Object.assign(it, { Memory, Table, RuntimeError, CompileError, LinkError });
}

function checkPath(path) {
  const wrong = (text) => new Failure(text, { kind: 'TypeError' });
  if (typeof path !== 'string')
    throw wrong('WXWebAssembly.instantiate: parameter 1 must be the path of a file in the code package');
  if (/^\w+:/.test(path)) throw wrong('not support wxfile: or http: path');
  if (!/\.wasm(\.br)?$/.test(path)) throw wrong('load wasm faild: only .wasm and .wasm.br files');
  if (!path.startsWith('/') || posix.normalize(path).startsWith('/..'))
    throw wrong(`load wasm faild: file not found ${path}`);
}

/** Bundlers make namespaces of getters; hosts copy the imports and find nothing in them. */
function checkImports(imports) {
  for (const [module, functions] of Object.entries(Object.getOwnPropertyDescriptors(imports ?? {}))) {
    const members = functions.get ? { [module]: functions } : Object.getOwnPropertyDescriptors(functions.value);
    const accessor = Object.keys(members).find((name) => members[name].get);
    if (accessor) throw new Failure(`import object field '${accessor}' is not a Function`, { kind: 'LinkError' });
  }
}
