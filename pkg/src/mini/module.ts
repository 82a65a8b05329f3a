// Getting the WebAssembly module in a mini-program, where it is a file of the code package.
//
// Where that file lies is the application's build's affair, so there are several places to look, and
// an application may name its own. Hosts report a file that is not there in several ways, none of
// them helpful, so what was tried is part of the failure. Knows nothing of what is in the module.

/** `WXWebAssembly` and what other hosts call it. */
export interface WasmHost {
  instantiate(path: string, imports: object): Promise<unknown>;
}

export type Imports = object;

export type Exports = Record<string, unknown>;

/** Where the usual builds put the file. */
export const PLACES = ['/miniprogram_npm', '/static', ''].map((it) => `${it}/tim-wasm/tim_wasm.wasm.br`);

/** Loading fails now and then on some phones for no reason; once more, a little later. */
const AGAIN_MS = 200;

/** The exports of the module at the first place where it can be loaded. */
export async function fromPackage(host: WasmHost | undefined, wasmPath: unknown, imports: Imports): Promise<Exports> {
  if (!host) {
    throw new Error('this host cannot load WebAssembly (WeChat can from base library 2.14.0 on); tim-wasm/mini-js works without');
  }
  if (wasmPath !== undefined && (typeof wasmPath !== 'string' || !wasmPath.startsWith('/'))) {
    throw new Error('wasmPath must be a path from the root of the code package, as /static/tim_wasm.wasm.br');
  }
  const places = typeof wasmPath === 'string' ? [wasmPath] : PLACES;
  try {
    return await firstOf(host, places, imports);
  } catch {
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    return firstOf(host, places, imports);
  }
}

async function firstOf(host: WasmHost, places: readonly string[], imports: Imports): Promise<Exports> {
  const said: string[] = [];
  for (const place of places) {
    try {
      return exportsOf(await host.instantiate(place, imports));
    } catch (error) {
      said.push(`${place}: ${words(error)}`);
    }
  }
  throw new Error(`cannot load; tried ${said.join(' | ')}`);
}

/** Hosts give an instance, or a pair of it and its module. */
function exportsOf(result: unknown): Exports {
  const { instance = result } = result as { instance?: unknown };
  const { exports } = instance as { exports?: Exports };
  if (!exports) throw new Error('the host gave no instance');
  return exports;
}

/** What a host throws is an error, an object with `errMsg`, or a text. */
function words(error: unknown): string {
  const { message, errMsg } = (error ?? {}) as { message?: unknown; errMsg?: unknown };
  return String(message ?? errMsg ?? error);
}
