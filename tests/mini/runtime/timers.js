// The program's timers. Time goes on while the thread is stopped: what becomes due is held with it.

/** `functions` are the four for the program, `end` forgets every timer. */
export function createTimers(thread, refuse) {
  const timers = new Map();
  let count = 0;

  function check(name, handler) {
    if (typeof handler !== 'function') refuse(`${name} expects a function; code in a text is not run`);
  }

  function clear(id) {
    const timer = timers.get(id);
    if (!timer) return;
    timers.delete(id);
    clearTimeout(timer);
    clearInterval(timer);
  }

  function once(handler, ms, ...given) {
    check('setTimeout', handler);
    const id = ++count;
    if (thread.ended) return id;
    const due = () => {
      // It may be cleared while it waits for its turn.
      if (timers.delete(id)) handler(...given);
    };
    timers.set(
      id,
      setTimeout(() => thread.post(due), Number(ms) || 0),
    );
    return id;
  }

  function again(handler, ms, ...given) {
    check('setInterval', handler);
    const id = ++count;
    if (thread.ended) return id;
    let isWaiting = false;
    const tick = () => {
      isWaiting = false;
      if (timers.has(id)) handler(...given);
    };
    const due = () => {
      // Ticks that were missed are not made up for.
      if (isWaiting) return;
      isWaiting = true;
      thread.post(tick);
    };
    timers.set(id, setInterval(due, Number(ms) || 0));
    return id;
  }

  return {
    functions: { setTimeout: once, clearTimeout: clear, setInterval: again, clearInterval: clear },
    end: () => [...timers.keys()].forEach(clear),
  };
}
