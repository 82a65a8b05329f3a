// What the CPU of this process does: as a file for developer tools, and as text for one stretch of it.

import { Session } from 'node:inspector/promises';
import { printProfile, writeProfile } from '../setting/profile.mjs';

export class Profiler {
  #session = new Session();

  static async start() {
    const it = new Profiler();
    it.#session.connect();
    await it.#session.post('Profiler.enable');
    await it.#session.post('Profiler.setSamplingInterval', { interval: 200 });
    await it.#session.post('Profiler.start');
    return it;
  }

  /** Writes all of it and prints the stretch. */
  async end(name, { from, to }) {
    const { profile } = await this.#session.post('Profiler.stop');
    this.#session.disconnect();
    await writeProfile(name, profile);
    printProfile(`${name}, the longest turn`, profile, (at) => at >= from * 1000 && at <= to * 1000);
  }
}
