// The engine as this side sees it, wherever it comes from.

import type { Client } from '#wasm';

/** One instance of the engine; see wasm.d.ts. */
export type Engine = Client;

/** Makes one: the options as text, and who is told what it says. */
export type EngineClass = new (options: string, output: (operations: string) => void) => Engine;

/** A module that was loaded. */
export interface Loaded {
  Engine: EngineClass;
  /** Resolves with what happened when the module broke down as a whole; nothing in it works then. */
  broken?: Promise<unknown>;
}
