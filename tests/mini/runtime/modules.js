// `require` inside the program: CommonJS, files of the code package only.
//
// Each file becomes a function whose parameters hide what a web page would have. There is no
// package.json, no JSON module and no built-in one; a bare name is looked up in the `miniprogram_npm`
// folders from the requiring file's folder up to the root, then beside the file.

import { readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import vm from 'node:vm';
import { Failure } from './realm.js';

export class Modules {
  #realm;
  #root;
  #hidden;
  #loaded = new Map();

  /** `hidden` are the names that are undefined in every module. */
  constructor(realm, root, hidden) {
    this.#realm = realm;
    this.#root = root;
    this.#hidden = hidden;
  }

  /** Whether the code package has this file; `path` from its root, without a slash before it. */
  has(path) {
    try {
      return statSync(join(this.#root, path)).isFile();
    } catch {
      return false;
    }
  }

  read(path) {
    return readFileSync(join(this.#root, path), 'utf8');
  }

  /** What `require(name)` gives in the file `from`. */
  require(name, from = 'app.js') {
    if (typeof name !== 'string' || !name) throw new Failure('require args must be a string');
    const path = this.#find(name, from);
    if (!path) throw new Failure(`module '${name}' is not defined, require args is '${name}' (in ${from})`);
    const known = this.#loaded.get(path);
    if (known) return known.exports;
    const module = this.#realm.object({ exports: {} });
    this.#loaded.set(path, module);
    try {
      this.compile(this.read(path), path, ['module', 'exports'], from).call(module.exports, module, module.exports);
    } catch (error) {
      this.#loaded.delete(path);
      throw error;
    }
    return module.exports;
  }

  /** The code as a function of `parameters`, with the `require` of a file at `path`. */
  compile(code, path, parameters) {
    const require = this.#realm.function('require', (name) => this.require(name, path));
    const options = { filename: join(this.#root, path), parsingContext: this.#realm.context };
    const made = vm.compileFunction(code, [...parameters, 'require', ...this.#hidden], options);
    return function run(...given) {
      return made.call(this, ...given, require);
    };
  }

  #find(name, from) {
    if (name.startsWith('/')) return this.#file(name.slice(1));
    const folder = dirname(from);
    if (/^\.\.?(\/|$)/.test(name)) return this.#file(posix.join(folder, name));
    for (let at = folder; ; at = dirname(at)) {
      const found = this.#file(posix.join(at, 'miniprogram_npm', name));
      if (found) return found;
      if (at === '.') return this.#file(posix.join(folder, name));
    }
  }

  #file(path) {
    const plain = posix.normalize(path);
    if (plain.startsWith('..')) return undefined;
    const tried = plain.endsWith('.js') ? [plain] : [`${plain}.js`, posix.join(plain, 'index.js')];
    return tried.find((it) => this.has(it));
  }
}
