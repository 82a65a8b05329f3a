// `wx.onX` and `wx.offX`: who listens to what the host tells everybody.

/** Events that somebody may listen to; the last ones never happen here. */
const NAMES = [
  ...['AppShow', 'AppHide', 'NetworkStatusChange', 'MemoryWarning', 'Error', 'UnhandledRejection'],
  ...['PageNotFound', 'ThemeChange', 'WindowResize', 'NetworkWeakChange'],
];

export class Events {
  #listeners = new Map(NAMES.map((name) => [name, []]));
  #realm;
  #thread;

  constructor(realm, thread) {
    this.#realm = realm;
    this.#thread = thread;
  }

  /** Calls every listener in the thread's present turn. */
  emit(name, ...results) {
    for (const listener of [...this.#listeners.get(name)]) {
      this.#thread.run(() => listener(...results.map((it) => this.#realm.toProgram(it))));
    }
  }

  /** For `wx`. */
  functions() {
    const all = {};
    for (const [name, listeners] of this.#listeners) {
      all[`on${name}`] = (listener) => {
        if (typeof listener === 'function') listeners.push(listener);
      };
      // Without a listener all of them go, the ones of other parts of the program, too.
      all[`off${name}`] = (listener) => {
        const index = listeners.indexOf(listener);
        if (listener === undefined) listeners.length = 0;
        else if (index >= 0) listeners.splice(index, 1);
      };
    }
    return all;
  }
}
