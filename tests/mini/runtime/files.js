// What can be done with files: each function does it at once, on disk, within the limits.
//
// The functions take what the program passed (data already copied) and give the result's members.
// How they are called, and what goes wrong because a test wants it, is file-manager.js.

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { toProgram } from './bytes.js';
import { refuse } from './call.js';
import { sizeOf } from './places.js';
import { Failure } from './realm.js';

const ENCODINGS = [
  'ascii',
  'base64',
  'binary',
  'hex',
  'ucs2',
  'ucs-2',
  'utf16le',
  'utf-16le',
  'utf-8',
  'utf8',
  'latin1',
];

/** What the disk says and what the host makes of it. */
const ERRORS = {
  ENOENT: [1300002, 'no such file or directory'],
  EEXIST: [1301005, 'file already exists'],
  EISDIR: [1301003, 'illegal operation on a directory'],
  ENOTDIR: [1300020, 'not a directory'],
  ENOTEMPTY: [1300066, 'directory not empty'],
  EPERM: [1300001, 'operation not permitted'],
  EACCES: [1300013, 'permission denied'],
  EBADF: [1300009, 'bad file descriptor'],
  ENAMETOOLONG: [1300036, 'File name too long'],
};

/** The functions over `places`, with the limits of `settings`. */
export function createFiles(places, settings, statsOf) {
  /** Bytes in the program's files; unknown after what changes more than one size. */
  let used;

  function room(file, size) {
    used ??= total(places.folder);
    const growth = size - (sizeOf(file) ?? 0);
    const { limits } = settings;
    if (size > limits.file || (growth > 0 && used + growth > limits.files)) {
      throw new Failure('the maximum size of the file storage limit is exceeded', { errno: 1300202 });
    }
    return growth;
  }

  function put(path, data, encoding, flag, before) {
    const file = places.toWrite(path);
    const bytes = typeof data === 'string' ? Buffer.from(data, checked(encoding ?? 'utf8')) : data;
    const growth = room(file, before(file) + bytes.length);
    onDisk(`open ${path}`, () => fs.writeFileSync(file, bytes, { flag }));
    used += growth;
    return {};
  }

  return {
    access({ path }) {
      onDisk(path, () => fs.accessSync(places.toRead(path)));
      return {};
    },

    stat({ path, recursive }) {
      const file = places.toRead(path);
      const stats = onDisk(`stat ${path}`, () => fs.statSync(file));
      if (!recursive || !stats.isDirectory()) return { stats: statsOf(stats) };
      const inside = fs.readdirSync(file, { recursive: true }).sort();
      const one = (it) => ({ path: `/${it}`, stats: statsOf(fs.statSync(join(file, it))) });
      return { stats: ['', ...inside].map(one) };
    },

    readFile({ filePath, encoding, position, length }) {
      const bytes = onDisk(`open ${filePath}`, () => fs.readFileSync(places.toRead(filePath)));
      const part = cut(bytes, position, length);
      return { data: encoding === undefined ? toProgram(part) : part.toString(checked(encoding)) };
    },

    writeFile: ({ filePath, data, encoding }) => put(filePath, data, encoding, 'w', () => 0),

    appendFile: ({ filePath, data, encoding }) =>
      put(filePath, data, encoding, 'a', (file) => {
        const size = sizeOf(file);
        // The disk would make the file.
        if (size === undefined) onDisk(`open ${filePath}`, () => fs.closeSync(fs.openSync(file, 'r+')));
        return size;
      }),

    rename({ oldPath, newPath }) {
      const [from, to] = [places.toWrite(oldPath), places.toWrite(newPath)];
      onDisk(`rename ${oldPath} -> ${newPath}`, () => fs.renameSync(from, to));
      used = undefined;
      return {};
    },

    unlink({ filePath }) {
      const file = places.toWrite(filePath);
      onDisk(`unlink ${filePath}`, () => {
        // What the disk says of a folder differs between systems.
        if (fs.statSync(file).isDirectory()) throw Object.assign(new Error(), { code: 'EPERM' });
        fs.unlinkSync(file);
      });
      used = undefined;
      return {};
    },

    mkdir({ dirPath, recursive }) {
      const folder = places.toWrite(dirPath);
      // Also with `recursive`, a folder that is there is refused.
      if (fs.existsSync(folder)) throw failure('EEXIST', dirPath);
      onDisk(`mkdir ${dirPath}`, () => fs.mkdirSync(folder, { recursive: Boolean(recursive) }));
      return {};
    },

    rmdir({ dirPath, recursive }) {
      const folder = places.toWrite(dirPath);
      onDisk(`rmdir ${dirPath}`, () => {
        if (recursive && fs.statSync(folder).isDirectory()) fs.rmSync(folder, { recursive: true });
        else fs.rmdirSync(folder);
      });
      used = undefined;
      return {};
    },

    readdir: ({ dirPath }) => ({ files: onDisk(dirPath, () => fs.readdirSync(places.toRead(dirPath))) }),

    copyFile({ srcPath, destPath }) {
      const [from, to] = [places.toRead(srcPath), places.toWrite(destPath)];
      room(to, sizeOf(from) ?? 0);
      onDisk(`copyFile ${srcPath} -> ${destPath}`, () => fs.copyFileSync(from, to));
      used = undefined;
      return {};
    },

    getFileInfo({ filePath, digestAlgorithm = 'md5' }) {
      const bytes = onDisk(`open ${filePath}`, () => fs.readFileSync(places.toRead(filePath)));
      return { size: bytes.length, digest: createHash(digestAlgorithm).update(bytes).digest('hex') };
    },
  };
}

function onDisk(what, work) {
  try {
    return work();
  } catch (error) {
    throw error.code in ERRORS ? failure(error.code, what) : error;
  }
}

function failure(code, what) {
  const [errno, text] = ERRORS[code];
  return new Failure(`${text}, ${what}`, { errno });
}

/** From `position` on and no longer than `length`; both have to be inside the file. */
function cut(bytes, position, length) {
  const wrong = (it, least, most) => it !== undefined && !(Number.isInteger(it) && it >= least && it <= most);
  if (wrong(position, 0, bytes.length - 1)) throw new Failure('value of position is out of range', { errno: 1301009 });
  if (wrong(length, 1, bytes.length)) throw new Failure('value of length is out of range', { errno: 1301006 });
  const start = position ?? 0;
  return bytes.subarray(start, length === undefined ? bytes.length : start + length);
}

function checked(encoding) {
  if (!ENCODINGS.includes(encoding)) refuse(`invalid encoding "${encoding}"`);
  return encoding;
}

function total(folder) {
  const inside = fs.readdirSync(folder, { recursive: true });
  return inside.reduce((sum, it) => sum + (sizeOf(join(folder, it)) ?? 0), 0);
}
