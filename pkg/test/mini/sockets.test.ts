// Sockets over a host that says things twice, late, in any order or not at all: one end for each, and
// nothing after it.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { alipay, type Api, type Differences } from '../../src/mini/adapter/index.js';
import { createLife } from '../../src/mini/adapter/life.js';
import { createSockets } from '../../src/mini/adapter/sockets.js';
import { createTimers } from '../../src/mini/adapter/timers.js';
import { takeTime } from './clock.js';
import { fakeHost, type FakeTask } from './host.js';

const SUSPENDED = 'connectSocket:fail jsapi has no permission, runningState=suspend, detail=network api interrupted in suspend state';

function make(t: TestContext, more: Partial<Api> = {}, differences: Differences = {}) {
  const clock = takeTime(t);
  const host = fakeHost(more);
  const connect = createSockets(host.api, createTimers(createLife(host.api).onVisible), differences);
  const heard: string[] = [];
  const handlers = {
    open: () => void heard.push('open'),
    frame: (text: string) => void heard.push(text),
    close: () => void heard.push('close'),
  };
  const socket = connect('wss://im.example/ws', 'tim.v1', handlers);
  assert.deepEqual(heard, [], 'nothing in the turn of the call');
  return { clock, host, tasks: host.tasks, task: host.tasks[0] as FakeTask, heard, handlers, socket };
}

test('the host is asked for what it takes', (t) => {
  const { success, fail, ...rest } = make(t).task.options;
  assert.deepEqual(rest, { url: 'wss://im.example/ws', protocols: ['tim.v1'], tcpNoDelay: true, timeout: 10_000 });
  assert.equal(typeof success, 'function');
  assert.equal(typeof fail, 'function');
});

test('text goes both ways, anything else is dropped', (t) => {
  const { task, heard, socket } = make(t);
  socket.send('too early');
  task.open();
  task.message('a');
  task.message(new ArrayBuffer(2));
  task.message(undefined);
  task.message('b');
  socket.send('c');
  assert.deepEqual(heard, ['open', 'a', 'b']);
  assert.deepEqual(task.sent, ['c']);
});

test('it is open once, and before the first frame whatever the host tells first', (t) => {
  const { task, heard } = make(t);
  task.message('a');
  task.open();
  task.open();
  assert.deepEqual(heard, ['open', 'a']);
});

test('it ends once, whatever is told in whatever order and however often', (t) => {
  const ends = ['fail', 'error', 'closed'] as const;
  for (const first of ends) {
    for (const second of ends) {
      for (const third of ends) {
        for (const opens of [false, true]) {
          const { clock, task, tasks, heard, socket } = make(t);
          if (opens) task.open();
          for (const end of [first, second, third]) task[end]();
          assert.deepEqual(heard, opens ? ['open'] : [], 'not inside a callback of the host');
          task.open();
          task.message('late');
          socket.send('late');
          clock.pass(15_000);
          task[first]();
          socket.close();
          clock.pass(15_000);
          assert.deepEqual(heard, opens ? ['open', 'close'] : ['close'], [first, second, third].join());
          assert.deepEqual(task.sent, []);
          assert.equal(tasks.length, 1);
        }
      }
    }
  }
});

test('a host that refuses at once, throws or gives no task ends it later', (t) => {
  const refusals: Array<Partial<Api>> = [
    { connectSocket: () => { throw new Error('no'); } },
    { connectSocket: () => undefined as never },
    { connectSocket: () => Promise.resolve() as never },
  ];
  for (const refusal of refusals) {
    const { clock, heard } = make(t, refusal);
    clock.pass(1);
    assert.deepEqual(heard, ['close']);
  }
});

test('a task that is over before it is there is closed', (t) => {
  const host = fakeHost();
  const { clock, heard } = make(t, {
    connectSocket(options) {
      options.fail({ errMsg: 'connectSocket:fail limit' });
      return host.api.connectSocket(options);
    },
  });
  clock.pass(1);
  assert.deepEqual(heard, ['close']);
  assert.deepEqual(host.tasks[0]?.closeCodes, [1000]);
});

test('a send that fails or throws ends it', (t) => {
  for (const broken of [undefined, new Error('not open')]) {
    const { clock, task, heard, socket } = make(t);
    task.open();
    task.broken = broken;
    socket.send('a');
    socket.send('b');
    task.failSends();
    clock.pass(1);
    assert.deepEqual(heard, ['open', 'close']);
    assert.deepEqual(task.closeCodes, [1000]);
  }
});

