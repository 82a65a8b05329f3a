// In what hosts differ from WeChat, as far as their documentation says so. A host that is not here
// differs in nothing we use, or only by members it lacks, which the adapter finds out by itself.
//
// Knows names and shapes only. None of this was tried on a phone.

export interface Differences {
  /** Given to `connectSocket` besides the rest. */
  socket?: object;
  /** What came with a frame, out of what the host's listener gets. */
  frame?(event: { data: unknown }): unknown;
  /** The folder the program may write to, when `env` does not say it. */
  folder?: string;
}

/** Alipay: gives a task only to those who ask for several sockets, and packs frames once more. */
export const alipay: Differences = {
  socket: { multiple: true },
  frame: (event) => (event.data as { data?: unknown } | undefined)?.data,
};

/** Douyin: the folder has a fixed name. */
export const douyin: Differences = { folder: 'ttfile://user' };
