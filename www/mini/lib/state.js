// A few values that belong together and that pages can watch.
//
// Knows nothing of pages and of what the values mean.

module.exports = function createState(initial) {
  const watchers = new Set();
  const state = {
    now: initial,
    set(changes) {
      state.now = Object.assign({}, state.now, changes);
      Array.from(watchers).forEach((tell) => tell(state.now));
    },
    /** Calls `tell(now)` at once and after each change; returns what ends that. */
    watch(tell) {
      watchers.add(tell);
      tell(state.now);
      return () => watchers.delete(tell);
    },
  };
  return state;
};
