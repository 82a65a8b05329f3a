// The context a program lives in: the language, what a mini-program's host adds, and nothing else.
//
// Node's contexts have the language only; of that, what phones lack is taken away here and by the
// profile. Knows which names a program sees, not what is behind them.

import vm from 'node:vm';
import { becomeOld } from './old.js';
import { timerPromise } from './promise.js';
import { Realm } from './realm.js';

/** Names that the host's module wrapper hides, whatever the engine has. */
const SHADOWED = [
  ...['window', 'document', 'frames', 'self', 'location', 'navigator', 'localStorage', 'history', 'Caches'],
  ...['screen', 'alert', 'confirm', 'prompt', 'XMLHttpRequest', 'WebSocket', 'Reporter', 'webkit', 'WeixinJSCore'],
];
const FAKED = ['window', 'document', 'navigator', 'location'];

export const shadowed = (settings) => (settings.fakeWindow ? SHADOWED.filter((it) => !FAKED.includes(it)) : SHADOWED);

/** Code in texts is not run, with the one exception that old libraries need to find the global object. */
function limitFunction(global, found) {
  const Native = Function;
  function Limited(...given) {
    if (given.length === 1 && given[0] === 'return this') return () => found;
    return Native(...given);
  }
  Limited.prototype = Native.prototype;
  Object.defineProperty(Limited, 'name', { value: 'Function' });
  Object.defineProperty(global, 'Function', { value: Limited, writable: true, configurable: true });
}

function lose(global) {
  for (const name of ['WebAssembly', 'SharedArrayBuffer', 'Atomics']) delete global[name];
}

/** A realm without the host's globals; `limit` takes away what only host code may use. */
export function createRealm() {
  const context = vm.createContext({}, { codeGeneration: { strings: false, wasm: false } });
  const realm = new Realm(context);
  realm.evaluate(lose)(realm.global);
  return realm;
}

/** Puts the names in place. `names` are values for the program; `unhandled` is for made Promises. */
export function furnish(realm, { profile, settings, names, unhandled }) {
  const { global } = realm;
  const define = (name, value) => Object.defineProperty(global, name, { value, writable: true, configurable: true });
  for (const [name, value] of Object.entries(names)) define(name, value);
  const found = realm.object({});
  define('global', found);
  if (settings.fakeWindow) for (const name of FAKED) define(name, realm.object({}));
  realm.evaluate(limitFunction)(global, found);
  if (profile.oldEngine) realm.evaluate(becomeOld)(global);
  if (profile.timerPromise) {
    const made = realm.evaluate(timerPromise)(global.setTimeout, unhandled);
    define('Promise', made);
    realm.usePromise(made);
  }
}
