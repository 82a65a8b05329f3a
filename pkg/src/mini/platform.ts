// What the engine asks of the host in a mini-program, as one plain object.
//
// The engine's ports in `src/mini` of the root crate call these members by name; nothing of the host's
// own API goes further than this. Knows no host: an adapter makes the object, see adapter.ts.

/** Members are called with `this` set and from one thread only. None of them throws. */
export interface Platform {
  /**
   * 64 bits that no other start has and no other call gives, so that two engines of one program never
   * name two messages alike: two whole numbers below 2 ** 32.
   */
  seed(): readonly [number, number];
  /** Wall clock, in milliseconds since 1970. */
  now(): number;
  /**
   * Calls `fn` once, after `ms` milliseconds of wall clock and never in the same turn. Time that the
   * program spent suspended counts: what became due meanwhile is called on return.
   */
  setTimer(ms: number, fn: () => void): number;
  /** Forgets a timer; unknown ones, too. */
  clearTimer(id: number): void;
  /** Opens a socket. Exactly one of the handlers' `close` calls follows, whatever happens, never in the same turn. */
  connect(url: string, protocol: string, handlers: SocketHandlers): Socket;
  /** Files of one owner; `folder` is made of letters a–z, digits, `-` and `/`. Two calls share nothing. */
  files(folder: string): Files;
  /** Tells when the program goes to the background (`false`) and comes back (`true`). Returns the end of it. */
  onVisible(fn: (visible: boolean) => void): () => void;
  /** Tells when the network came, went or became another one. Returns the end of it. */
  onNetwork(fn: () => void): () => void;
  /** Tells when memory is short. Returns the end of it. */
  onMemoryWarning(fn: () => void): () => void;
  /** A line for the log; 0 debug, 1 info, 2 warning, 3 error. */
  log(level: number, line: string): void;
}

export interface SocketHandlers {
  open(): void;
  /** A text frame, in order. Never before `open` and never after `close`. */
  frame(text: string): void;
  /** It is over, or never came about; exactly once and the last of all. */
  close(): void;
}

export interface Socket {
  /** Hands a text frame to the network; one for a socket that is not open is dropped. */
  send(text: string): void;
  /** Ends it; `close` of the handlers follows soon, whatever the host says. */
  close(): void;
}

/**
 * Small files in one folder that is made when first needed. Names are letters a–z, digits and `-`.
 * Operations on one file take effect in the order of the calls. Every failure rejects with a
 * `FileFailure`.
 */
export interface Files {
  /** The whole content; `undefined` when there is no such file. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Adds to the end; makes the file if need be. After a failure any part of it may be there. */
  append(name: string, bytes: Uint8Array): Promise<void>;
  /** Makes this the content: as a whole or not at all, whatever happens in between. */
  replace(name: string, bytes: Uint8Array): Promise<void>;
  /** In bytes; `undefined` when there is no such file. */
  size(name: string): Promise<number | undefined>;
  /** Removes it; one that is not there, too. */
  remove(name: string): Promise<void>;
  /** Removes the folder with everything in it. */
  clear(): Promise<void>;
}

export interface FileFailure {
  /** There is no room, as far as the host lets us know. */
  full: boolean;
  /** What the host said, for the log. */
  text: string;
}
