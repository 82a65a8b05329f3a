// Key-value storage: what survives JSON and a restart, and the limits.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { packed, start } from './start.js';

describe('storage', () => {
  test('keeps what JSON can say, also over a restart', async () => {
    const app = packed();
    const program = await app.start();
    const result = await program.run(async () => {
      await wx.setStorage({ key: 'a/é', data: { n: 1, lost: undefined, date: new Date(0), list: [1, NaN] } });
      wx.setStorageSync('b', 'text');
      wx.setStorageSync('gone', 1);
      wx.removeStorageSync('gone');
      const { data } = await wx.getStorage({ key: 'a/é' });
      const missing = await wx.getStorage({ key: 'gone' }).catch((error) => error.errMsg);
      return [
        data,
        data instanceof Object,
        wx.getStorageSync('b'),
        wx.getStorageSync('gone'),
        missing,
        wx.getStorageInfoSync().keys.sort(),
      ];
    });
    const stored = { n: 1, date: '1970-01-01T00:00:00.000Z', list: [1, null] };
    assert.deepEqual(result, [stored, true, 'text', '', 'getStorage:fail data not found', ['a/é', 'b']]);
    await program.end();
    const again = await app.start();
    assert.equal(again.run("wx.getStorageSync('b')"), 'text');
    again.run('wx.clearStorageSync()');
    assert.deepEqual(again.run('wx.getStorageInfoSync()'), { keys: [], currentSize: 0, limitSize: 10240 });
  });

  test('has its limits', async () => {
    const program = await start({ limits: { storage: 3 * 1024 * 1024 } });
    const set = (key, length) =>
      program.run(
        (it, size) =>
          wx.setStorage({ key: it, data: 'x'.repeat(size) }).then(
            (done) => done.errMsg,
            (error) => error.errMsg,
          ),
        key,
        length,
      );
    assert.match(await set('a', 1024 * 1024), /setStorage:fail entry size limit reached/);
    for (const key of ['a', 'b']) assert.equal(await set(key, 1024 * 1024 - 2), 'setStorage:ok');
    assert.match(await set('c', 1024 * 1024 - 2), /setStorage:fail exceed storage max size/);
    assert.throws(() => program.run("wx.setStorageSync('', 1)"), /key could not be empty/);
    program.fault('setStorage', { errMsg: 'no' });
    assert.equal(await set('d', 1), 'setStorage:fail no');
  });
});
