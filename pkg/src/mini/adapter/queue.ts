// In which order files are worked on, and how many at a time.
//
// Hosts do not say what becomes of two operations on one file that overlap, and limit how much goes
// on at once. Knows paths only, not what is done there.

interface Job {
  path: string;
  running: boolean;
  start(): void;
}

/** Runs `work` when it is its turn and gives its outcome. */
export type InTurn = <T>(path: string, work: () => Promise<T>) => Promise<T>;

/**
 * Work on one path is done in the order it came, and so is work on a folder and on what is in it;
 * the rest goes on side by side, `most` at a time.
 */
export function createQueue(most: number): InTurn {
  /** Everything that is not done, in the order it came. */
  let jobs: Job[] = [];

  function next(): void {
    let running = jobs.filter((it) => it.running).length;
    // A copy, for what is started may add to it.
    jobs.slice().forEach((job, index, all) => {
      if (running >= most || job.running || all.slice(0, index).some((it) => meet(it.path, job.path))) return;
      running++;
      job.running = true;
      job.start();
    });
  }

  return (path, work) =>
    new Promise((resolve) => {
      const job: Job = {
        path,
        running: false,
        start() {
          const done = (): void => {
            jobs = jobs.filter((it) => it !== job);
            next();
          };
          const outcome = work();
          outcome.then(done, done);
          resolve(outcome);
        },
      };
      jobs.push(job);
      next();
    });
}

/** Whether they are the same, or one is a folder the other is in. */
function meet(one: string, other: string): boolean {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}
