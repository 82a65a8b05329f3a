// The clients a program may meet, as data: which engine, which ways of answering.
//
// A profile says what a client does; the other files do it. Where clients are known to differ, the
// profiles differ too, so that a program that passes all of them relies on none of these things.

const ANDROID = {
  platform: 'android',
  system: 'Android 14',
  userPath: 'wxfile://usr',
  /** `pair`: instantiate gives `{ instance, module }`; `instance`: just that; `none`: no WebAssembly. */
  wasm: 'pair',
  /** WebAssembly 1.0 only, and neither globals nor tables among the exports. */
  strictWasm: false,
  /** Memories and traps are of the program's own realm; else of the host's. */
  wasmOfProgram: true,
  /** Promise is made of setTimeout. */
  timerPromise: false,
  /** What engines at the oldest supported client lack is gone. */
  oldEngine: false,
  /** A connection that fails says `onClose` after `onError`. */
  closeAfterError: true,
  /** What `onClose` says of a socket that died in the background. */
  backgroundClose: { code: 1000, reason: 'interrupted' },
};

const IOS = {
  ...ANDROID,
  platform: 'ios',
  system: 'iOS 17.5',
  strictWasm: true,
  wasmOfProgram: false,
  closeAfterError: false,
  backgroundClose: { code: 1006, reason: 'abnormal closure' },
};

const PROFILES = {
  android: ANDROID,
  ios: IOS,
  instance: { ...ANDROID, userPath: 'http://usr', wasm: 'instance' },
  'timer-promise': { ...IOS, system: 'iOS 15.8', strictWasm: false, timerPromise: true },
  old: { ...IOS, system: 'iOS 14.0', userPath: 'http://usr', oldEngine: true },
  'no-wasm': { ...ANDROID, wasm: 'none' },
};

export const PROFILE_NAMES = Object.keys(PROFILES);

export function profileNamed(name) {
  if (!Object.hasOwn(PROFILES, name)) throw new TypeError(`there is no profile “${name}”`);
  return PROFILES[name];
}
