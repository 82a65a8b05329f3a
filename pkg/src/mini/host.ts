// Which host this is: the object of its API, and what loads WebAssembly there.
//
// Names are looked at one by one with `typeof`: hosts wrap modules into functions whose parameters
// these are, so they are found nowhere else.

import type { Api } from './adapter/index.js';
import type { WasmHost } from './module.js';

declare const wx: unknown, qq: unknown, tt: unknown, my: unknown, swan: unknown, uni: unknown;
declare const WXWebAssembly: unknown, TTWebAssembly: unknown, MYWebAssembly: unknown;

const there = (it: unknown): unknown => it || undefined;

/** The API of the host; frameworks that build for several call theirs `uni`. */
export function api(): Api | undefined {
  return (there(typeof wx === 'object' && wx) ??
    there(typeof qq === 'object' && qq) ??
    there(typeof tt === 'object' && tt) ??
    there(typeof my === 'object' && my) ??
    there(typeof swan === 'object' && swan) ??
    there(typeof uni === 'object' && uni)) as Api | undefined;
}

export function wasm(): WasmHost | undefined {
  return (there(typeof WXWebAssembly === 'object' && WXWebAssembly) ??
    there(typeof TTWebAssembly === 'object' && TTWebAssembly) ??
    there(typeof MYWebAssembly === 'object' && MYWebAssembly)) as WasmHost | undefined;
}
