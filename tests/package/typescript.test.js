// TypeScript finds and understands the package in every way it resolves modules.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import ts from 'typescript';
import { workbench } from './setting/projects.js';

const PROGRAM = `
const tim: ChatSDK = TIM.create({ SDKAppID: 1400000000 });
const message: Message = tim.createTextMessage({ to: 'bob', conversationType: TIM.TYPES.CONV_C2C, payload: { text: '' } });
tim.on(TIM.EVENT.SDK_READY, () => tim.sendMessage(message));
// @ts-expect-error the typings are really there
tim.nothing();
`;

let bench;
let home;
before(async () => {
  bench = await workbench();
  home = await bench.project('typescript', {
    'imported.mts': `import TIM, { ChatSDK, type Message } from 'tim-wasm';\n${PROGRAM}export { tim };`,
    'types.mts': `import type { Message, Conversation } from 'tim-wasm';\nexport type Both = Message & Conversation;`,
    'interop.cts': `import TIM, { type ChatSDK, type Message } from 'tim-wasm';\n${PROGRAM}export { tim };`,
    'required.cts': `import TIM = require('tim-wasm');\ntype ChatSDK = TIM.ChatSDK;\ntype Message = TIM.Message;\n${PROGRAM}export { tim };`,
    'mini.cts': `import TIM = require('tim-wasm/mini');\ntype ChatSDK = TIM.ChatSDK;\ntype Message = TIM.Message;\n${PROGRAM}TIM.create({ SDKAppID: 1, wasmPath: '/a.wasm.br' });\nexport { tim };`,
    'mini.ts': `import TIM, { type ChatSDK, type Message } from 'tim-wasm/mini';\nimport other from 'tim-wasm/mini-js';\n${PROGRAM}export { tim, other };`,
    'bundled.ts': `import TIM, { ChatSDK, Message } from 'tim-wasm';\n${PROGRAM}export { tim };`,
  });
});
after(() => bench?.end());

const { ModuleKind: Module, ModuleResolutionKind: Resolution } = ts;

for (const [name, files, options] of [
  ['node16', ['imported.mts', 'types.mts', 'interop.cts', 'required.cts', 'mini.cts'], { module: Module.Node16, moduleResolution: Resolution.Node16 }],
  ['nodenext', ['imported.mts', 'interop.cts', 'required.cts'], { module: Module.NodeNext, moduleResolution: Resolution.NodeNext }],
  ['bundler', ['bundled.ts', 'imported.mts', 'mini.ts'], { module: Module.ESNext, moduleResolution: Resolution.Bundler }],
  ['bundler, keeping imports as they stand', ['imported.mts', 'types.mts'], { module: Module.ESNext, moduleResolution: Resolution.Bundler, verbatimModuleSyntax: true }],
  ['node10', ['bundled.ts', 'mini.ts'], { module: Module.CommonJS, moduleResolution: Resolution.Node10 }],
]) {
  test(`module resolution ${name}`, () => {
    const program = ts.createProgram(
      files.map((it) => join(home, it)),
      { target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], types: [], strict: true, noEmit: true, esModuleInterop: true, skipLibCheck: false, ...options },
    );
    const problems = ts.getPreEmitDiagnostics(program).map((it) => `${it.file?.fileName} ${ts.flattenDiagnosticMessageText(it.messageText, '\n')}`);
    assert.deepEqual(problems, []);
  });
}
