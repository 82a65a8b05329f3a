// A mini-program's logic layer to test in: what the host gives a program, and nothing else.
//
// A code package (app.js, app.json, pages, miniprogram_npm) runs in a context of its own, over real
// sockets, real HTTP and files on disk. No phone and no WeChat is involved: this shows that a program
// keeps to what is known of its host, not that a certain client does.
//
//   const program = await startProgram({ root, home, profile: 'ios', suspendAfter: 50 });
//
//   root      the code package's folder
//   home      the folder of the host's own data: files and storage; they survive the program
//   profile   `android`, `ios`, `instance`, `timer-promise`, `old` or `no-wasm`; see profiles.js
//   …         every setting of settings.js, by its name
//
//   program.run(text)              the value of code in the context
//   program.run(fn, ...values)     calls a function there; it sees `require` and the values, not its surroundings
//   program.require(path)          a module of the program, as from app.js
//   program.page(path)             the page on top, after opening `path` if it is another one; with `data`
//                                  and methods. `program.top` is the one on top
//   program.background()           a promise: kept when the JS thread has stopped, after `suspendAfter`
//   program.foreground()           a promise: kept when everything held has run and the program knows
//   program.network(online, type)  a promise: kept when the program knows
//   program.memoryWarning(level)   a promise, too
//   program.fault(name, fault)     makes a function of the host fail; see `Faults.add` in faults.js
//   program.temporaryFile(name, bytes)   the path of a file the user has chosen
//   program.settings               the settings; what is changed counts from then on
//   program.sockets                how many sockets count against the limit
//   program.errors                 uncaught errors and unhandled rejections: [{ kind, text, error }]
//   program.console                what was logged: [{ level, text }]
//   program.shown                  toasts, dialogs, titles: [{ name, … }]
//   program.global                 the context's global object, as it is
//   program.end()                  everything stops at once, as when the host kills it; files stay
//   program.ended                  a promise: kept at the end, also when a fault has brought it about
//
// A test's hand reaches a stopped program, too: what `run` does then, a phone would not have done.
// Values that come back from `run` and from pages are copied, so that they can be compared; functions,
// errors and bytes come as they are. The faults and settings that make a host misbehave are in
// faults.js and settings.js.
//
// Reading order: context.js and realm.js (the border), thread.js and lifecycle.js (when things happen),
// call.js (how functions answer), then what `wx` has: sockets.js, file-manager.js, storage.js,
// requests.js, system.js, screen.js, pages.js.

import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createRealm, furnish, shadowed } from './context.js';
import { Errors } from './errors.js';
import { createHost } from './host.js';
import { Modules } from './modules.js';
import { profileNamed } from './profiles.js';
import { settle } from './settings.js';
import { Thread } from './thread.js';

/** Starts the program in `root` and opens its first page, if app.json names one. */
export async function startProgram({ root, home, profile: name = 'android', ...given }) {
  const folder = resolve(root);
  const settings = settle(given);
  const profile = profileNamed(name);
  mkdirSync(home, { recursive: true });
  const manifest = readManifest(folder);
  const launched = launchOptions(settings.open ?? manifest.pages?.[0] ?? '');
  let isTelling = false;
  let host;

  const realm = createRealm();
  const errors = new Errors((promise) => realm.owns(promise), tellOfError);
  const thread = new Thread((error) => errors.add('error', error));
  const modules = new Modules(realm, folder, shadowed(settings));

  /** The program may listen to its own errors; one of a listener is noted only. */
  function tellOfError(kind, error) {
    if (isTelling) return;
    thread.post(() => {
      isTelling = true;
      if (kind === 'error') {
        host.pages.tellApp('onError', String(error?.stack ?? error));
        host.events.emit('Error', error);
      } else {
        host.pages.tellApp('onUnhandledRejection', { reason: error });
        host.events.emit('UnhandledRejection', { reason: error });
      }
      isTelling = false;
    });
  }

  let resolveEnded;
  const ended = new Promise((it) => {
    resolveEnded = it;
  });
  function end() {
    errors.end();
    host.end();
    resolveEnded();
    return ended;
  }

  const paths = manifest.pages ?? [];
  host = createHost({
    realm,
    thread,
    modules,
    profile,
    settings,
    root: folder,
    home,
    paths,
    launched: () => launched,
    kill: end,
  });
  furnish(realm, { profile, settings, names: host.names, unhandled: (reason) => errors.add('rejection', reason) });
  const { pages, events, lifecycle, places, faults, sockets } = host;

  thread.run(() => modules.has('app.js') && modules.require('/app.js'));
  pages.tellApp('onLaunch', launched);
  pages.tellApp('onShow', launched);
  if (launched.path) pages.open(`/${settings.open ?? launched.path}`);

  function hidden() {
    pages.tellTop('onHide');
    pages.tellApp('onHide');
    events.emit('AppHide', {});
  }
  function shown() {
    events.emit('AppShow', launched);
    pages.tellApp('onShow', launched);
    pages.tellTop('onShow');
  }

  return {
    settings,
    errors: errors.list,
    console: host.logged,
    shown: host.screen.shown,
    global: realm.global,
    ended,
    get sockets() {
      return sockets.count;
    },
    get top() {
      return face(realm, pages.top);
    },
    run: (code, ...values) =>
      realm.toHost(typeof code === 'function' ? call(modules, realm, code, values) : realm.text(code)),
    require: (path) => modules.require(path),
    page(path) {
      if (pages.top?.route !== path) pages.open(`/${path}`);
      return face(realm, pages.top);
    },
    background: () => lifecycle.background(hidden),
    foreground: () => lifecycle.foreground(shown),
    network: (isOnline, type) =>
      lifecycle.network(isOnline, type, () => {
        events.emit('NetworkStatusChange', { isConnected: lifecycle.isOnline, networkType: lifecycle.networkType });
      }),
    memoryWarning: (level = 10) =>
      new Promise((told) => {
        thread.post(() => {
          events.emit('MemoryWarning', { level });
          told();
        });
      }),
    fault: (function_, fault) => faults.add(function_, fault),
    temporaryFile: (file, bytes) => places.temporary(file, bytes),
    end,
  };
}

function readManifest(root) {
  try {
    return JSON.parse(readFileSync(join(root, 'app.json'), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

function launchOptions(url) {
  const [path, query = ''] = url.split('?');
  return { path, query: Object.fromEntries(new URLSearchParams(query)), scene: 1001, referrerInfo: {} };
}

/** Calls a function of the test inside the program, as code of a file beside app.js. */
function call(modules, realm, code, values) {
  return modules.compile(`return (${code})(...given);`, 'test.js', ['given'])(realm.toProgram(values));
}

/** A page as a test sees it: what it reads is copied, what it calls is called. */
function face(realm, page) {
  if (!page) return undefined;
  return new Proxy(page, {
    get(_, name) {
      const value = page[name];
      if (typeof value !== 'function') return realm.toHost(value);
      return (...given) =>
        realm.toHost(
          value.apply(
            page,
            given.map((it) => realm.toProgram(it)),
          ),
        );
    },
  });
}
