// The gate for the JavaScript: ES2015 syntax, and no name that a mini-program's host does not have.
//
// It reads the finished bundle, so it sees what tools and libraries brought along, too.

import { parse } from 'acorn';
import { analyze } from 'eslint-scope';

/** What there is: the language, the module's own names, and the hosts' objects. */
const KNOWN = new Set([
  ...['Array', 'ArrayBuffer', 'Boolean', 'DataView', 'Date', 'Error', 'Float32Array', 'Float64Array', 'Infinity', 'Int8Array'],
  ...['Int16Array', 'Int32Array', 'JSON', 'Map', 'Math', 'NaN', 'Number', 'Object', 'Promise', 'RangeError', 'Reflect', 'RegExp'],
  ...['Set', 'String', 'Symbol', 'TypeError', 'Uint8Array', 'Uint16Array', 'Uint32Array', 'WeakMap', 'WeakSet', 'arguments'],
  ...['decodeURIComponent', 'encodeURIComponent', 'isFinite', 'isNaN', 'parseFloat', 'parseInt', 'undefined'],
  ...['clearTimeout', 'console', 'exports', 'module', 'require', 'setTimeout'],
  ...['MYWebAssembly', 'TTWebAssembly', 'WXWebAssembly', 'my', 'qq', 'swan', 'tt', 'uni', 'wx'],
]);

/** What is wrong with a script: one sentence each, none when it may ship. */
export function complaintsAbout(text) {
  let tree;
  try {
    tree = parse(text, { ecmaVersion: 2015, sourceType: 'script', ranges: true, locations: true });
  } catch (error) {
    return [`it is no ES2015: ${error.message}`];
  }
  const scopes = analyze(tree, { ecmaVersion: 2015, sourceType: 'commonjs' });
  const free = scopes.globalScope.through.map(({ identifier }) => identifier);
  const unknown = free.filter(({ name }) => !KNOWN.has(name));
  return [...new Set(unknown.map(({ name }) => name))].map((name) => {
    const { line, column } = unknown.find((it) => it.name === name).loc.start;
    return `it uses ${name} (${line}:${column}), which is not everywhere`;
  });
}
