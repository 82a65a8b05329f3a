// Turns the JavaScript that wasm-bindgen writes for bundlers into a factory.
//
// Its state is module-level, so a module that broke down could never be replaced; as a factory it
// can. On the way it gets the short names that wasm-opt gave to what crosses, and its views of the
// memory are compared with the memory itself: engines exist that do not detach a buffer when the
// memory grows. Fails when wasm-bindgen writes something that is not known here.

/** Views of the memory that are known to be kept, and the test that says whether they are stale. */
const VIEWS = {
  DataView: `cachedDataViewMemory0.buffer.detached === true || (cachedDataViewMemory0.buffer.detached === undefined && cachedDataViewMemory0.buffer !== wasm.memory.buffer)`,
  Uint8Array: `cachedUint8ArrayMemory0.byteLength === 0`,
};

/** What wasm-opt calls the one module that is imported from. */
const MODULE = 'a';

/**
 * @param source of `<name>_bg.js`
 * @param names what wasm-opt printed: `{ imports: [[module, name, short]], exports: [[name, short]] }`
 */
export function asFactory(source, names) {
  let text = source;
  const kept = [...text.matchAll(/^let cached(\w+)Memory0 = null;$/gm)].map(([, name]) => name);
  if (String(kept.sort()) !== String(Object.keys(VIEWS))) throw new Error(`glue: views of the memory have changed: ${kept}`);
  for (const [name, stale] of Object.entries(VIEWS)) {
    if (text.split(stale).length !== 2) throw new Error(`glue: the test of the ${name} has changed`);
    text = text.replace(stale, `cached${name}Memory0.buffer !== wasm.memory.buffer`);
  }

  const exported = [...text.matchAll(/^export (?:function|class) ([\w$]+)/gm)].map(([, name]) => name);
  for (const needed of ['Client', 'reserve', '__wbg_set_wasm']) {
    if (!exported.includes(needed)) throw new Error(`glue: there is no ${needed}`);
  }
  text = text.replace(/^export (?=function|class)/gm, '');
  if (/^\s*(export|import)\b/m.test(text)) throw new Error('glue: it imports or exports in a new way');

  const short = new Map(names.exports);
  text = text.replace(/\bwasm\.([\w$]+)/g, (all, name) => (short.has(name) ? `wasm.${short.get(name)}` : all));
  const imports = names.imports.map(([, name, its]) => {
    if (!exported.includes(name)) throw new Error(`glue: the module imports ${name}, which is not there`);
    return `${JSON.stringify(its)}: ${name}`;
  });
  const memory = JSON.stringify(short.get('memory') ?? 'memory');
  return `export function createGlue() {
${text}
return { Client, reserve, memory: ${memory}, join: __wbg_set_wasm, imports: { ${MODULE}: { ${imports.join(', ')} } } };
}
`;
}

/**
 * The module as wasm2js writes it, which instantiates itself, as a module that does so when it is
 * told to.
 */
export function asFunction(source) {
  const text = source
    .replace(/^import \* as .*$/gm, '')
    .replace(/^export var .*$/gm, '')
    .replace(/^var retasmFunc = asmFunc\(\{[^}]*\}\);$/m, 'export function instantiate(imports) { return asmFunc(imports); }');
  if (!text.includes('export function instantiate')) throw new Error('wasm2js: it instantiates in a new way');
  return text;
}
