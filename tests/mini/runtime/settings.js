// What a test may set about the host, and what holds when it does not.
//
// Every setting may also be changed while the program runs, through `program.settings`; it counts from
// the next time the host looks. Knows nothing of how the settings are obeyed.

const MB = 1024 * 1024;

export const SETTINGS = {
  // ---- the code
  /** `window`, `document`, `navigator` and `location` are bare objects, as in what Taro builds. */
  fakeWindow: false,
  appId: 'wx0000000000000000',
  /** The page to open first, with its query; without it app.json's first one. */
  open: undefined,
  /** More members for `wx`, or others in the place of ours; plain functions of the test. */
  wx: {},
  /** Faults from the start: a record of function name and what `program.fault` takes. */
  faults: {},

  // ---- the network
  /** Only secure addresses of listed domains, no bare IP address, as for a published program. */
  urlCheck: false,
  socketDomains: [],
  requestDomains: [],
  uploadDomains: [],
  /** Where host names lead: `{ 'chat.example.org': '127.0.0.1:8080' }`, without encryption behind it. */
  names: {},
  /** How long open sockets stay open, and silent, when the network goes or becomes another one. */
  networkLossAfter: 0,
  /** After going to the background: when sockets die. */
  socketsDieAfter: 5000,
  /** Sockets that die in the background never say so and still look open. */
  closeNeverFires: false,
  /** For so many ms after coming back, connecting is refused as if the program were suspended. */
  refusedOnReturn: 0,

  // ---- life cycle
  /** After going to the background: when the JS thread stops. */
  suspendAfter: 5000,

  // ---- files and the screen
  /** A number: files take effect in an order of the host's own, the same for the same number. */
  disorder: undefined,
  /** What the user answers to `wx.showModal`. */
  modalAnswer: true,
  limits: {
    file: 100 * MB,
    files: 200 * MB,
    storageKey: MB,
    storage: 10 * MB,
    sockets: 5,
    pages: 10,
  },
};

/** The settings of one program. A name that nobody would obey is a mistake of the test. */
export function settle(given) {
  for (const [known, some] of [
    [SETTINGS, given],
    [SETTINGS.limits, given.limits ?? {}],
  ]) {
    const unknown = Object.keys(some).find((name) => !(name in known));
    if (unknown) throw new TypeError(`there is no setting “${unknown}”`);
  }
  return { ...SETTINGS, ...given, limits: { ...SETTINGS.limits, ...given.limits } };
}
