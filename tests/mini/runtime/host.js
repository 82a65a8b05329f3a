// The host's side of one program: its parts, made and joined, and the names the program sees of them.

import { format } from 'node:util';
import { Calls, refuse } from './call.js';
import { Events } from './events.js';
import { Faults } from './faults.js';
import { createFileManager } from './file-manager.js';
import { Lifecycle } from './lifecycle.js';
import { Pages } from './pages.js';
import { Places } from './places.js';
import { createRequests } from './requests.js';
import { createScreen } from './screen.js';
import { Sockets } from './sockets.js';
import { createStorage } from './storage.js';
import { createSystem } from './system.js';
import { createTimers } from './timers.js';
import { Transfers } from './transfer.js';
import { createWasm } from './wasm.js';

const LEVELS = ['log', 'info', 'warn', 'error', 'debug', 'trace'];
const QUIET = ['group', 'groupCollapsed', 'groupEnd', 'time', 'timeEnd', 'clear'];

/** `given` has realm, thread, modules, profile, settings, root, home, paths, launched and kill. */
export function createHost(given) {
  const { realm, thread, profile, settings, home, root, launched } = given;
  const faults = new Faults(settings.faults);
  const host = { ...given, faults, calls: new Calls({ ...given, faults }), lifecycle: new Lifecycle(thread, settings) };
  host.places = new Places({ home, root, user: profile.userPath });
  host.transfers = new Transfers(host.lifecycle);
  host.timers = createTimers(thread, refuse);
  host.events = new Events(realm, thread);
  host.sockets = new Sockets(host);
  host.pages = new Pages(host);
  host.screen = createScreen(host);
  host.logged = [];
  host.names = { wx: createWx(host, launched), console: createConsole(host), ...host.pages.names() };
  for (const [name, work] of Object.entries(host.timers.functions)) host.names[name] = realm.function(name, work);
  if (profile.wasm !== 'none') host.names.WXWebAssembly = createWasm(host);

  host.end = () => {
    thread.end();
    for (const part of [host.timers, host.sockets, host.transfers, host.lifecycle]) part.end();
  };
  return host;
}

function createWx(host) {
  const { realm, thread, calls, profile, settings, sockets, pages } = host;
  const fileManager = createFileManager(host);

  /** Pages come and go in turns of their own. */
  const turn = (work) =>
    new Promise((resolve, reject) => {
      thread.post(() => {
        try {
          work();
          resolve({});
        } catch (error) {
          reject(error);
        }
      });
    });
  const navigation = (name, work) => ({ [name]: calls.asynchronous(name, (it) => turn(() => work(it))) });

  const own = {
    connectSocket: (it) => sockets.connect(it),
    getFileSystemManager: () => fileManager,
    canIUse: (name) => String(name).split('.')[0] in wx,
    ...host.events.functions(),
  };
  const wx = realm.object({ env: { USER_DATA_PATH: profile.userPath } });
  for (const [name, work] of Object.entries(own)) wx[name] = realm.function(name, work);
  Object.assign(
    wx,
    createStorage(host),
    createRequests(host),
    createSystem(host),
    host.screen.functions,
    navigation('navigateTo', ({ url }) => pages.open(url)),
    navigation('redirectTo', ({ url }) => pages.replace(url)),
    navigation('reLaunch', ({ url }) => pages.restart(url)),
    navigation('navigateBack', ({ delta }) => pages.back(delta)),
  );
  for (const [name, work] of Object.entries(settings.wx)) {
    wx[name] =
      typeof work === 'function'
        ? realm.function(name, (...all) => realm.toProgram(work(...all)))
        : realm.toProgram(work);
  }
  return wx;
}

function createConsole({ realm, logged }) {
  const members = {};
  for (const level of LEVELS) members[level] = (...all) => void logged.push({ level, text: format(...all) });
  for (const name of QUIET) members[name] = () => {};
  return realm.object(members);
}