test('close is answered also by a host that says nothing', (t) => {
  const { clock, task, heard, socket } = make(t);
  task.open();
  socket.close();
  socket.close();
  task.message('late');
  assert.deepEqual(heard, ['open']);
  clock.pass(1);
  assert.deepEqual(heard, ['open', 'close']);
  assert.deepEqual(task.closeCodes, [1000]);
  task.closed();
  clock.pass(100);
  assert.deepEqual(heard, ['open', 'close']);
});

test('a task that opens although it was closed is closed again', (t) => {
  const { clock, task, heard, socket } = make(t);
  task.broken = new Error('not connected');
  socket.close();
  task.broken = undefined;
  task.open();
  clock.pass(1);
  assert.deepEqual(heard, ['close']);
  assert.deepEqual(task.closeCodes, [1000, 1000]);
});

test('a host that never answers is not waited for for ever', (t) => {
  const { clock, task, heard } = make(t);
  clock.pass(11_999);
  assert.deepEqual(heard, []);
  clock.pass(2);
  assert.deepEqual(heard, ['close']);
  assert.deepEqual(task.closeCodes, [1000]);
});

test('an open socket stays open', (t) => {
  const { clock, task, heard } = make(t);
  task.open();
  clock.pass(60_000);
  assert.deepEqual(heard, ['open']);
});

/** Tasks that nobody has closed or ended. */
const live = (tasks: FakeTask[]): number => tasks.filter((it) => !it.closeCodes.length).length;

test('a refusal because of the background is answered by another attempt', (t) => {
  for (const how of ['fail', 'error'] as const) {
    const { clock, tasks, task, heard, socket } = make(t);
    task[how](SUSPENDED);
    task.closed();
    clock.pass(99);
    assert.equal(tasks.length, 1);
    clock.pass(1);
    assert.equal(tasks.length, 2);
    assert.equal(live(tasks), 1);
    task.error();
    task.fail();
    task.message('of the first');
    const second = tasks[1] as FakeTask;
    second.open();
    socket.send('a');
    clock.pass(5000);
    assert.deepEqual(heard, ['open']);
    assert.deepEqual(second.sent, ['a']);
    second.error(SUSPENDED);
    clock.pass(5000);
    assert.deepEqual(heard, ['open', 'close'], 'an open one just ends');
    assert.equal(tasks.length, 2);
  }
});

test('attempts end after two seconds', (t) => {
  const { clock, tasks, heard } = make(t);
  const start = clock.now();
  const at: number[] = [];
  for (let known = 0; known < tasks.length; ) {
    at.push(clock.now() - start);
    tasks[known]?.fail(SUSPENDED);
    known = tasks.length;
    clock.pass(1500);
    assert.ok(live(tasks) <= 1);
  }
  assert.equal(tasks.length, 5);
  assert.deepEqual(heard, ['close']);
  assert.equal(live(tasks), 0);
});

test('no attempt follows a close', (t) => {
  const { clock, tasks, task, heard, socket } = make(t);
  task.fail(SUSPENDED);
  clock.pass(50);
  socket.close();
  clock.pass(5000);
  assert.equal(tasks.length, 1);
  assert.deepEqual(heard, ['close']);
});

test('any other refusal just ends it', (t) => {
  const { clock, tasks, task, heard } = make(t);
  task.fail('connectSocket:fail exceed max task count 5');
  clock.pass(5000);
  assert.equal(tasks.length, 1);
  assert.deepEqual(heard, ['close']);
});

test('what counts are the handlers of the moment', (t) => {
  const { clock, task, heard, handlers, socket } = make(t);
  task.open();
  handlers.frame = handlers.close = () => {};
  task.message('a');
  socket.close();
  clock.pass(1);
  assert.deepEqual(heard, ['open']);
});

test('Alipay wants to be told and wraps frames', (t) => {
  const { task, heard } = make(t, {}, alipay);
  assert.equal((task.options as { multiple?: boolean }).multiple, true);
  task.open();
  task.message({ data: 'a', isBuffer: false });
  task.message({ data: new ArrayBuffer(1), isBuffer: true });
  task.message(undefined);
  assert.deepEqual(heard, ['open', 'a']);
});
