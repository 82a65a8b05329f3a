// Sockets: their limits, what clients say in which case, and how they are lost.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { start, until, wait } from './start.js';

describe('sockets', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: (all) => [...all][0] });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `ws://127.0.0.1:${server.address().port}/path`;
  /** What the server saw, newest connection last. */
  const connections = [];
  server.on('connection', (socket, request) => {
    const it = { socket, request, received: [], closed: undefined };
    connections.push(it);
    socket.on('close', (code, reason) => Object.assign(it, { closed: { code, reason: String(reason) } }));
    socket.on('message', (data, isBinary) => {
      it.received.push(isBinary ? data : String(data));
      if (String(data) === 'close me') socket.close(4001, 'as you like');
      else socket.send(data, { binary: isBinary });
    });
  });
  after(() => {
    server.clients.forEach((it) => it.terminate());
    server.close();
  });

  /** Opens a socket in the program and collects what it hears in `global[name]`. */
  const open = (program, name = 's', given = { url }) =>
    program.run(
      (key, options) => {
        const seen = [];
        const task = wx.connectSocket({
          ...options,
          success: () => seen.push('success'),
          fail: (it) => seen.push(it.errMsg),
        });
        task.onOpen((it) => seen.push(['open', typeof it.header]));
        task.onMessage(({ data }) => seen.push(typeof data === 'string' ? data : data));
        task.onError((it) => seen.push(['error', it.errMsg]));
        task.onClose(({ code, reason }) => seen.push(['close', code, reason]));
        global[key] = { task, seen };
      },
      name,
      given,
    );
  const seen = (program, name = 's') => program.run(`global.${name}.seen`);
  const isOpen =
    (program, name = 's') =>
    () =>
      program.run(`global.${name}.task.readyState`) === 1;
  const opened = async (options, name) => {
    const program = await start(options);
    open(program, name);
    await until(isOpen(program, name));
    return program;
  };
  const send = (program, data, name = 's') =>
    program.run(
      (key, it) => new Promise((resolve) => global[key].task.send({ data: it, success: resolve, fail: resolve })),
      name,
      data,
    );
  const close = (program, given, name = 's') =>
    program.run(
      (key, it) => new Promise((resolve) => global[key].task.close({ ...it, success: resolve, fail: resolve })),
      name,
      given,
    );

  test('carry texts and bytes, and nothing happens in the turn of a call', async () => {
    const program = await start();
    open(program, 's', { url, protocols: ['tim.v1'], header: { 'x-own': 'yes' } });
    assert.deepEqual(seen(program), []);
    assert.equal(program.run('s = global.s.task; s.readyState'), 0);
    await until(isOpen(program));
    assert.deepEqual(await send(program, 'text 😀'), { errMsg: 'sendSocketMessage:ok' });
    await program.run(
      () => new Promise((success) => global.s.task.send({ data: new Uint8Array([1, 2, 3]).buffer, success })),
    );
    await until(() => seen(program).length === 4);
    const [success, up, text, bytes] = seen(program);
    assert.deepEqual(
      [success, up, text, [...new Uint8Array(bytes)]],
      ['success', ['open', 'object'], 'text 😀', [1, 2, 3]],
    );
    assert.equal(program.run('global.s.seen[3] instanceof ArrayBuffer'), false, 'data comes from another realm');
    const { request } = connections.at(-1);
    assert.deepEqual(
      [request.headers['x-own'], request.headers['sec-websocket-protocol'], request.headers.origin],
      ['yes', 'tim.v1', undefined],
    );
    assert.match(request.headers.referer, /^https:\/\/servicewechat\.com\//);
  });

  test('close with the codes that an app may use', async () => {
    const program = await opened();
    for (const code of [1001, 1006, 2999, 5000])
      assert.match((await close(program, { code })).errMsg, /closeSocket:fail .*1000/);
    assert.deepEqual(await close(program, { code: 3001, reason: 'bye' }), { errMsg: 'closeSocket:ok' });
    await until(() => seen(program).length === 3);
    assert.deepEqual(seen(program).at(-1), ['close', 3001, 'bye']);
    assert.deepEqual(connections.at(-1).closed, { code: 3001, reason: 'bye' });
    assert.equal(program.run('global.s.task.readyState'), 3);
    assert.match((await send(program, 'x')).errMsg, /readyState is not OPEN/);
  });

  test('are told when the server closes', async () => {
    const program = await opened();
    await send(program, 'close me');
    await until(() => seen(program).length === 3);
    assert.deepEqual(seen(program).at(-1), ['close', 4001, 'as you like']);
  });

  test('refuse views, and sending before they are open', async () => {
    const program = await start();
    open(program);
    assert.match((await send(program, 'early')).errMsg, /SocketTask.readyState is not OPEN/);
    await until(isOpen(program));
    const view = await program.run(() => new Promise((fail) => global.s.task.send({ data: new Uint8Array(3), fail })));
    assert.match(view.errMsg, /sendSocketMessage:fail .*Uint8Array/);
  });

  test('are five at most', async () => {
    const program = await start();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) open(program, name);
    await until(isOpen(program, 'e'));
    assert.equal(program.sockets, 5);
    assert.deepEqual(seen(program, 'f'), ['connectSocket:fail exceed max task count']);
    await close(program, {}, 'a');
    await until(() => program.sockets === 4);
    open(program, 'g');
    await until(isOpen(program, 'g'));
  });

  test('say it in the client’s way when there is no server', async () => {
    const nobody = { url: 'ws://127.0.0.1:9' };
    const android = await start();
    open(android, 's', nobody);
    await until(() => seen(android).length === 3);
    assert.deepEqual(
      seen(android).map((it) => it[0]),
      ['s', 'error', 'close'],
    );
    const ios = await start({ profile: 'ios' });
    open(ios, 's', nobody);
    await until(() => seen(ios).length === 2);
    assert.equal(ios.sockets, 0);
  });

  test('go to listed domains only, when addresses are checked', async () => {
    const names = { 'chat.example.org': new URL(url).host };
    const program = await start({ urlCheck: true, socketDomains: ['wss://chat.example.org'], names });
    const refused = { a: url, b: 'wss://other.example.org', c: 'ws://chat.example.org', d: 'wss://127.0.0.1:1' };
    for (const [name, address] of Object.entries(refused)) open(program, name, { url: address });
    open(program, 'good', { url: 'wss://chat.example.org:8443/x' });
    await until(isOpen(program, 'good'));
    for (const name of Object.keys(refused))
      assert.deepEqual(seen(program, name), ['connectSocket:fail url not in domain list']);
    open(program, 'bad', { url: 'nonsense' });
    await until(() => seen(program, 'bad').length);
    assert.match(seen(program, 'bad')[0], /connectSocket:fail invalid url/);
  });

  test('die in the background and say so on return', async () => {
    for (const [profile, expected] of [
      ['android', ['close', 1000, 'interrupted']],
      ['ios', ['close', 1006, 'abnormal closure']],
    ]) {
      const program = await opened({ profile, suspendAfter: 20, socketsDieAfter: 40 });
      await program.background();
      await until(() => program.sockets === 0);
      await wait(20);
      assert.equal(seen(program).length, 2, 'nothing is said to a stopped program');
      assert.ok(connections.at(-1).closed, 'the server knows');
      await program.foreground();
      assert.deepEqual(seen(program).at(-1), expected);
    }
  });

  test('can die in the background without a word', async () => {
    const program = await opened({ suspendAfter: 10, socketsDieAfter: 20, closeNeverFires: true });
    await program.background();
    await wait(40);
    await program.foreground();
    assert.deepEqual([isOpen(program)(), program.sockets], [true, 1], 'it still looks open');
    assert.equal((await send(program, 'lost')).errMsg, 'sendSocketMessage:ok');
    assert.equal((await close(program)).errMsg, 'closeSocket:ok');
    await wait(20);
    assert.deepEqual([seen(program).length, program.sockets], [2, 0]);
    assert.deepEqual(connections.at(-1).received, []);
  });

  test('live on when the program comes back in time', async () => {
    const program = await opened({ suspendAfter: 10, socketsDieAfter: 1000 });
    await program.background();
    connections.at(-1).socket.send('while away');
    await wait(20);
    assert.equal(seen(program).length, 2);
    await program.foreground();
    assert.equal(seen(program).at(-1), 'while away');
    await send(program, 'back');
    await until(() => seen(program).at(-1) === 'back');
  });

  test('cannot be opened right after the return, when the client is like that', async () => {
    const program = await start({ suspendAfter: 5, refusedOnReturn: 40 });
    await program.background();
    await program.foreground();
    open(program);
    await until(() => seen(program).length);
    assert.match(seen(program)[0], /^connectSocket:fail jsapi has no permission, event=.*suspend state$/);
    await wait(50);
    open(program, 'later');
    await until(isOpen(program, 'later'));
  });

  test('are lost with the network, at once or after a while', async () => {
    const program = await opened();
    await program.network(false);
    assert.deepEqual(seen(program).at(-1), ['close', 1006, 'abnormal closure']);
    assert.equal(connections.at(-1).closed, undefined, 'the server does not know yet');
    open(program, 'off');
    await until(() => seen(program, 'off').length === 3);
    assert.equal(seen(program, 'off')[1][0], 'error');
    await program.network(true);
    await until(() => connections.at(-1).closed);

    const slow = await opened({ networkLossAfter: 60 });
    await slow.network(true, '4g');
    assert.equal((await send(slow, 'lost')).errMsg, 'sendSocketMessage:ok');
    connections.at(-1).socket.send('lost, too');
    await wait(30);
    assert.equal(seen(slow).length, 2);
    await until(() => seen(slow).length === 3);
    assert.deepEqual(connections.at(-1).received, []);
  });

  test('fail as a test wants it', async () => {
    const program = await start({ faults: { connectSocket: { times: 1, errMsg: 'no luck' } } });
    open(program);
    await until(() => seen(program).length);
    assert.deepEqual([seen(program), program.sockets], [['connectSocket:fail no luck'], 0]);
    open(program, 'good');
    await until(isOpen(program, 'good'));
    const fault = program.fault('SocketTask.send', { match: /secret/ });
    assert.equal((await send(program, 'secret', 'good')).errMsg, 'sendSocketMessage:fail system error');
    assert.equal((await send(program, 'open', 'good')).errMsg, 'sendSocketMessage:ok');
    assert.equal(fault.hits, 1);
  });
});
