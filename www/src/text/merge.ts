// Puts the newest page of a conversation into the list of messages on the screen.
//
// The screen appends what arrives and what is being sent; the SDK knows the order the server gave
// them. Taking its newest page as the truth for the end of the list brings both together again.

/**
 * `shown` with the messages of `page` (oldest first, the newest there are) in the page's order.
 *
 * What is shown and not in the page stays where it is: before the page if it stood before it, else
 * after it (a message that arrived while the page was fetched). `undefined` when the two do not touch:
 * then something is missing between them and the screen has to start over from the page.
 */
export function mergeNewest(shown: readonly string[], page: readonly string[]): string[] | undefined {
  if (page.length === 0 || shown.length === 0) return [...shown, ...page];
  const inPage = new Set(page);
  const start = shown.findIndex((id) => inPage.has(id));
  if (start < 0) return undefined;
  return [...shown.slice(0, start), ...page, ...shown.slice(start).filter((id) => !inPage.has(id))];
}

/** `shown` with an older page before it. */
export function prependOlder(shown: readonly string[], page: readonly string[]): string[] {
  const known = new Set(shown);
  return [...page.filter((id) => !known.has(id)), ...shown];
}
