// The WebAssembly module as wasm-bindgen wraps it, for the compiler; the build puts the real one in
// its place. Everything goes across as JSON text. What the texts say is described in engine.ts.

declare module '#wasm' {
  export default function init(options: { module_or_path: object }): Promise<unknown>;

  export class Client {
    /** `host` is what the engine stands on where that is an object; a page is all around. */
    constructor(options: string, output: (operations: string) => void, host?: unknown);
    call(method: string, args: string): Promise<string>;
    create(method: string, args: string): string;
    state(): number;
    loginUser(): string;
    serverTime(): number;
    totalUnread(): number;
    setLogLevel(level: number): void;
    free(): void;
  }
}
