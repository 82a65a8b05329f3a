// The promise that WeChat's `wx` is what the adapter takes, kept by the type checker alone: nothing
// of this file is there when the program runs.
//
// It also watches the checker. A mini-program has neither a browser's names nor Node's, so they must
// be errors wherever mini-program code is checked; if one of them is known here, the check is worth
// nothing.

import type { Api } from './api.js';

type Fits<T extends Api> = T;

export type WeChat = Fits<WechatMiniprogram.Wx>;

// @ts-expect-error a browser's name
export type NoBrowser = typeof TextEncoder;

// @ts-expect-error a name of Node's
export type NoNode = typeof process;
