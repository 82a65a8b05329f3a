// A stand-in for the engine, for tests of what happens on this side of the boundary only: it
// records what it is called with, answers what the test says and lets the test speak for it.

import type { Engine, Loaded } from '../src/engine.js';

export interface Call {
  method: string;
  args: unknown[];
  resolve(data: unknown): void;
  reject(reason: unknown): void;
}

export class FakeEngine implements Engine {
  readonly calls: Call[] = [];
  current = 3;
  logLevel: number | undefined;
  /** What the next `create` gives, or throws when it is a text. */
  creation: object | string = {};

  constructor(
    readonly options: string,
    private readonly output: (operations: string) => void,
  ) {}

  say(...operations: object[]): void {
    this.output(JSON.stringify(operations));
  }

  call(method: string, args: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.calls.push({
        method,
        args: JSON.parse(args) as unknown[],
        resolve: (data) => resolve(JSON.stringify(data)),
        reject: (reason) => reject(typeof reason === 'string' ? reason : JSON.stringify(reason)),
      });
      if (method === 'destroy') resolve('{}');
    });
  }

  create(method: string, args: string): string {
    this.calls.push({ method, args: JSON.parse(args) as unknown[], resolve() {}, reject() {} });
    if (typeof this.creation === 'string') throw this.creation;
    return JSON.stringify(this.creation);
  }

  /** The last call. */
  get last(): Call {
    return this.calls.at(-1) as Call;
  }

  state = (): number => this.current;
  loginUser = (): string => 'me';
  serverTime = (): number => 1700000000;
  totalUnread = (): number => 7;
  setLogLevel(level: number): void {
    this.logLevel = level;
  }
  free(): void {}
}

/** A load that the test ends when it wants. */
export function loading() {
  const engines: FakeEngine[] = [];
  let fall!: (reason: unknown) => void;
  const broken = new Promise((resolve) => (fall = resolve));
  const waiting: Array<{ resolve(it: Loaded): void; reject(error: Error): void }> = [];
  const Engine = class extends FakeEngine {
    constructor(options: string, output: (operations: string) => void) {
      super(options, output);
      engines.push(this);
    }
  };
  return {
    engines,
    load: () => new Promise<Loaded>((resolve, reject) => waiting.push({ resolve, reject })),
    async arrive(): Promise<FakeEngine> {
      waiting.splice(0).forEach((it) => it.resolve({ Engine, broken }));
      await turn();
      return engines[0] as FakeEngine;
    },
    /** The module breaks down. */
    async breakDown(reason: string): Promise<void> {
      fall(reason);
      await turn();
    },
    async fail(): Promise<void> {
      waiting.splice(0).forEach((it) => it.reject(new Error('no network')));
      await turn();
    },
  };
}

/** A turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
