// `wx.getFileSystemManager()`: the functions on files as the program calls them.
//
// Each exists with callbacks and, but for one, as a Sync variant that throws. Parameters are checked
// and data is copied in the turn of the call; the file changes later, in the order of the calls or,
// with the setting `disorder`, in an order of the host's own.

import { fromProgram } from './bytes.js';
import { kindOf, refuse } from './call.js';
import { createFiles } from './files.js';

/** The Sync variants' parameters in their order; paths are those that must be texts. */
const PARAMETERS = {
  access: ['path'],
  stat: ['path', 'recursive'],
  readFile: ['filePath', 'encoding', 'position', 'length'],
  writeFile: ['filePath', 'data', 'encoding'],
  appendFile: ['filePath', 'data', 'encoding'],
  rename: ['oldPath', 'newPath'],
  unlink: ['filePath'],
  mkdir: ['dirPath', 'recursive'],
  rmdir: ['dirPath', 'recursive'],
  readdir: ['dirPath'],
  copyFile: ['srcPath', 'destPath'],
  getFileInfo: ['filePath', 'digestAlgorithm'],
};

/** What a Sync variant returns of the result. */
const RETURNS = { stat: 'stats', readFile: 'data', readdir: 'files' };

const isPath = (name) => /path$/i.test(name);

export function createFileManager({ realm, calls, settings, places, thread }) {
  const statsOf = (stats) =>
    realm.object({
      mode: stats.mode,
      size: stats.isDirectory() ? 0 : stats.size,
      lastAccessedTime: Math.floor(stats.atimeMs / 1000),
      lastModifiedTime: Math.floor(stats.mtimeMs / 1000),
      isDirectory: () => stats.isDirectory(),
      isFile: () => stats.isFile(),
    });
  const files = createFiles(places, settings, statsOf);
  const random = createRandom(settings.disorder ?? 0);

  /** When the host gets round to it. */
  function turn() {
    if (settings.disorder === undefined) return new Promise((resolve) => setImmediate(resolve));
    return new Promise((resolve) => setTimeout(resolve, Math.floor(random() * 8)));
  }

  /** The parameters, copied, as they are now. */
  function taken(name, given) {
    const copied = {};
    for (const parameter of PARAMETERS[name]) {
      const value = given[parameter];
      if (isPath(parameter) && typeof value !== 'string') {
        refuse(`parameter.${parameter} should be String instead of ${kindOf(value)};`);
      }
      copied[parameter] = parameter === 'data' ? fromProgram(value) : value;
    }
    return copied;
  }

  function perform(name, given) {
    const paths = PARAMETERS[name].filter(isPath).map((it) => given[it]);
    return calls.attempt(name, paths.join(' '), (portion) =>
      files[name](portion === true ? given : shortened(given, portion)),
    );
  }

  const functions = {};
  for (const [name, parameters] of Object.entries(PARAMETERS)) {
    functions[name] = calls.asynchronous(name, (argument) => {
      const given = taken(name, argument);
      return turn().then(() => (thread.ended ? new Promise(() => {}) : perform(name, given)));
    });
    if (name === 'getFileInfo') continue;
    functions[`${name}Sync`] = calls.synchronous(`${name}Sync`, (...list) => {
      const given = Object.fromEntries(parameters.map((parameter, index) => [parameter, list[index]]));
      return perform(name, taken(name, given))[RETURNS[name]];
    });
  }
  return Object.assign(realm.object({}), functions);
}

/** The same with only so many bytes of its data. */
function shortened({ data, encoding, ...others }, count) {
  const bytes = typeof data === 'string' ? Buffer.from(data, encoding) : data;
  return { ...others, data: bytes.subarray(0, count) };
}

/** Numbers from 0 to 1, the same for the same start: Lehmer's generator. */
function createRandom(start) {
  let state = (start * 2654435761 + 1) % 2147483647 || 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
