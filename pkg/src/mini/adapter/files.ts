// Small files in the program's own folder, over the host's file system manager.
//
// A content is replaced by renaming: `name.tmp` is being written, and on hosts that do not rename over
// a file `name.new` is complete and waits until the old one is gone. Whoever misses a file looks for
// that one, so an interruption anywhere leaves the old content or the new. What is in the files, and
// what to do when there is no room, is decided elsewhere.

import type { Api, Callbacks, FileSystem } from './api.js';
import type { Differences } from './differences.js';
import { createQueue } from './queue.js';
import { failureOf, type Failed } from './refusals.js';
import type { Platform } from '../platform.js';

/** Operations at a time, over all folders. */
const MOST = 4;

type Call = keyof FileSystem;
type Options<C extends Call> = Omit<Parameters<FileSystem[C]>[0], keyof Callbacks>;
type Answer<C extends Call> = C extends 'readFile' ? { data: ArrayBuffer } : C extends 'stat' ? { stats: { size: number } } : void;

export function createFiles(api: Api, differences: Differences): Platform['files'] {
  const inTurn = createQueue(MOST);
  const root = (api.env && api.env.USER_DATA_PATH) || differences.folder;

  /** Asks the host; rejects with a `Failed` whatever it does. */
  function ask<C extends Call>(call: C, options: Options<C>): Promise<Answer<C>> {
    return new Promise<Answer<C>>((success, reject) => {
      const fail = (reason: unknown): void => reject(failureOf(reason));
      try {
        if (!root || !api.getFileSystemManager) throw 'this host has no files';
        (api.getFileSystemManager()[call] as (options: unknown) => void)(Object.assign(options, { success, fail }));
      } catch (error) {
        fail(error);
      }
    });
  }

  const rename = (oldPath: string, newPath: string): Promise<void> => ask('rename', { oldPath, newPath });
  const unlink = (filePath: string): Promise<void> => ask('unlink', { filePath });

  return (folder) => {
    const home = `${root}/tim/${folder}`;
    const pathOf = (name: string): string => `${home}/${name}`;
    const waitingOf = (name: string): string => `${home}/${name}.new`;

    /** Writes a file, in a folder that is made if that is what it takes. */
    function write(filePath: string, data: ArrayBuffer): Promise<void> {
      const once = (): Promise<void> => ask('writeFile', { filePath, data });
      return once().catch((failure: Failed) => {
        if (failure.full) throw failure;
        return ask('mkdir', { dirPath: home, recursive: true }).catch(ignore).then(once);
      });
    }

    /** Does something with a file that should be there; `undefined` when it is not. */
    function existing<T>(name: string, action: () => Promise<T>): Promise<T | undefined> {
      return action().catch((failure: Failed) => {
        if (!failure.missing) throw failure;
        return rename(waitingOf(name), pathOf(name)).then(action, ignore);
      });
    }

    /** Renames over a file, also where the host does not. */
    function move(draft: string, name: string): Promise<void> {
      const [path, waiting] = [pathOf(name), waitingOf(name)];
      return rename(draft, path).catch((failure: Failed) => {
        if (!failure.taken) throw failure;
        return unlink(waiting)
          .catch(ignore)
          .then(() => rename(draft, waiting))
          .then(() => unlink(path))
          .then(() => rename(waiting, path));
      });
    }

    return {
      read(name) {
        const filePath = pathOf(name);
        return inTurn(filePath, () =>
          existing(name, () => ask('readFile', { filePath })).then((it) => it && new Uint8Array(it.data)),
        );
      },
      append(name, bytes) {
        const filePath = pathOf(name);
        const data = bufferOf(bytes);
        return inTurn(filePath, () =>
          existing(name, () => ask('appendFile', { filePath, data }).then(() => true)).then((done) =>
            done ? undefined : write(filePath, data),
          ),
        );
      },
      replace(name, bytes) {
        const data = bufferOf(bytes);
        const draft = pathOf(`${name}.tmp`);
        return inTurn(pathOf(name), () =>
          write(draft, data)
            .then(() => move(draft, name))
            .catch((failure: Failed) =>
              unlink(draft)
                .catch(ignore)
                .then(() => Promise.reject(failure)),
            ),
        );
      },
      size(name) {
        const path = pathOf(name);
        return inTurn(path, () => existing(name, () => ask('stat', { path })).then((it) => it && it.stats.size));
      },
      remove(name) {
        const path = pathOf(name);
        // First what would take its place.
        return inTurn(path, () =>
          unlink(waitingOf(name))
            .catch(ignore)
            .then(() => unlink(path))
            .catch(ignoreMissing),
        );
      },
      clear() {
        return inTurn(home, () => ask('rmdir', { dirPath: home, recursive: true }).catch(ignoreMissing));
      },
    };
  };
}

function ignore(): undefined {}

function ignoreMissing(failure: Failed): void {
  if (!failure.missing) throw failure;
}

/** The bytes as they are now, in a buffer of their own: hosts take no part of one. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}
