// The environment in which foreign build tools run: alone with one folder.
//
// They keep settings in the user's home, leave files in the temporary folder, look for news of
// themselves and send statistics. None of this may change what a check finds, or the machine it runs on.

import { fileURLToPath } from 'node:url';

const OFFLINE = fileURLToPath(new URL('offline.cjs', import.meta.url));

/** Environment variables for a tool that may write to `folder` only. */
export function isolated(folder) {
  return {
    ...process.env,
    NODE_OPTIONS: `--require ${JSON.stringify(OFFLINE)}`,
    NODE_ENV: 'production',
    // Plain lines instead of progress bars and colours.
    CI: 'true',
    NO_COLOR: '1',
    HOME: folder,
    USERPROFILE: folder,
    TMPDIR: folder,
    TMP: folder,
    TEMP: folder,
  };
}
