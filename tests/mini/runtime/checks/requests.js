// Requests and uploads, with a server of this process.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, describe, test } from 'node:test';
import { start } from './start.js';

describe('requests', async () => {
  let seen;
  const server = createServer((request, response) => {
    const parts = [];
    request.on('data', (it) => parts.push(it));
    request.on('end', () => {
      seen = { method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(parts) };
      if (request.url.startsWith('/slow')) return;
      response.writeHead(request.url === '/missing' ? 404 : 200, { 'x-own': 'yes' });
      response.end(request.url === '/text' ? 'no json' : JSON.stringify({ size: seen.body.length }));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const request = (program, given) =>
    program.run((it) => new Promise((done) => wx.request({ ...it, success: done, fail: done })), given);

  test('reach a server and give what it says', async () => {
    const program = await start();
    const { statusCode, data, header, errMsg } = await request(program, { url: `${origin}/a`, data: { q: 'ä b' } });
    assert.deepEqual([statusCode, data, header['x-own'], errMsg], [200, { size: 0 }, 'yes', 'request:ok']);
    assert.equal(seen.url, '/a?q=%C3%A4+b');
    await request(program, { url: origin, method: 'POST', data: { a: 1 } });
    assert.deepEqual(
      [seen.method, seen.headers['content-type'], String(seen.body)],
      ['POST', 'application/json', '{"a":1}'],
    );
    const put = await program.run(
      (url) =>
        new Promise((success) =>
          wx.request({
            url,
            method: 'PUT',
            header: { 'Content-Type': 'x/y' },
            responseType: 'arraybuffer',
            data: new Uint8Array(5).buffer,
            success,
          }),
        ),
      origin,
    );
    assert.deepEqual([seen.body.length, seen.headers['content-type'], put.data.byteLength], [5, 'x/y', 10]);
    assert.equal((await request(program, { url: `${origin}/text` })).data, 'no json');
    assert.equal((await request(program, { url: `${origin}/missing` })).statusCode, 404, 'any answer is a success');
  });

  test('fail when they are aborted, late, refused, or without a network', async () => {
    const program = await start({ urlCheck: false, suspendAfter: 5 });
    const aborted = program.run((url) => new Promise((fail) => wx.request({ url, fail }).abort()), `${origin}/slow`);
    assert.equal((await aborted).errMsg, 'request:fail abort');
    assert.match((await request(program, { url: `${origin}/slow`, timeout: 20 })).errMsg, /request:fail timeout/);
    assert.match((await request(program, { url: 'http://127.0.0.1:9' })).errMsg, /request:fail .*ECONNREFUSED/);
    assert.match((await request(program, { url: 'ftp://x' })).errMsg, /invalid url/);
    const cut = request(program, { url: `${origin}/slow` });
    await program.background();
    await program.foreground();
    assert.equal((await cut).errMsg, 'request:fail interrupted');
    await program.network(false);
    assert.match((await request(program, { url: origin })).errMsg, /ERR_INTERNET_DISCONNECTED/);
    program.settings.urlCheck = true;
    assert.match((await request(program, { url: origin })).errMsg, /url not in domain list/);
  });

  const upload = (program, given) =>
    program.run(
      (it) =>
        new Promise((done) => {
          const progress = [];
          const task = wx.uploadFile({ ...it, success: (result) => done({ ...result, progress }), fail: done });
          task.onProgressUpdate((update) => progress.push(update.totalBytesSent) && it.abort && task.abort());
        }),
      given,
    );

  test('uploads are multipart, with progress', async () => {
    const program = await start();
    const bytes = Buffer.alloc(100_000, 'abc');
    const filePath = program.temporaryFile('photo.jpg', bytes);
    const result = await upload(program, {
      url: origin,
      filePath,
      name: 'file',
      formData: { key: 'välue' },
      header: { 'x-a': 1 },
    });
    assert.deepEqual([result.statusCode, typeof result.data], [200, 'string']);
    assert.match(seen.headers['content-type'], /^multipart\/form-data; boundary=/);
    assert.equal(seen.headers['x-a'], '1');
    const form = await new Response(seen.body, {
      headers: { 'content-type': seen.headers['content-type'] },
    }).formData();
    assert.equal(form.get('key'), 'välue');
    assert.deepEqual(Buffer.from(await form.get('file').arrayBuffer()), bytes);
    assert.ok(result.progress.length > 3 && result.progress.at(-1) === seen.body.length);
    assert.deepEqual(
      result.progress,
      [...result.progress].sort((a, b) => a - b),
    );
  });

  test('uploads can be aborted, and need a file', async () => {
    const program = await start();
    const filePath = program.temporaryFile('big.bin', Buffer.alloc(3_000_000));
    assert.equal(
      (await upload(program, { url: `${origin}/slow`, filePath, name: 'file', abort: true })).errMsg,
      'uploadFile:fail abort',
    );
    assert.match(
      (await upload(program, { url: origin, filePath: `${filePath}x`, name: 'file' })).errMsg,
      /uploadFile:fail file not found/,
    );
    program.fault('uploadFile', { errMsg: 'no', times: 1 });
    assert.equal((await upload(program, { url: origin, filePath, name: 'file' })).errMsg, 'uploadFile:fail no');
  });
});
