// What a program asks of the host's files: how often, how long from the call to its answer, how much.
//
// The time is the sum over all calls. It includes the wait for the program's turn when the answer is
// there, and calls that are under way at the same time count each.

/** Puts itself between the program and its file manager. */
export function watchFiles(manager) {
  let seen;
  const clear = () => (seen = { calls: 0, ms: 0, written: 0, reads: 0, read: 0, names: {} });
  clear();
  const watch = { underWay: 0, taken };

  /** What was seen since the last time. */
  function taken() {
    const result = seen;
    clear();
    return result;
  }

  for (const [name, call] of Object.entries(manager)) {
    if (name.endsWith('Sync')) continue;
    manager[name] = (options) => {
      const began = performance.now();
      const ended = () => {
        seen.ms += performance.now() - began;
        watch.underWay -= 1;
      };
      const success = (result) => {
        ended();
        if (name === 'readFile') {
          seen.reads += 1;
          seen.read += result.data.byteLength;
        }
        options.success?.(result);
      };
      const fail = (error) => {
        ended();
        options.fail?.(error);
      };
      watch.underWay += 1;
      seen.calls += 1;
      seen.names[name] = (seen.names[name] ?? 0) + 1;
      seen.written += options.data?.byteLength ?? 0;
      return call({ ...options, success, fail });
    };
  }
  return watch;
}
