// The codec beside the platform's own: random and odd texts and bytes, and every size of room.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextDecoder as Decoder, TextEncoder as Encoder } from '../../src/mini/codec.js';

const encoder = new Encoder();
const decoder = new Decoder('utf-8', { ignoreBOM: true });
const strict = new Decoder('utf-8', { ignoreBOM: true, fatal: true });
const reference = new TextDecoder('utf-8', { ignoreBOM: true });
const strictReference = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
const referenceEncoder = new TextEncoder();

/** The same numbers in every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomText(below: (n: number) => number): string {
  const unit = [
    () => below(0x80),
    () => below(0x800),
    () => below(0x10000),
    () => 0xd800 + below(0x400),
    () => 0xdc00 + below(0x400),
    () => [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfeff, 0xfffd, 0xffff][below(10)] as number,
  ];
  return Array.from({ length: below(24) }, () => String.fromCharCode((unit[below(unit.length)] as () => number)())).join('');
}

function randomBytes(below: (n: number) => number): Uint8Array {
  const odd = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff];
  return Uint8Array.from({ length: below(16) }, () => (below(2) ? (odd[below(odd.length)] as number) : below(256)));
}

function agree(bytes: Uint8Array): void {
  const expected = reference.decode(bytes);
  assert.equal(decoder.decode(bytes), expected, Buffer.from(bytes).toString('hex'));
  let isValid = true;
  try {
    strictReference.decode(bytes);
  } catch {
    isValid = false;
  }
  if (isValid) assert.equal(strict.decode(bytes), expected);
  else assert.throws(() => strict.decode(bytes), TypeError);
}

test('20,000 random texts are encoded as by the platform, and read back', () => {
  const below = random(1);
  for (let count = 0; count < 20_000; count++) {
    const text = randomText(below);
    const bytes = encoder.encode(text);
    assert.deepEqual(bytes, referenceEncoder.encode(text));
    assert.equal(bytes.byteLength, bytes.buffer.byteLength);
    agree(bytes);
    if (bytes.length) agree(bytes.subarray(below(bytes.length), below(bytes.length + 1)));
  }
});

test('20,000 random byte strings are decoded as by the platform', () => {
  const below = random(2);
  for (let count = 0; count < 20_000; count++) agree(randomBytes(below));
});

test('every sequence of two bytes, and of three after every lead byte that may have them', () => {
  for (let first = 0x7f; first < 0x100; first++) {
    for (let second = 0; second < 0x100; second++) agree(Uint8Array.of(first, second));
  }
  for (let first = 0xe0; first < 0xf6; first++) {
    for (let second = 0x70; second < 0xd0; second++) {
      for (const third of [0x00, 0x7f, 0x80, 0xbf, 0xc0]) {
        for (const fourth of [0x41, 0x80, 0xc2]) agree(Uint8Array.of(first, second, third, fourth));
      }
    }
  }
});

test('every character, alone', () => {
  for (let point = 0; point < 0x110000; point += point < 0x10000 ? 1 : 61) {
    const text = String.fromCodePoint(point);
    const bytes = encoder.encode(text);
    assert.ok(Buffer.from(text).equals(bytes), point.toString(16));
    assert.equal(decoder.decode(bytes), Buffer.from(bytes).toString());
  }
});

test('long texts, with characters across every seam', () => {
  for (const character of ['a', 'é', '€', '😀']) {
    for (let before = 4090; before < 4100; before++) {
      const text = `${'x'.repeat(before)}${character.repeat(3000)}y`;
      const bytes = encoder.encode(text);
      assert.ok(Buffer.from(text).equals(bytes));
      assert.equal(decoder.decode(bytes), text);
    }
  }
});

test('a byte order mark is text', () => {
  assert.equal(decoder.decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)), '\ufeffA');
  assert.equal(strict.decode(Uint8Array.of(0xef, 0xbb, 0xbf)), '\ufeff');
});

test('nothing is an empty text, and none of it is kept', () => {
  assert.equal(decoder.decode(), '');
  assert.equal(decoder.decode(new Uint8Array()), '');
  assert.equal(encoder.encode().length, 0);
  decoder.decode(Uint8Array.of(0xe2, 0x82));
  assert.equal(decoder.decode(Uint8Array.of(0xac)), '\ufffd');
});

test('a view is decoded, not what is around it', () => {
  const bytes = Uint8Array.of(0x41, 0xe2, 0x82, 0xac, 0x42);
  assert.equal(decoder.decode(bytes.subarray(1, 4)), '€');
  assert.equal(decoder.decode(bytes.subarray(1, 3)), '\ufffd');
});

test('encodeInto fills any room with whole characters, as the platform does', () => {
  const texts = ['', 'abc', 'aé€😀z', '😀😀', '\ud800a', 'a\udc00', '\ud83d', '€\ud83d😀\ude00é'];
  for (const text of texts) {
    for (let room = 0; room <= text.length * 3 + 1; room++) {
      const [ours, theirs] = [new Uint8Array(room + 2).fill(0xaa), new Uint8Array(room + 2).fill(0xaa)];
      const result = encoder.encodeInto(text, ours.subarray(1, room + 1));
      const expected = referenceEncoder.encodeInto(text, theirs.subarray(1, room + 1));
      assert.deepEqual(result, { read: expected.read, written: expected.written }, `${JSON.stringify(text)} into ${room}`);
      assert.deepEqual(ours.subarray(0, result.written + 1), theirs.subarray(0, result.written + 1));
      assert.ok(ours.subarray(result.written + 1).every((it) => it === 0xaa), 'nothing beyond');
    }
  }
});
