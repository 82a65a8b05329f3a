// Pages, the background, the network, errors nobody caught, and the end.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { start, until, wait } from './start.js';

describe('life cycle', () => {
  const files = {
    'app.json': JSON.stringify({ pages: ['pages/list/list', 'pages/chat/chat'] }),
    'app.js': `
      const seen = (global.seen = []);
      const note = (name) => (it) => void seen.push(it && it.path !== undefined ? name + ' ' + it.path : name);
      App({ onLaunch: note('launch'), onShow: note('show'), onHide: note('hide'), data: 1 });
      wx.onAppShow(note('on show'));
      wx.onAppHide(note('on hide'));
      wx.onNetworkStatusChange((it) => seen.push([it.isConnected, it.networkType]));
      wx.onMemoryWarning((it) => seen.push(['memory', it.level]));`,
    'pages/list/list.js': `
      const note = (name) => () => void global.seen.push('list ' + name);
      const page = {};
      for (const name of ['load', 'show', 'ready', 'hide', 'unload']) {
        page['on' + name[0].toUpperCase() + name.slice(1)] = note(name);
      }
      Page(page);`,
    'pages/chat/chat.js': `
      Page({
        data: { text: '', list: [{ n: 1 }] },
        onLoad(query) { this.setData({ text: query.text, 'list[1].n': 2, 'deep.er': { x: undefined, y: 1 } }); },
        onUnload() { global.seen.push('chat unload'); },
        add(n) {
          this.setData({ list: this.data.list.concat({ n }) }, () => global.seen.push('set'));
          return this.data.list;
        },
      });`,
  };
  const seen = (program) => program.run('global.seen.splice(0)');

  test('a start opens the first page, or another', async () => {
    const program = await start({}, files);
    assert.deepEqual(seen(program), [
      'launch pages/list/list',
      'show pages/list/list',
      'list load',
      'list show',
      'list ready',
    ]);
    assert.equal(program.run('getApp().data'), 1);
    const chat = await start({ open: 'pages/chat/chat?text=a%20b' }, files);
    assert.deepEqual(chat.top.data, { text: 'a%20b', list: [{ n: 1 }, { n: 2 }], deep: { er: { y: 1 } } });
    await assert.rejects(start({ open: 'pages/none' }, files), /is not found/);
  });

  test('pages have data and methods, and none shares them with another', async () => {
    const program = await start({}, files);
    const page = program.page('pages/chat/chat?text=x');
    assert.deepEqual(page.add(3), [{ n: 1 }, { n: 2 }, { n: 3 }]);
    assert.equal(program.page('pages/chat/chat').route, 'pages/chat/chat', 'the page on top stays');
    assert.equal(program.page('pages/chat/chat?text=y').data.list.length, 2);
    await until(() => seen(program).includes('set'));
    page.setData({ text: 'set by the test' });
    assert.equal(page.data.text, 'set by the test');
  });

  test('a component can be a page', async () => {
    const program = await start(
      {},
      {
        'app.json': '{"pages":["p"]}',
        'p.js': `Component({
          properties: { a: { value: 1 } },
          data: { b: [] },
          attached() { this.note('attached'); },
          pageLifetimes: { show() { this.note('show'); } },
          methods: {
            onLoad(query) { this.note('load ' + query.x); },
            note(it) { this.setData({ b: this.data.b.concat(it) }); },
          },
        });`,
      },
    );
    assert.deepEqual(program.page('p?x=1').data, { a: 1, b: ['attached', 'load 1', 'show'] });
    assert.deepEqual(program.errors, []);
  });

  test('navigation opens and closes pages', async () => {
    const program = await start({}, files);
    seen(program);
    const go = (name, given) =>
      program.run(
        (it, argument) =>
          wx[it](argument).then(
            (done) => done.errMsg,
            (error) => error.errMsg,
          ),
        name,
        given,
      );
    const stack = () => program.run('getCurrentPages().map((it) => it.route)');
    assert.equal(await go('navigateTo', { url: '/pages/chat/chat?text=1' }), 'navigateTo:ok');
    assert.deepEqual([stack(), program.top.data.text], [['pages/list/list', 'pages/chat/chat'], '1']);
    assert.equal(await go('navigateTo', { url: '../list/list' }), 'navigateTo:ok');
    assert.equal(await go('navigateBack', { delta: 2 }), 'navigateBack:ok');
    assert.deepEqual(seen(program), [
      'list hide',
      'list load',
      'list show',
      'list ready',
      'list unload',
      'chat unload',
      'list show',
    ]);
    assert.match(await go('navigateTo', { url: '/pages/none' }), /navigateTo:fail page "pages\/none" is not found/);
    assert.match(await go('navigateBack', {}), /navigateBack:fail/);
    await go('redirectTo', { url: '/pages/chat/chat' });
    assert.deepEqual(stack(), ['pages/chat/chat']);
    for (let i = 0; i < 9; i += 1) await go('navigateTo', { url: 'chat' });
    assert.match(await go('navigateTo', { url: 'chat' }), /webview count limit/);
    await go('reLaunch', { url: '/pages/list/list' });
    assert.deepEqual(stack(), ['pages/list/list']);
  });

  test('in the background the thread stops after a while and holds everything', async () => {
    const program = await start({ suspendAfter: 50 }, files);
    seen(program);
    program.run(() => {
      setTimeout(() => global.seen.push('early'), 20);
      setTimeout(() => global.seen.push('late b'), 160);
      setTimeout(() => global.seen.push('late a'), 150);
      const cleared = setTimeout(() => global.seen.push('never'), 155);
      setTimeout(() => clearTimeout(cleared), 152);
      global.ticks = 0;
      global.interval = setInterval(() => (global.ticks += 1), 10);
      wx.onAppHide(() => wx.getNetworkType({ success: () => global.seen.push('answer') }));
    });
    await program.background();
    assert.deepEqual(seen(program), ['list hide', 'hide', 'on hide', 'answer', 'early']);
    const ticks = program.run('global.ticks');
    await wait(170);
    assert.deepEqual([seen(program), program.run('global.ticks')], [[], ticks]);
    const away = program.network(false);
    await program.foreground();
    await away;
    assert.deepEqual(seen(program), [
      'late a',
      'late b',
      [false, 'none'],
      'on show pages/list/list',
      'show pages/list/list',
      'list show',
    ]);
    assert.equal(
      program.run('clearInterval(global.interval); global.ticks') - ticks <= 2,
      true,
      'missed ticks are not made up for',
    );
    assert.deepEqual(program.errors, []);
  });

  test('promise jobs of one held task are done before the next', async () => {
    const program = await start({ suspendAfter: 1 }, files);
    await program.background();
    seen(program);
    program.run(() => {
      const note = (it) => global.seen.push(it);
      for (const n of [1, 2]) setTimeout(() => note(n) && Promise.resolve().then(() => note(`after ${n}`)), n);
    });
    await wait(10);
    await program.foreground();
    assert.deepEqual(seen(program).slice(0, 4), [1, 'after 1', 2, 'after 2']);
  });

  test('who comes back in time was never stopped', async () => {
    const program = await start({ suspendAfter: 40 }, files);
    const hidden = program.background();
    await program.foreground();
    await hidden;
    program.run('setTimeout(() => (global.ran = true), 50)');
    await until(() => program.run('global.ran'));
  });

  test('the network and the memory are told of, and listeners can leave', async () => {
    const program = await start({}, files);
    seen(program);
    await program.network(true, 'wifi');
    await program.network(false);
    assert.equal((await program.run('wx.getNetworkType()')).networkType, 'none');
    await program.network(true, '5g');
    await program.memoryWarning(15);
    assert.deepEqual(seen(program), [
      [false, 'none'],
      [true, '5g'],
      ['memory', 15],
    ]);
    program.run(() => {
      const mine = () => global.seen.push('mine');
      wx.onNetworkStatusChange(mine);
      wx.offNetworkStatusChange(mine);
      wx.offMemoryWarning();
    });
    await program.network(false);
    await program.memoryWarning();
    assert.deepEqual(seen(program), [[false, 'none']]);
  });

  test('errors nobody caught are collected, and the program goes on', async () => {
    const program = await start(
      {},
      {
        'app.js': `
        App({ onError(text) { global.told = text; }, onUnhandledRejection(it) { global.rejected = it.reason.message; } });
        setTimeout(() => { throw new Error('in a timer'); }, 0);
        wx.getNetworkType({ success() { throw new Error('in a callback'); }, complete() { global.completed = true; } });
        Promise.reject(new Error('rejected'));
        (async () => { await null; null.x; })();`,
      },
    );
    await until(() => program.errors.length === 4 && program.run('global.completed && global.rejected && global.told'));
    assert.deepEqual(program.errors.map((it) => it.kind).sort(), ['error', 'error', 'rejection', 'rejection']);
    assert.match(program.errors.map((it) => it.text).join(), /in a timer.*in a callback|in a callback.*in a timer/s);
    assert.match(program.run('global.told'), /in a/);
    const made = await start({ profile: 'timer-promise' });
    made.run("Promise.reject(new Error('made')); Promise.reject(1).catch(() => {})");
    await until(() => made.errors.length);
    assert.match(made.errors[0].text, /made/);
    const early = await start({}, { 'app.js': 'nonsense()' });
    assert.match(early.errors[0].text, /nonsense is not defined/);
    early.errors.length = 0;
  });

  test('at the end everything stops at once', async () => {
    const program = await start({}, files);
    program.run(() => {
      global.ran = 0;
      setInterval(() => (global.ran += 1), 1);
      wx.getNetworkType({ success: () => (global.ran += 100) });
      wx.setStorage({ key: 'before', data: 1 });
    });
    await program.end();
    const ran = program.run('global.ran');
    program.run(() => {
      setTimeout(() => (global.ran += 1), 0);
      wx.setStorageSync('after', 1);
      wx.connectSocket({ url: 'ws://127.0.0.1:9' });
      Promise.reject(new Error('late'));
    });
    await wait(15);
    assert.equal(program.run('global.ran'), ran);
    assert.deepEqual([program.errors, program.sockets], [[], 0]);
  });
});
