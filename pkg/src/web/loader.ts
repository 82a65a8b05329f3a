// Getting the WebAssembly module, in whatever way this page was put together.
//
// First the file beside this one, which most bundlers copy and rewrite because of the form
// `new URL(…, import.meta.url)`. Where they do not (a pre-bundled dependency, a plain bundle), the
// request fails or is answered with a page, and the same binary comes as text in a chunk of its
// own: larger, but it needs nobody's help. Builds in a single file hold only the text.

import init, { Client } from '#wasm';
import type { Loaded } from '../engine.js';

/** True in the builds that are a single file; set by the build. */
declare const __SINGLE_FILE__: boolean;

let loading: Promise<Loaded> | undefined;

/** The engine; loaded once per page, tried again after a failure. */
export function loadEngine(): Promise<Loaded> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<Loaded> {
  await init({ module_or_path: (await fromFile()) ?? (await fromText()) });
  return { Engine: Client };
}

async function fromFile(): Promise<WebAssembly.Module | undefined> {
  if (__SINGLE_FILE__) return undefined;
  try {
    const response = await fetch(new URL('./tim_wasm_bg.wasm', import.meta.url));
    if (!response.ok) return undefined;
    // Compiling while it arrives needs the right type; servers that do not know it are common.
    const typed = /^application\/wasm/.test(response.headers.get('content-type') ?? '');
    if (typed && 'compileStreaming' in WebAssembly) return await WebAssembly.compileStreaming(response);
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch {
    return undefined;
  }
}

async function fromText(): Promise<WebAssembly.Module> {
  const { default: base64 } = await import('./inline.js');
  return WebAssembly.compile(Uint8Array.from(atob(base64), (it) => it.charCodeAt(0)));
}
