// Waiting for what happens by itself, with a limit and a sentence.

/** Resolves with what `look` gives as soon as that is truthy. */
export async function until(look, what, milliseconds = 15_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${milliseconds} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
