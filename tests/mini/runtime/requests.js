// `wx.request` and `wx.uploadFile`: real exchanges with a server on this machine.
//
// Both return a task. An answer of any status is a success for the host.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { types } from 'node:util';
import { resolve } from './addresses.js';
import { fromProgram, toProgram } from './bytes.js';
import { refuse } from './call.js';
import { sizeOf } from './places.js';
import { Failure } from './realm.js';

const METHODS = ['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'CONNECT'];
const TYPES = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.gif': 'image/gif',
  '.mp4': 'video/mp4',
  '.mp3': 'audio/mpeg',
};

/** The functions for `wx`. */
export function createRequests({ realm, thread, calls, settings, places, transfers }) {
  const referer = { referer: `https://servicewechat.com/${settings.appId}/0/page-frame.html` };

  /** A task whose exchange `begin(tell)` starts; `tell` hands events to the task's listeners. */
  function task(name, given, members, begin) {
    let exchange;
    let isAborted = false;
    const listeners = { HeadersReceived: [], ProgressUpdate: [] };
    const tell = (event, result) => {
      const own = realm.toProgram(result);
      thread.post(() => listeners[event].forEach((it) => thread.run(() => it(own))));
    };
    calls.answer(name, given, async () => {
      const answer = await calls.attempt(name, given.url, () => {
        exchange = begin(tell);
        return exchange.answer;
      });
      tell('HeadersReceived', { header: answer.headers, statusCode: answer.status });
      // Who aborts while the answer is on its way is told of the abort.
      if (isAborted) throw new Failure('abort');
      return members(answer);
    });
    const face = {
      abort() {
        isAborted = true;
        exchange?.abort();
      },
    };
    for (const [event, all] of Object.entries(listeners)) {
      face[`on${event}`] = (listener) => void all.push(listener);
      face[`off${event}`] = (listener) =>
        void all.splice(0, all.length, ...all.filter((it) => listener && it !== listener));
    }
    return realm.object(face);
  }

  function request(argument) {
    const given = argument ?? {};
    const { method = 'GET', dataType = 'json', responseType = 'text', timeout } = given;
    const members = ({ status, headers, body }) => ({
      statusCode: status,
      header: headers,
      cookies: headers['set-cookie'] ?? [],
      data: responseType === 'arraybuffer' ? toProgram(body) : asText(body.toString(), dataType),
    });
    return task('request', given, members, () => {
      const named = String(method).toUpperCase();
      if (!METHODS.includes(named)) refuse(`parameter.method "${method}" is not supported;`);
      const url = resolve(given.url, settings, { secure: 'https:', domains: settings.requestDomains });
      const headers = { 'content-type': 'application/json', ...lowered(given.header), ...referer };
      const isInAddress = ['GET', 'HEAD', 'OPTIONS'].includes(named);
      const body = isInAddress ? undefined : bodyOf(given.data, headers['content-type']);
      return transfers.begin(isInAddress ? withQuery(url, given.data) : url, { method: named, headers, body, timeout });
    });
  }

  const asText = (text, dataType) => {
    if (dataType !== 'json') return text;
    try {
      return realm.parse(text);
    } catch {
      return text;
    }
  };

  function bodyOf(data, type) {
    if (data === undefined || data === null) return undefined;
    if (typeof data === 'string' || types.isArrayBuffer(data)) return Buffer.from(fromProgram(data));
    if (ArrayBuffer.isView(data)) fromProgram(data);
    const isForm = type.startsWith('application/x-www-form-urlencoded');
    return Buffer.from(isForm ? new URLSearchParams(Object.entries(data)).toString() : realm.stringify(data));
  }

  function uploadFile(argument) {
    const given = argument ?? {};
    const members = ({ status, headers, body }) => ({ statusCode: status, header: headers, data: body.toString() });
    return task('uploadFile', given, members, (tell) => {
      const { filePath, name, timeout } = given;
      for (const it of ['filePath', 'name'])
        if (typeof given[it] !== 'string') refuse(`parameter.${it} should be String;`);
      const url = resolve(given.url, settings, { secure: 'https:', domains: settings.uploadDomains });
      const file = places.toRead(filePath);
      if (sizeOf(file) === undefined) throw new Failure('file not found', { errno: 1300002 });
      const { type, body } = multipart(given.formData, name, basename(filePath), readFileSync(file));
      // The boundary is the host's; a type of the program's own would make the body unreadable.
      const headers = { ...lowered(given.header), ...referer, 'content-type': type };
      const sent = (count) =>
        tell('ProgressUpdate', {
          progress: Math.floor((count / body.length) * 100),
          totalBytesSent: count,
          totalBytesExpectedToSend: body.length,
        });
      return transfers.begin(url, { method: 'POST', headers, body, timeout, sent });
    });
  }

  return { request: realm.function('request', request), uploadFile: realm.function('uploadFile', uploadFile) };
}

function withQuery(url, data) {
  if (data === undefined || data === null) return url;
  const it = new URL(url);
  for (const [name, value] of Object.entries(data)) it.searchParams.append(name, value);
  return it.href;
}

const lowered = (header = {}) =>
  Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), String(value)]));

function multipart(fields, name, fileName, bytes) {
  const boundary = `----mini-program-${randomUUID()}`;
  const part = (disposition, ...lines) =>
    [`--${boundary}`, `Content-Disposition: form-data; ${disposition}`, ...lines, '', ''].join('\r\n');
  const texts = Object.entries(fields ?? {}).map(([field, value]) => `${part(`name="${field}"`)}${value}\r\n`);
  const type = TYPES[extname(fileName)] ?? 'application/octet-stream';
  const head = part(`name="${name}"; filename="${fileName}"`, `Content-Type: ${type}`);
  const body = Buffer.concat([Buffer.from(texts.join('') + head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return { type: `multipart/form-data; boundary=${boundary}`, body };
}
