// Bytes on their way between the program and the host.

import { types } from 'node:util';
import { kindOf, refuse } from './call.js';

/** A copy of what the program hands over: a text or an ArrayBuffer of any realm, never a view. */
export function fromProgram(data, name = 'data') {
  if (typeof data === 'string') return data;
  if (!types.isArrayBuffer(data))
    refuse(`parameter.${name} should be String or ArrayBuffer instead of ${kindOf(data)};`);
  return Buffer.from(new Uint8Array(data.slice(0)));
}

/** An ArrayBuffer of the host's realm, cut to size, for the program. */
export function toProgram(bytes) {
  return new Uint8Array(bytes).buffer;
}
