// The program's one JS thread: what the host has to say waits here until it is its turn.
//
// Everything that enters the program from outside (timers, answers, events) is a task. Tasks run one
// per turn of the event loop, in the order they came, so that the program's own promise jobs are done
// before the next. While the thread is stopped, tasks are held; after its end they are dropped. Knows
// nothing of what tasks do.

export class Thread {
  #tasks = [];
  #next;
  #state = 'running';
  #report;

  /** `report(error)` hears of what a task throws. */
  constructor(report) {
    this.#report = report;
  }

  get ended() {
    return this.#state === 'ended';
  }

  /** Never in the turn of the call. */
  post(task) {
    if (this.ended) return;
    this.#tasks.push(task);
    this.#schedule();
  }

  /** At once, for what happens in the program's own turn; an error is reported and goes no further. */
  run(task) {
    if (this.ended) return undefined;
    try {
      return task();
    } catch (error) {
      if (!this.ended) this.#report(error);
      return undefined;
    }
  }

  stop() {
    if (this.#state === 'running') this.#state = 'stopped';
    this.#cancel();
  }

  resume() {
    if (this.#state === 'stopped') this.#state = 'running';
    this.#schedule();
  }

  end() {
    this.#state = 'ended';
    this.#tasks.length = 0;
    this.#cancel();
  }

  #schedule() {
    if (this.#next || this.#state !== 'running' || !this.#tasks.length) return;
    this.#next = setImmediate(() => {
      this.#next = undefined;
      const task = this.#tasks.shift();
      this.#schedule();
      this.run(task);
    });
  }

  #cancel() {
    clearImmediate(this.#next);
    this.#next = undefined;
  }
}
