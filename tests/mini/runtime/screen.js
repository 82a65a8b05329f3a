// What a program puts on the screen besides its pages: nothing is drawn, everything is noted.
//
// `shown` lists the calls for a test to look at. Selector queries find nothing.

const NOTED = [
  ...['showToast', 'hideToast', 'showLoading', 'hideLoading', 'setNavigationBarTitle', 'setNavigationBarColor'],
  ...[
    'pageScrollTo',
    'startPullDownRefresh',
    'stopPullDownRefresh',
    'showNavigationBarLoading',
    'hideNavigationBarLoading',
  ],
  ...['hideKeyboard', 'vibrateShort', 'setClipboardData'],
];

/** `functions` are for `wx`. */
export function createScreen({ realm, thread, calls, settings }) {
  const shown = [];

  /** What was passed, without its functions and with our prototypes. */
  const note = (name, given) => {
    const text = realm.stringify(given ?? {});
    shown.push({ name, ...JSON.parse(text) });
  };

  const functions = {};
  for (const name of NOTED) {
    functions[name] = calls.asynchronous(name, (given) => {
      note(name, given);
      return {};
    });
  }
  functions.showModal = calls.asynchronous('showModal', (given) => {
    note('showModal', given);
    const confirm = Boolean(settings.modalAnswer);
    return { confirm, cancel: !confirm, content: null };
  });
  functions.nextTick = realm.function('nextTick', (action) => thread.post(() => action()));
  functions.createSelectorQuery = realm.function('createSelectorQuery', () => createQuery(realm, thread));
  return { shown, functions };
}

/** A chain that ends in one answer of nothing for each question. */
function createQuery(realm, thread) {
  const asked = [];
  const ask = (callback) => {
    asked.push(callback);
    return query;
  };
  const node = realm.object({
    boundingClientRect: ask,
    scrollOffset: ask,
    context: ask,
    node: ask,
    fields: (_, callback) => ask(callback),
  });
  const query = realm.object({
    in: () => query,
    select: () => node,
    selectAll: () => node,
    selectViewport: () => node,
    exec(callback) {
      const given = asked.splice(0);
      thread.post(() => {
        for (const it of given) if (typeof it === 'function') thread.run(() => it(null));
        if (typeof callback === 'function') callback(realm.toProgram(given.map(() => null)));
      });
      return query;
    },
  });
  return query;
}
