// The WebAssembly module's own JavaScript as a function that makes a fresh one, for the compiler; the
// build puts the real one in its place, see build/mini/glue.mjs.

declare module '#glue' {
  import type { Client } from '#wasm';

  export interface Glue {
    Client: typeof Client;
    /** Has the module take memory from the host, to keep. */
    reserve(bytes: number): void;
    /** What the module calls its memory. */
    memory: string;
    /** What the module imports: by the name of its module, then by name. */
    imports: Record<string, Record<string, (...args: never[]) => unknown>>;
    /** Joins it with the module's exports. */
    join(exports: object): void;
  }

  export function createGlue(): Glue;
}
