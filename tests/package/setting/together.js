// Starting several things of which each has to be ended, without leaving any behind when one fails.

/**
 * Awaits all of them. When one fails, the others are ended (by their `end` or `close`) and the
 * failure is thrown; a test process that waits for a forgotten browser would never end.
 */
export async function together(...starting) {
  const outcomes = await Promise.allSettled(starting);
  const failed = outcomes.find((it) => it.status === 'rejected');
  if (!failed) return outcomes.map((it) => it.value);
  await Promise.all(outcomes.map(({ value }) => (value?.end ?? value?.close)?.call(value)));
  throw failed.reason;
}
