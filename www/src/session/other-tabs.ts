// Whether another tab of this browser is logged in as somebody.
//
// The server allows one web login per account unless told otherwise: a second tab that logs in by
// itself would throw the first one out. Each tab holds a lock named after its login; the browser lets
// go of it when the tab closes, however it closes.

import type { Credentials } from './credentials';

const lockOf = ({ SDKAppID, userID }: Credentials) => `tim-demo ${SDKAppID} ${userID}`;

export async function isInAnotherTab(credentials: Credentials): Promise<boolean> {
  // Absent without HTTPS: then the second tab wins, as it would without this file.
  const { held } = (await navigator.locks?.query()) ?? {};
  return held?.some((it) => it.name === lockOf(credentials)) ?? false;
}

/** Says that this tab is logged in; gives what ends it. */
export function occupy(credentials: Credentials): () => void {
  const abort = new AbortController();
  let release = () => {};
  navigator.locks
    ?.request(lockOf(credentials), { signal: abort.signal }, () => new Promise<void>((resolve) => (release = resolve)))
    .catch(() => {});
  return () => {
    abort.abort();
    release();
  };
}
