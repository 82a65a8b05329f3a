// Which host this is: the object of its API, and what loads WebAssembly there.
//
// Names are looked at one by one with `typeof`: hosts wrap modules into functions whose parameters
// these are, so they are found nowhere else.

import { alipay, douyin, type Api, type Differences } from './adapter/index.js';
import type { WasmHost } from './module.js';

declare const wx: unknown, qq: unknown, tt: unknown, my: unknown, swan: unknown, uni: unknown;
declare const WXWebAssembly: unknown, TTWebAssembly: unknown, MYWebAssembly: unknown;

export interface HostApi {
  api: Api;
  differences?: Differences;
}

/** The API of the host, WeChat's first; frameworks that build for several call theirs `uni`. */
export function hostApi(): HostApi | undefined {
  const found = (api: unknown, differences?: Differences) => ({ api, differences }) as HostApi;
  if (typeof wx === 'object' && wx) return found(wx);
  if (typeof qq === 'object' && qq) return found(qq);
  if (typeof tt === 'object' && tt) return found(tt, douyin);
  if (typeof my === 'object' && my) return found(my, alipay);
  if (typeof swan === 'object' && swan) return found(swan);
  if (typeof uni === 'object' && uni) return found(uni);
  return undefined;
}

export function wasmHost(): WasmHost | undefined {
  if (typeof WXWebAssembly === 'object') return WXWebAssembly as WasmHost;
  if (typeof TTWebAssembly === 'object') return TTWebAssembly as WasmHost;
  if (typeof MYWebAssembly === 'object') return MYWebAssembly as WasmHost;
  return undefined;
}
