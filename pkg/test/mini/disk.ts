// A file system manager in memory that is as strict as a host's, counts what goes on at once, and
// refuses, stops or breaks off where a test wants it.

import type { Api, Callbacks, FileSystem, Refusal } from '../../src/mini/adapter/api.js';

export const ROOT = 'wxfile://usr';

const MISSING: Refusal = { errno: 1300002, errMsg: 'fail no such file or directory' };
const TAKEN: Refusal = { errno: 1301005, errMsg: 'fail file already exists' };

type Options = Callbacks<unknown> & Record<string, unknown>;

export class Disk {
  readonly files = new Map<string, Uint8Array>();
  readonly folders = new Set([ROOT]);
  /** Calls as they came: `writeFile a/b`. */
  calls: string[] = [];
  /** Whether `rename` replaces a file. */
  replaces = true;
  /** Says what a call is refused with, if at all. */
  refuse: (call: string) => Refusal | undefined = () => undefined;
  /** Calls from this one on are never carried out, as if the program had been ended. */
  endsAt = Infinity;
  /** Calls wait for `release` before they are carried out. */
  holds = false;
  most = 0;
  private waiting: Array<() => void> = [];
  private underWay: string[] = [];

  readonly manager = Object.fromEntries(
    (['readFile', 'writeFile', 'appendFile', 'rename', 'unlink', 'stat', 'mkdir', 'rmdir'] as const).map((name) => [
      name,
      (options: Options) => this.start(name, options),
    ]),
  ) as unknown as FileSystem;

  readonly api: Api = {
    env: { USER_DATA_PATH: ROOT },
    connectSocket: () => undefined as never,
    getFileSystemManager: () => this.manager,
  };

  text(path: string): string | undefined {
    const bytes = this.files.get(`${ROOT}/${path}`);
    return bytes && Buffer.from(bytes).toString();
  }

  /** Lets one held call go on, or all. */
  release(count = Infinity): void {
    this.waiting.splice(0, count).forEach((it) => it());
  }

  private start(name: keyof FileSystem, options: Options): void {
    const path = String(options.filePath ?? options.oldPath ?? options.path ?? options.dirPath);
    const call = `${name} ${path.slice(ROOT.length + 1)}`;
    if (this.calls.push(call) > this.endsAt) return;
    const base = path.replace(/\.(tmp|new)$/, '');
    if (this.underWay.includes(base) && name !== 'mkdir') throw new Error(`two operations on ${base}`);
    this.underWay.push(base);
    this.most = Math.max(this.most, this.underWay.length);
    const carryOut = (): void => {
      this.underWay.splice(this.underWay.indexOf(base), 1);
      let result: unknown;
      try {
        const refusal = this.refuse(call);
        if (refusal) throw refusal;
        result = this.run(name, options);
      } catch (refusal) {
        return options.fail(refusal as Refusal);
      }
      options.success(result);
    };
    if (this.holds) this.waiting.push(carryOut);
    else setImmediate(carryOut);
  }

  private run(name: keyof FileSystem, { filePath, path, dirPath, oldPath, newPath, data }: Record<string, unknown>): unknown {
    const file = String(filePath ?? path ?? oldPath);
    const content = this.files.get(file);
    switch (name) {
      case 'writeFile':
        this.parent(file);
        this.files.set(file, this.accept(data));
        return {};
      case 'mkdir':
        if (this.folders.has(String(dirPath))) throw TAKEN;
        for (let at = String(dirPath); !this.folders.has(at); at = at.slice(0, at.lastIndexOf('/'))) this.folders.add(at);
        return {};
      case 'rmdir':
        if (!this.folders.has(String(dirPath))) throw MISSING;
        for (const all of [this.files, this.folders]) {
          for (const it of all.keys()) if (`${it}/`.startsWith(`${String(dirPath)}/`)) all.delete(it);
        }
        return {};
    }
    if (!content) throw MISSING;
    switch (name) {
      case 'readFile':
        return { data: content.buffer.slice(0) };
      case 'appendFile':
        this.files.set(file, Buffer.concat([content, this.accept(data)]).subarray());
        this.files.set(file, Uint8Array.from(this.files.get(file) as Uint8Array));
        return {};
      case 'stat':
        return { stats: { size: content.length } };
      case 'rename':
        this.parent(String(newPath));
        if (this.files.has(String(newPath)) && !this.replaces) throw TAKEN;
        this.files.set(String(newPath), content);
        this.files.delete(file);
        return {};
      default:
        this.files.delete(file);
        return {};
    }
  }

  private parent(file: string): void {
    if (!this.folders.has(file.slice(0, file.lastIndexOf('/')))) throw MISSING;
  }

  private accept(data: unknown): Uint8Array {
    if (!(data instanceof ArrayBuffer)) throw { errMsg: 'fail invalid data' } satisfies Refusal;
    return new Uint8Array(data.slice(0));
  }
}
