// Lines for the console of the mini-program, by level.
//
// Consoles differ: some hosts' lack a level, and then the line goes to the plain log. Which lines are
// worth writing is decided elsewhere.

const METHODS = ['debug', 'info', 'warn', 'error'] as const;

type Method = (typeof METHODS)[number];

/** Writes a line; never throws. */
export function log(level: number, line: string): void {
  const to: Partial<Pick<typeof console, Method>> & Pick<typeof console, 'log'> = console;
  const method = METHODS[level];
  to[method && to[method] ? method : 'log']?.(`tim-wasm: ${line}`);
}
