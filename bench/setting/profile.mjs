// CPU profiles as V8 makes them: written for developer tools, and printed.

import { writeFile } from 'node:fs/promises';

export const writeProfile = (name, profile) =>
  writeFile(new URL(`../${name}.cpuprofile`, import.meta.url), JSON.stringify(profile));

/** Where the time went, by function; of the samples whose time, in microseconds, is chosen. */
export function printProfile(name, { nodes, samples, timeDeltas, startTime }, chosen = () => true) {
  const byId = new Map(nodes.map((it) => [it.id, it.callFrame]));
  const self = new Map();
  let at = startTime;
  samples.forEach((id, index) => {
    at += timeDeltas[index];
    if (!chosen(at)) return;
    const { functionName, url, lineNumber } = byId.get(id);
    const key = `${functionName || '(anonymous)'} ${url.split('/').pop()}:${lineNumber + 1}`;
    self.set(key, (self.get(key) ?? 0) + timeDeltas[index] / 1000);
  });
  console.error(`bench: ${name}: ms by function`);
  for (const [key, ms] of [...self].sort((a, b) => b[1] - a[1]).slice(0, 25)) console.error(`${ms.toFixed(ms < 10 ? 1 : 0).padStart(8)}  ${key}`);
}
