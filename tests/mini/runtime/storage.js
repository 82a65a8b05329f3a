// Key-value storage: `wx.setStorage` and its relatives, on disk, one file per key.
//
// What is stored has gone through JSON, as it does on phones: what JSON cannot say is lost.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kindOf, refuse } from './call.js';
import { Failure } from './realm.js';

/** The functions for `wx`. */
export function createStorage({ realm, calls, settings, home }) {
  const folder = join(home, 'storage');
  mkdirSync(folder, { recursive: true });
  const fileOf = (key) => join(folder, createHash('sha1').update(key).digest('hex'));
  const stored = () =>
    readdirSync(folder).map((name) => {
      const { key, text } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      return { key, size: key.length + Buffer.byteLength(text) };
    });
  const find = (key) => {
    try {
      return JSON.parse(readFileSync(fileOf(key), 'utf8')).text;
    } catch {
      return undefined;
    }
  };

  function check(key) {
    if (typeof key !== 'string') refuse(`parameter.key should be String instead of ${kindOf(key)};`);
    if (!key) refuse('key could not be empty');
  }

  const work = {
    setStorage({ key, data }) {
      check(key);
      const text = realm.stringify(data) ?? '""';
      const size = Buffer.byteLength(text);
      const { storageKey, storage } = settings.limits;
      if (size > storageKey) throw new Failure('entry size limit reached');
      const others = stored().filter((it) => it.key !== key);
      const sum = others.reduce((all, it) => all + it.size, key.length + size);
      if (sum > storage) throw new Failure(`exceed storage max size ${Math.round(storage / 1024 / 1024)}Mb`);
      writeFileSync(fileOf(key), JSON.stringify({ key, text }));
      return {};
    },
    getStorage({ key }) {
      check(key);
      const text = find(key);
      if (text === undefined) throw new Failure('data not found');
      return { data: realm.parse(text) };
    },
    removeStorage({ key }) {
      check(key);
      rmSync(fileOf(key), { force: true });
      return {};
    },
    clearStorage() {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      return {};
    },
    getStorageInfo() {
      const all = stored();
      const sum = all.reduce((size, it) => size + it.size, 0);
      return {
        keys: all.map((it) => it.key),
        currentSize: Math.ceil(sum / 1024),
        limitSize: settings.limits.storage / 1024,
      };
    },
  };

  const perform = (name, given) => calls.attempt(name, given.key, () => work[name](given));
  const functions = {};
  for (const name of Object.keys(work)) {
    functions[name] = calls.asynchronous(name, (given) => perform(name, given));
    functions[`${name}Sync`] = calls.synchronous(`${name}Sync`, (key, data) => {
      // The one that finds nothing says so with an empty text.
      if (name === 'getStorage' && typeof key === 'string' && key && find(key) === undefined) return '';
      const result = perform(name, { key, data });
      return name === 'getStorage' ? result.data : name === 'getStorageInfo' ? result : undefined;
    });
  }
  return functions;
}
