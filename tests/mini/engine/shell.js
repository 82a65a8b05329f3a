// A host for one program in the shell of JavaScriptCore, which has neither sockets nor files.
//
// Runs there, not in Node. Files are kept in memory; what passes through sockets goes line by line
// through standard input and output, where core.js has the real socket. Time passes by lines, too:
// reading one is the only way to wait.
//
//   jsc --useJIT=false shell.js -- <bundle> <module> <orders>

/* global read, print, readline, drainMicrotasks, arguments */

const [bundle, wasm, orders] = arguments;
const tell = (what) => print(JSON.stringify(what));

// ---- timers

let count = 0;
const timers = new Map();
const now = () => Date.now();
const later = (ms, fn) => (timers.set(++count, { at: now() + ms, fn }), count);

function ring() {
  for (const [id, { at, fn }] of [...timers].sort(([, a], [, b]) => a.at - b.at)) {
    if (at > now() || !timers.delete(id)) continue;
    fn();
    drainMicrotasks();
  }
}

// ---- files, in memory

const files = new Map();
const missing = { errno: 1300002, errMsg: 'no such file or directory' };
const copy = (buffer) => buffer.slice(0);
const call = (work) => (options) =>
  later(0, () => {
    try {
      options.success(work(options) ?? {});
    } catch (error) {
      options.fail(error);
    }
  });
function there(path) {
  if (!files.has(path)) throw missing;
  return files.get(path);
}
const manager = {
  readFile: call(({ filePath }) => ({ data: copy(there(filePath)) })),
  writeFile: call(({ filePath, data }) => void files.set(filePath, copy(data))),
  appendFile: call(({ filePath, data }) => {
    const [old, more] = [new Uint8Array(there(filePath)), new Uint8Array(data)];
    const all = new Uint8Array(old.length + more.length);
    all.set(old);
    all.set(more, old.length);
    files.set(filePath, all.buffer);
  }),
  rename: call(({ oldPath, newPath }) => {
    files.set(newPath, there(oldPath));
    files.delete(oldPath);
  }),
  unlink: call(({ filePath }) => void (there(filePath), files.delete(filePath))),
  stat: call(({ path }) => ({ stats: { size: there(path).byteLength } })),
  mkdir: call(() => {}),
  rmdir: call(({ dirPath }) => {
    for (const path of [...files.keys()]) if (path.startsWith(`${dirPath}/`)) files.delete(path);
  }),
};

// ---- one socket

const listeners = {};
const task = {
  send: ({ data, success }) => {
    tell({ send: data });
    later(0, () => success?.({}));
  },
  close: () => tell({ close: true }),
};
for (const name of ['Open', 'Message', 'Error', 'Close']) task[`on${name}`] = (fn) => (listeners[name] = fn);

const wx = {
  env: { USER_DATA_PATH: 'wxfile://usr' },
  getFileSystemManager: () => manager,
  connectSocket: ({ url, protocols }) => (tell({ connect: url, protocols }), task),
  getRandomValues: ({ length, success }) => later(0, () => success({ randomValues: Uint8Array.from({ length }, () => Math.random() * 256).buffer })),
  getAppBaseInfo: () => ({ language: 'en' }),
};
for (const name of ['AppShow', 'AppHide', 'NetworkStatusChange', 'MemoryWarning']) wx[`on${name}`] = wx[`off${name}`] = () => {};

// At once: what the engine does in the background is told in its own event loop, which does not run here.
const instantiate = (path, imports) => new WebAssembly.Instance(new WebAssembly.Module(read(wasm, 'binary')), imports);
const WXWebAssembly = { instantiate: (...all) => Promise.resolve().then(() => instantiate(...all)) };

/** Runs a CommonJS module, with the names a host gives it and none of its own. */
function required(file) {
  const module = { exports: {} };
  const names = ['module', 'exports', 'wx', 'WXWebAssembly', 'setTimeout', 'clearTimeout', 'console', 'WebAssembly', 'window', 'self', 'TIM', 'tell', 'now'];
  const log = (...all) => tell({ log: all.map(String).join(' ') });
  const console = { log, debug: log, info: log, warn: log, error: log };
  const values = [module, module.exports, wx, WXWebAssembly, (fn, ms) => later(ms, fn), (id) => timers.delete(id), console, undefined, undefined, undefined, this.TIM, tell, now];
  new Function(...names, read(file))(...values);
  return module.exports;
}

this.TIM = required(bundle);
required(orders)((done) => tell({ done }), (error) => tell({ failed: `${error.code ?? ''} ${error.message} ${error.stack}` }));
drainMicrotasks();
for (let line = readline(); line !== null; line = readline()) {
  const said = JSON.parse(line);
  if (said.event) {
    const { event, ...data } = said;
    listeners[event]?.(data);
    drainMicrotasks();
  }
  ring();
}
