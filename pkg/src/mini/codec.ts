// UTF-8 in both directions, for hosts that have neither `TextEncoder` nor `TextDecoder`.
//
// As much of the two as the engine's glue uses, with the results of the platform's own: what is no
// UTF-8 or no text becomes U+FFFD as the Encoding Standard says. A byte order mark is text like any
// other, and nothing is kept from one call to the next.

/** Code units that are made a text at once; more are too many arguments for some engines. */
const UNITS = 4096;
const units = new Uint16Array(UNITS);

export class TextDecoder {
  declare private readonly fatal: boolean;

  constructor(_label?: string, options?: { ignoreBOM?: boolean; fatal?: boolean }) {
    this.fatal = !!options && !!options.fatal;
  }

  /** Throws a `TypeError` for bytes that are no UTF-8 if that was asked for. */
  decode(bytes?: Uint8Array): string {
    const end = bytes ? bytes.length : 0;
    let text = '';
    let count = 0;
    for (let at = 0; at < end; ) {
      let point = (bytes as Uint8Array)[at++] as number;
      if (point > 0x7f) {
        const first = point;
        let more = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
        // What may come second is less than what may come later: no longer forms, no surrogates.
        let lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
        let highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
        point = more ? first & (0x3f >> more) : -1;
        for (; more; more--) {
          const next = at < end ? ((bytes as Uint8Array)[at] as number) : 0;
          if (next < lowest || next > highest) {
            point = -1;
            break;
          }
          point = (point << 6) | (next & 0x3f);
          lowest = 0x80;
          highest = 0xbf;
          at++;
        }
        if (point < 0) {
          if (this.fatal) throw new TypeError('not UTF-8');
          point = 0xfffd;
        }
        if (point > 0xffff) {
          units[count++] = 0xd7c0 + (point >> 10);
          point = 0xdc00 | (point & 0x3ff);
        }
      }
      units[count++] = point;
      // One character may need two.
      if (count > UNITS - 2) {
        text += textOf(count);
        count = 0;
      }
    }
    return text + textOf(count);
  }
}

function textOf(count: number): string {
  return String.fromCharCode.apply(null, units.subarray(0, count) as unknown as number[]);
}

export class TextEncoder {
  encode(text = ''): Uint8Array {
    const bytes = new Uint8Array(text.length * 3);
    return bytes.slice(0, this.encodeInto(text, bytes).written);
  }

  /** Writes as many whole characters as there is room for; says how much was read and written. */
  encodeInto(text: string, bytes: Uint8Array): { read: number; written: number } {
    const end = text.length;
    const room = bytes.length;
    let read = 0;
    let written = 0;
    while (read < end) {
      let point = text.charCodeAt(read);
      let taken = 1;
      if (point >> 11 === 27) {
        const low = text.charCodeAt(read + 1);
        if (point < 0xdc00 && low >> 10 === 55) {
          point = 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff);
          taken = 2;
        } else {
          point = 0xfffd;
        }
      }
      const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      if (written + size > room) break;
      if (size === 1) {
        bytes[written++] = point;
      } else {
        let shift = 6 * (size - 1);
        bytes[written++] = ((0xf00 >> size) & 0xff) | (point >> shift);
        while (shift) bytes[written++] = 0x80 | ((point >> (shift -= 6)) & 0x3f);
      }
      read += taken;
    }
    return { read, written };
  }
}
