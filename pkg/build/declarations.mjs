// Joins types/*.d.ts into the two declaration files of the package.
//
// An `import` sees a module with a default export, a `require` sees the namespace itself, and a
// declaration file can only say one of the two: so there is index.d.ts for the one and index.d.cts
// for the other, made of the same text.

import { readFile } from 'node:fs/promises';

const FILES = ['message', 'conversation', 'sdk', 'exact'];

/** A file without its header and imports. */
async function body(name) {
  const text = await readFile(new URL(`../types/${name}.d.ts`, import.meta.url), 'utf8');
  return text
    .replace(/^(\/\/.*\n)+/, '')
    .replace(/^import type \{[^}]*\} from '[^']*';\n/gm, '')
    .trim();
}

const indented = (text) => text.replace(/^(?=.)/gm, '  ');

/** Declarations as they stand inside `declare namespace`. */
const ambient = (text) => text.replace(/^export declare /gm, 'export ');

/** `{ esm, cjs }`: the texts of index.d.ts and index.d.cts. */
export async function declarations() {
  const [constants, namespace, ...types] = await Promise.all(['constants', 'namespace', ...FILES].map(body));
  const shared = types.join('\n\n');
  const own = `${namespace}\n\n${constants}`;
  return {
    esm: `declare namespace TIM {
${indented(ambient(own))}
}

export default TIM;

import EVENT = TIM.EVENT;
import TYPES = TIM.TYPES;

${shared}
`,
    cjs: `declare namespace TIM {
${indented(ambient(own))}

${indented(ambient(`${shared}`).replace('export class ChatSDK {\n  private constructor();\n', 'export interface ChatSDK {'))}
}

export = TIM;
export as namespace TIM;
`,
  };
}
