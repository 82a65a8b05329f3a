// The platform object as a whole: its seed, its log, and what it hears of the program's life.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createPlatform, type Api } from '../../src/mini/adapter/index.js';
import { createLife } from '../../src/mini/adapter/life.js';
import { log } from '../../src/mini/adapter/log.js';
import { takeTime } from './clock.js';
import { fakeHost } from './host.js';

function linesOf(t: TestContext): string[] {
  const lines: string[] = [];
  for (const method of ['debug', 'info', 'warn', 'error', 'log'] as const) {
    t.mock.method(console, method, (line: string) => void lines.push(`${method} ${line}`));
  }
  return lines;
}

test('the seed is the host’s random bytes, asked for once', async () => {
  let asked = 0;
  const { api } = fakeHost({
    getRandomValues({ length, success }) {
      asked++;
      setImmediate(() => success({ randomValues: Uint8Array.from({ length }, (_, index) => index + 0xf8).buffer }));
    },
  });
  const platform = await createPlatform(api);
  assert.deepEqual(platform.seed(), [0xfbfaf9f8, 0xfffefdfc]);
  const seeds = Array.from({ length: 10 }, () => platform.seed().join());
  assert.equal(new Set(seeds).size, 10, 'every engine of the program has another');
  assert.equal(asked, 1);
});

test('without random bytes there is another seed, and a warning', async (t) => {
  const hosts: Array<Api['getRandomValues']> = [
    undefined,
    ({ fail }) => fail({ errMsg: 'getRandomValues:fail' }),
    ({ fail }) => fail(undefined as never),
    () => {
      throw new Error('not in plugins');
    },
    ({ success }) => success({ randomValues: new ArrayBuffer(4) }),
  ];
  const lines = linesOf(t);
  const seeds = new Set<string>();
  for (const getRandomValues of hosts) {
    const seed = (await createPlatform(fakeHost({ getRandomValues }).api)).seed();
    assert.equal(seed.length, 2);
    for (const it of seed) assert.ok(Number.isInteger(it) && it >= 0 && it < 2 ** 32);
    seeds.add(seed.join());
  }
  assert.equal(seeds.size, hosts.length);
  assert.equal(lines.length, hosts.length);
  for (const line of lines) assert.match(line, /^warn tim-wasm: .*random/);
});

test('random bytes are waited for a second', async (t) => {
  const clock = takeTime(t);
  const lines = linesOf(t);
  let made = false;
  const platform = createPlatform(fakeHost({ getRandomValues() {} }).api).then(() => (made = true));
  clock.pass(999);
  await new Promise(setImmediate);
  assert.equal(made, false);
  clock.pass(1);
  await platform;
  assert.equal(lines.length, 1);
});

test('it has everything the engine calls, with or without this', async () => {
  const { api } = fakeHost({ getRandomValues: ({ success }) => success({ randomValues: new ArrayBuffer(8) }) });
  const { seed, now, ...rest } = await createPlatform(api);
  assert.deepEqual(seed(), [0, 0]);
  assert.ok(Math.abs(now() - Date.now()) < 1000);
  assert.deepEqual(Object.keys(rest).sort(), [
    'clearTimer', 'connect', 'files', 'log', 'onMemoryWarning', 'onNetwork', 'onVisible', 'setTimer',
  ]);
});

test('lines go to the console by level', (t) => {
  const lines = linesOf(t);
  [0, 1, 2, 3, 4].forEach((level) => log(level, `line ${level}`));
  t.mock.method(console, 'debug', undefined as never);
  (console as { debug: unknown }).debug = undefined;
  log(0, 'nowhere else');
  assert.deepEqual(lines, [
    'debug tim-wasm: line 0',
    'info tim-wasm: line 1',
    'warn tim-wasm: line 2',
    'error tim-wasm: line 3',
    'log tim-wasm: line 4',
    'log tim-wasm: nowhere else',
  ]);
});

test('the host gets one listener for all of ours, and loses it with the last', () => {
  const host = fakeHost();
  const life = createLife(host.api);
  const heard: string[] = [];
  const ends = ['a', 'b'].map((name) => life.onVisible((visible) => void heard.push(`${name} ${visible}`)));
  assert.equal(host.count('AppShow'), 1);
  assert.equal(host.count('AppHide'), 1);
  host.tell('AppHide');
  ends[0]?.();
  ends[0]?.();
  host.tell('AppShow');
  assert.deepEqual(heard, ['a false', 'b false', 'b true']);
  ends[1]?.();
  assert.equal(host.count('AppShow'), 0);
  life.onVisible(() => void heard.push('c'));
  host.tell('AppShow');
  assert.equal(heard.pop(), 'c');
});

test('the same function may listen twice', () => {
  const host = fakeHost();
  const life = createLife(host.api);
  let heard = 0;
  const hear = () => void heard++;
  const end = life.onNetwork(hear);
  life.onNetwork(hear);
  host.tell('NetworkStatusChange');
  assert.equal(heard, 2);
  end();
  host.tell('NetworkStatusChange');
  assert.equal(heard, 3);
});

test('a host that cannot forget reaches nobody any more', () => {
  const host = fakeHost({ offMemoryWarning: undefined });
  const life = createLife(host.api);
  let heard = 0;
  life.onMemoryWarning(() => void heard++)();
  host.tell('MemoryWarning');
  assert.equal(heard, 0);
  life.onMemoryWarning(() => void heard++);
  host.tell('MemoryWarning');
  assert.equal(heard, 1);
});

test('a host without the event is fine', () => {
  const none = { onAppShow: undefined, onAppHide: undefined, onNetworkStatusChange: undefined, onMemoryWarning: undefined };
  const life = createLife(fakeHost(none).api);
  life.onVisible(() => {})();
  life.onNetwork(() => {})();
  life.onMemoryWarning(() => {})();
});

test('a listener that throws stops no other, one that left is not told', (t) => {
  const clock = takeTime(t);
  const host = fakeHost();
  const life = createLife(host.api);
  const heard: string[] = [];
  life.onNetwork(() => {
    end();
    throw new Error('mine');
  });
  const end = life.onNetwork(() => void heard.push('left'));
  life.onNetwork(() => void heard.push('stayed'));
  host.tell('NetworkStatusChange');
  assert.deepEqual(heard, ['stayed']);
  clock.pass(1);
  assert.match(String(clock.errors), /mine/, 'the host gets to know');
});
