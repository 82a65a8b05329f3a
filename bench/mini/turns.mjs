// How much is done in the turns of the event loop: between two calls of a function that is always
// next. That is everything that ran meanwhile: the program's task, the simulated host's work for it,
// the collection of garbage.
//
// The work of a turn is its time, or the CPU time that the process had in it if that is less: what the
// machine did with the core for others is not ours. V8's helping threads are counted with it.

/** What is shorter is the loop's own turning. */
const WORK_MS = 0.1;

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Begins; `end` gives milliseconds: the work of the longest turn, of 99%, and when the longest was. */
export function watchTurns() {
  // The profiler counts from another time.
  const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  const turns = [];
  let longest = { work: 0, from: 0, to: 0 };
  let wall = 0;
  let isOn = true;
  let [at, used] = [performance.now(), cpu()];
  setImmediate(function turn() {
    const [from, before] = [at, used];
    [at, used] = [performance.now(), cpu()];
    const work = Math.min(at - from, used - before);
    if (work > WORK_MS) turns.push(work);
    if (work > longest.work) longest = { work, from: from + offset, to: at + offset };
    wall = Math.max(wall, at - from);
    if (isOn) setImmediate(turn);
  });
  return {
    end() {
      isOn = false;
      turns.sort((a, b) => a - b);
      return { turns: turns.length, p99: turns[Math.ceil(turns.length * 0.99) - 1] ?? 0, longest, wall };
    },
  };
}
