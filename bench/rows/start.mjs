// How soon a page can use the SDK: from the moment it asks for the script until `TIM.create` has
// returned, and until the engine behind it answers. Each run has a context of its own, that is: an
// empty cache and a fresh renderer; ours and the published SDK take turns.
//
// "Engine ready" is seen from outside: a login without a userID is refused by the engine itself, with
// a code of its own, so its rejection comes as soon as a real login could have begun.

import { median, row, smaller } from '../table.mjs';

const RUNS = 15;

async function ours() {
  const began = performance.now();
  const { default: TIM } = await import('/ours/index.js');
  const tim = TIM.create({ SDKAppID: 1400000001, proxyServer: 'ws://127.0.0.1:1/' });
  const created = performance.now() - began;
  const code = await tim.login({ userID: '', userSig: '' }).then(
    () => 0,
    (error) => error.code,
  );
  if (code !== 2002) throw new Error(`not the engine's refusal: ${code}`);
  return { created, ready: performance.now() - began };
}

async function published() {
  const began = performance.now();
  const script = document.createElement('script');
  script.src = '/published/tim-js.js';
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
  window.TIM.create({ SDKAppID: 1400000001 });
  return { created: performance.now() - began };
}

export async function measure(setting) {
  const results = { ours: [], published: [] };
  for (let run = 0; run <= RUNS; run++) {
    for (const [name, script] of Object.entries({ ours, published })) {
      const page = await setting.page('/blank.html');
      const result = await page.evaluate(script);
      await page.context().close();
      // The first of each pays for what the browser does only once.
      if (run > 0) results[name].push(result);
    }
  }
  const reference = median(results.published.map((it) => it.created));
  return [
    row({ what: 'script asked for → TIM.create returned', unit: 'ms', ours: median(results.ours.map((it) => it.created)), reference, goal: smaller }),
    row({
      what: 'script asked for → engine ready',
      unit: 'ms',
      ours: median(results.ours.map((it) => it.ready)),
      reference,
      goal: smaller,
      note: `medians of ${RUNS} fresh contexts; reference of both: tim-js.js until its TIM.create returned`,
    }),
  ];
}
