// The typings accept every program that the published typings accept.
//
// The programs are written against tim-js-sdk. Each set is compiled with the published typings,
// which proves that it is valid, and then with ours in their place, as a module and as what
// `require` gives.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import ts from 'typescript';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const TYPINGS = {
  published: undefined,
  'ours, imported': '../../pkg/dist/index.d.ts',
  'ours, required': '../../pkg/dist/index.d.cts',
};

const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
  types: [],
  esModuleInterop: true,
  noEmit: true,
};

/** What the compiler has against the programs of a folder. */
function complaints(folder, typings, options) {
  const files = readdirSync(path(`programs/${folder}`)).map((it) => path(`programs/${folder}/${it}`));
  const own = typings ? { paths: { 'tim-js-sdk': [path(typings)] }, skipLibCheck: false } : { skipLibCheck: true };
  const program = ts.createProgram(files, { ...OPTIONS, ...own, ...options });
  return ts
    .getPreEmitDiagnostics(program)
    .map((it) => ts.formatDiagnostic(it, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => path('.'), getNewLine: () => '\n' }));
}

for (const [name, typings] of Object.entries(TYPINGS)) {
  test(`strict programs compile with the typings ${name}`, () => {
    assert.deepEqual(complaints('accepted', typings, { strict: true }), []);
  });

  test(`programs that are not strict compile with the typings ${name}`, () => {
    assert.deepEqual(complaints('accepted', typings, { strict: false }), []);
    assert.deepEqual(complaints('loose', typings, { strict: false }), []);
  });

  test(`wrong programs do not compile with the typings ${name}`, () => {
    assert.deepEqual(complaints('refused', typings, { strict: true }), []);
  });
}

for (const typings of ['../../pkg/dist/index.d.ts', '../../pkg/dist/index.d.cts']) {
  test(`the exact types know results, payloads and events: ${typings}`, () => {
    assert.deepEqual(complaints('exact', typings, { strict: true }), []);
  });
}
