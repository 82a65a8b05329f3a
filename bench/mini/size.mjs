// What the SDK takes of a code package's 2 MB: the scripts as they are, for the tool only minifies
// them, and the module, which is compressed already. Declarations stay with the developer.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { atMost, row } from '../table.mjs';

const FILES = ['index.js', 'mini.js', 'tim_wasm.wasm.br'];
const LIMIT_KB = 120;
/** The one script of tim-wx-sdk 2.27.6, as published; a number, because nothing else here needs that package. */
const PUBLISHED_KB = 606;

export async function measureSize(setting, { sdk }) {
  const sizes = await Promise.all(FILES.map(async (name) => (await stat(join(sdk, name))).size / 1024));
  return [
    row({
      what: 'mini: of a code package',
      unit: 'KB',
      ours: sizes.reduce((sum, it) => sum + it),
      reference: PUBLISHED_KB,
      goal: atMost(LIMIT_KB),
      note: `${FILES.map((it, index) => `${it} ${sizes[index].toFixed(1)}`).join(', ')}; reference: tim-wx-sdk 2.27.6`,
    }),
  ];
}
