// What stands in for `queueMicrotask`, which phones do not have.
//
// All tasks of a burst share one step of a promise: where promises are timers, as on older iPhones,
// that is one turn of the event loop for the whole burst instead of one for every task.

const queue: Array<() => void> = [];

/** Runs the task when this turn is done, after those that wait already. One that throws stops no other. */
export function queueMicrotask(task: () => void): void {
  if (queue.push(task) === 1) Promise.resolve().then(drain);
}

function drain(): void {
  // Tasks may add tasks.
  for (let next = 0; next < queue.length; next++) {
    try {
      (queue[next] as () => void)();
    } catch (error) {
      throwLater(error);
    }
  }
  queue.length = 0;
}

/** Throws it in a turn of its own, where the host reports it and nobody is interrupted. */
export function throwLater(error: unknown): void {
  setTimeout(() => {
    throw error;
  }, 0);
}
