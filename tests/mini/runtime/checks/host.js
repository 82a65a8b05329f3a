// How functions of `wx` answer, and the smaller ones among them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { start } from './start.js';

describe('the host', () => {
  test('answers with callbacks, or with a promise when there is none', async () => {
    const program = await start();
    const seen = await program.run(
      () =>
        new Promise((resolve) => {
          const order = [];
          const returned = wx.getNetworkType({
            success: (it) => order.push(it.networkType),
            complete: (it) => resolve([...order, it.errMsg]),
          });
          order.push(typeof returned);
        }),
    );
    assert.deepEqual(seen, ['undefined', 'wifi', 'getNetworkType:ok']);
    assert.equal((await program.run('wx.getNetworkType()')).networkType, 'wifi');
    await assert.rejects(
      program.run("wx.getStorage({ key: 'x' })"),
      (it) => it.errMsg === 'getStorage:fail data not found',
    );
  });

  test('has random bytes, within bounds', async () => {
    const program = await start();
    const random = (length) => program.run((it) => wx.getRandomValues({ length: it }).catch((error) => error), length);
    const [one, other] = [await random(32), await random(32)].map((it) => Buffer.from(it.randomValues).toString('hex'));
    assert.equal(one.length, 64);
    assert.notEqual(one, other);
    assert.equal((await random(1048576)).randomValues.byteLength, 1048576);
    for (const length of [0, 1048577, 1.5]) assert.match((await random(length)).errMsg, /getRandomValues:fail/);
  });

  test('tells about itself and the device', async () => {
    const program = await start({ profile: 'ios', appId: 'wx1' });
    assert.deepEqual(
      program.run(
        '[wx.getSystemInfoSync().platform, wx.getAppBaseInfo().SDKVersion, wx.getAccountInfoSync().miniProgram.appId]',
      ),
      ['ios', '3.6.0', 'wx1'],
    );
    assert.deepEqual(program.run("[wx.canIUse('getRandomValues'), wx.canIUse('nothing.at.all')]"), [true, false]);
  });

  test('has what a test adds', async () => {
    const program = await start({
      wx: { chooseMedia: ({ count }) => ({ tempFiles: [{ size: count }] }), extra: { a: 1 } },
    });
    assert.equal(program.run('wx.chooseMedia({ count: 3 }).tempFiles[0].size + wx.extra.a'), 4);
    assert.equal(program.run('wx.chooseMedia({}) instanceof Object && wx.extra instanceof Object'), true);
  });

  test('notes what is shown', async () => {
    const program = await start({ modalAnswer: false });
    const answer = await program.run("wx.showToast({ title: 'hi', success() {} }); wx.showModal({ title: 'sure?' })");
    assert.deepEqual([answer.confirm, answer.cancel], [false, true]);
    assert.deepEqual(program.shown, [
      { name: 'showToast', title: 'hi' },
      { name: 'showModal', title: 'sure?' },
    ]);
    const nodes = program.run(
      () => new Promise((done) => wx.createSelectorQuery().select('#x').boundingClientRect().exec(done)),
    );
    assert.deepEqual(await nodes, [null]);
    await program.run('new Promise((done) => wx.nextTick(done))');
  });

  test('logs', async () => {
    const program = await start();
    program.run("console.log('a', 1, { b: [2] }); console.warn(new Error('w').message); console.group()");
    assert.deepEqual(program.console, [
      { level: 'log', text: 'a 1 { b: [ 2 ] }' },
      { level: 'warn', text: 'w' },
    ]);
  });
});
