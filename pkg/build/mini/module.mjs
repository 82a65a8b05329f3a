// The gate for the module: what the engines of the oldest supported phones do not know must not be in
// it. What is superfluous is taken out first; the rest is refused with a reason.
//
// WebAssembly 1.0 and nothing more; functions of one module imported; functions and one memory
// exported; no 64-bit integer at the boundary, because it would be a BigInt.

import createWabt from 'wabt';

const [CUSTOM, TYPE, IMPORT, FUNCTION, EXPORT] = [0, 1, 2, 3, 7];
const I64 = 0x7e;
const KINDS = ['function', 'table', 'memory', 'global'];

/** Everything of WebAssembly that came after its first version. */
const AFTER_MVP = {
  annotations: false,
  bulk_memory: false,
  code_metadata: false,
  compact_imports: false,
  custom_page_sizes: false,
  exceptions: false,
  extended_const: false,
  function_references: false,
  gc: false,
  memory64: false,
  multi_memory: false,
  multi_value: false,
  mutable_globals: false,
  reference_types: false,
  relaxed_simd: false,
  sat_float_to_int: false,
  sign_extension: false,
  simd: false,
  tail_call: false,
  threads: false,
};

/** Reads a module's bytes; `u32` is LEB128. */
function reader(bytes, at = 0, end = bytes.length) {
  const it = {
    at,
    end,
    byte: () => bytes[it.at++],
    u32() {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = it.byte();
        value |= (byte & 127) << shift;
        if (byte < 128) return value >>> 0;
      }
    },
    name() {
      const length = it.u32();
      it.at += length;
      return Buffer.from(bytes.subarray(it.at - length, it.at)).toString();
    },
    many: (read) => Array.from({ length: it.u32() }, read),
  };
  return it;
}

function u32(value) {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
}

/** `{ id, body }` of every section. */
function sections(bytes) {
  const it = reader(bytes, 8);
  const found = [];
  while (it.at < it.end) {
    const id = it.byte();
    const length = it.u32();
    found.push({ id, body: bytes.subarray(it.at, it.at + length) });
    it.at += length;
  }
  return found;
}

const joined = (bytes, all) =>
  Uint8Array.from([...bytes.subarray(0, 8), ...all.flatMap(({ id, body }) => [id, ...u32(body.length), ...body])]);

/** The module without a custom section: `target_features` would make tools use what it names. */
export function withoutCustomSection(bytes, name) {
  const named = (body) => reader(body).name() === name;
  return joined(bytes, sections(bytes).filter(({ id, body }) => id !== CUSTOM || !named(body)));
}

const exportsOf = (body) => {
  const it = reader(body);
  return it.many(() => ({ name: it.name(), kind: it.byte(), index: it.u32() }));
};

/** The module without custom sections and without exported globals, which nobody reads. */
export function stripped(bytes) {
  const kept = sections(bytes).filter(({ id }) => id !== CUSTOM);
  for (const section of kept.filter(({ id }) => id === EXPORT)) {
    const exports = exportsOf(section.body).filter(({ kind }) => KINDS[kind] !== 'global');
    const written = exports.flatMap(({ name, kind, index }) => {
      const text = Buffer.from(name);
      return [...u32(text.length), ...text, kind, ...u32(index)];
    });
    section.body = Uint8Array.from([...u32(exports.length), ...written]);
  }
  return joined(bytes, kept);
}

/** What is wrong with a module: one sentence each, none when it may ship. */
export async function complaintsAbout(bytes) {
  const complaints = [];
  const wabt = await createWabt();
  try {
    // A copy: a view of a larger buffer would be read from the wrong place.
    const module = wabt.readWasm(Uint8Array.from(bytes), AFTER_MVP);
    try {
      // Each has switches of its own, and some are on when nothing is said.
      module.validate(AFTER_MVP);
    } finally {
      module.destroy();
    }
  } catch (error) {
    return [`it is no WebAssembly 1.0: ${String(error.message).trim().split('\n').slice(0, 3).join(' | ')}`];
  }
  const all = sections(bytes);
  const body = (wanted) => all.find(({ id }) => id === wanted)?.body ?? Uint8Array.of(0);

  const typesReader = reader(body(TYPE));
  const types = typesReader.many(() => {
    typesReader.byte();
    return [...typesReader.many(() => typesReader.byte()), ...typesReader.many(() => typesReader.byte())];
  });
  const importsReader = reader(body(IMPORT));
  const imported = [];
  const modules = new Set();
  for (let left = importsReader.u32(); left > 0; left--) {
    modules.add(importsReader.name());
    const name = importsReader.name();
    const kind = importsReader.byte();
    if (KINDS[kind] !== 'function') {
      // What follows depends on the kind; the first is enough.
      complaints.push(`it imports the ${KINDS[kind]} ${name}`);
      break;
    }
    imported.push({ name, type: importsReader.u32() });
  }
  if (modules.size > 1) complaints.push(`it imports from ${modules.size} modules: ${[...modules].join(', ')}`);
  const functionsReader = reader(body(FUNCTION));
  const functions = [...imported.map((it) => it.type), ...functionsReader.many(() => functionsReader.u32())];

  const wide = (type) => types[type].includes(I64);
  for (const { name, type } of imported) if (wide(type)) complaints.push(`its import ${name} has a 64-bit integer`);
  for (const { name, kind, index } of exportsOf(body(EXPORT))) {
    if (KINDS[kind] === 'function' && wide(functions[index])) complaints.push(`its export ${name} has a 64-bit integer`);
    if (['table', 'global'].includes(KINDS[kind])) complaints.push(`it exports the ${KINDS[kind]} ${name}`);
  }
  if (all.some(({ id }) => id === CUSTOM)) complaints.push('it has custom sections');
  return complaints;
}
