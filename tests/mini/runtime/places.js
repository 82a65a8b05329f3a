// Paths of the program and where they are on disk.
//
// A program may write under USER_DATA_PATH only. It may read what is there, temporary files that the
// host gave it, and its own code package. Temporary files are gone after a restart.

import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Failure } from './realm.js';

export class Places {
  #user;
  #temporary;
  #root;
  #count = 0;

  /** `user` is USER_DATA_PATH. */
  constructor({ home, root, user }) {
    this.#root = root;
    this.#user = { prefix: user, folder: join(home, 'files') };
    this.#temporary = {
      prefix: user.startsWith('http') ? 'http://tmp' : 'wxfile://tmp',
      folder: join(home, 'temporary'),
    };
    rmSync(this.#temporary.folder, { recursive: true, force: true });
    for (const { folder } of [this.#user, this.#temporary]) mkdirSync(folder, { recursive: true });
  }

  /** Where the program's files are. */
  get folder() {
    return this.#user.folder;
  }

  /** Where a path leads that is to be read. */
  toRead(path) {
    const inside = this.#under(this.#user, path) ?? this.#under(this.#temporary, path);
    if (inside) return inside;
    if (/^\w+:/.test(path)) throw denied(path);
    return this.#under({ prefix: '', folder: this.#root }, posix.join('/', path));
  }

  /** Where a path leads that is to be made, changed or removed. */
  toWrite(path) {
    const file = this.#under(this.#user, path);
    if (!file) throw denied(path);
    return file;
  }

  /** A temporary file as the host hands it out, for a picture that was chosen and the like. */
  temporary(name, bytes) {
    this.#count += 1;
    const path = `${this.#temporary.prefix}/${this.#count}_${name}`;
    writeFileSync(this.toRead(path), bytes);
    return path;
  }

  #under({ prefix, folder }, path) {
    if (path !== prefix && !path.startsWith(`${prefix}/`)) return undefined;
    const rest = posix.normalize(`./${path.slice(prefix.length)}`);
    if (rest.startsWith('..')) throw denied(path);
    return join(folder, rest);
  }
}

/** The size of a file, `undefined` when there is none. */
export function sizeOf(file) {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : undefined;
}

const denied = (path) => new Failure(`permission denied, open ${path}`, { errno: 1300013 });
