import {
  byteSize,
  decompress,
  errorBound,
  FormatError,
  fromBytes,
  quantizeAffine,
  quantizeFloat,
  toBytes,
  type Compressed,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { fromArrays } from '../../src/compressed/compressed.js';
import { crc32c } from '../../src/core/checksum.js';

const q = quantizeAffine(Float32Array.of(1, 2, 3), { bits: 4 });

describe('every function over compressed tensors', () => {
  it.each([
    ['null', null],
    ['undefined', undefined],
    ['a number', 4],
    ['text', 'affine'],
    ['an array', new Float32Array(3)],
    ['an unknown kind', { ...q, kind: 'codebooks' }],
    ['an inherited kind', { ...q, kind: 'constructor' }],
    ['a kind that is no text', { ...q, kind: 1 }],
  ])('refuses %s', (_, bad) => {
    for (const fn of [decompress, byteSize, errorBound, toBytes]) {
      expect(() => fn(bad as never)).toThrow(TypeError);
      expect(() => fn(bad as never)).toThrow(/"c" expected a compressed tensor of kind affine or /);
    }
  });

  it('byteSize counts codes, scales and zero points as they are stored', () => {
    const x = { data: new Float32Array(128).fill(0.5), shape: [2, 64] };
    const groups = { kind: 'group', groupSize: 32 } as const;
    expect(byteSize(quantizeAffine(x, { bits: 8 }))).toBe(128 + 4);
    expect(byteSize(quantizeAffine(x, { bits: 4, granularity: groups, scaleDtype: 'float16' }))).toBe(
      64 + 4 * 2,
    );
    expect(byteSize(quantizeAffine(x, { bits: 3, mapping: 'asymmetric', granularity: groups }))).toBe(
      48 + 4 * 8,
    );
    expect(byteSize(quantizeFloat(x, { dtype: 'bfloat16' }))).toBe(256);
    expect(byteSize(quantizeFloat(x, { dtype: 'float6_e2m3fn' }))).toBe(96);
  });
});

describe('fromBytes refuses', () => {
  const bytes = toBytes(q);
  const changed = (
    edit: (copy: Uint8Array, view: DataView) => void,
    seal = true,
  ): Uint8Array<ArrayBuffer> => {
    const copy = bytes.slice();
    const view = new DataView(copy.buffer);
    edit(copy, view);
    if (seal) view.setUint32(12, crc32c(copy.subarray(16), crc32c(copy.subarray(0, 12))), true);
    return copy;
  };
  const withHeader = (json: string): Uint8Array<ArrayBuffer> => {
    const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
    const copy = new Uint8Array(16 + text.length);
    copy.set(bytes.subarray(0, 16));
    copy.set(text, 16);
    const view = new DataView(copy.buffer);
    view.setUint32(8, text.length, true);
    view.setUint32(12, crc32c(copy.subarray(16), crc32c(copy.subarray(0, 12))), true);
    return copy;
  };
  const array = (change: object): string =>
    JSON.stringify({ header: {}, arrays: [{ name: 'codes', dtype: 'uint8', shape: [0], ...change }] });

  it.each([
    ['nothing', new Uint8Array(0), 'TENSOR_MAGIC'],
    ['another magic', changed((copy) => (copy[0] = 0x74)), 'TENSOR_MAGIC'],
    ['a later version', changed((_, view) => view.setUint32(4, 2, true)), 'TENSOR_VERSION'],
    ['a header longer than the data', changed((_, view) => view.setUint32(8, 2 ** 31, true)), 'TENSOR_SIZE'],
    ['a wrong checksum', changed((_, view) => view.setUint32(12, 1, true), false), 'TENSOR_CHECKSUM'],
    ['a header that is no JSON', withHeader('{'), 'TENSOR_HEADER'],
    ['a header that is no UTF-8', changed((copy) => (copy[20] = 0xff)), 'TENSOR_HEADER'],
    ['a header that is a list', withHeader('[]'), 'TENSOR_HEADER'],
    ['no arrays', withHeader('{"header": {}}'), 'TENSOR_HEADER'],
    ['an array that is null', withHeader('{"header": {}, "arrays": [null]}'), 'TENSOR_HEADER'],
    ['an array without name', withHeader(array({ name: 1 })), 'TENSOR_HEADER'],
    ['an unknown element type', withHeader(array({ dtype: 'uint7' })), 'TENSOR_HEADER'],
    ['a negative length', withHeader(array({ shape: [-1] })), 'TENSOR_HEADER'],
    ['an array beyond the data', withHeader(array({ shape: [2 ** 40] })), 'TENSOR_SIZE'],
    ['an unknown kind', withHeader(array({})), 'TENSOR_KIND'],
  ])('%s', (_, bad, code) => {
    expect(() => fromBytes(bad)).toThrow(FormatError);
    expect(() => fromBytes(bad)).toThrow(expect.objectContaining({ code }) as Error);
  });

  it('what is no Uint8Array', () => {
    for (const bad of [null, undefined, 'TSLM', [1, 2], bytes.buffer, new Uint16Array(8)]) {
      expect(() => fromBytes(bad as never)).toThrow('fromBytes: "bytes" expected a Uint8Array');
    }
  });

  it('a header that is none', () => {
    expect(() => fromArrays(null, [])).toThrow(/^fromArrays: "kind" expected affine or .*\[TENSOR_KIND\]$/);
  });
});

it('a tensor with pictures stays plain data: cloned, stored and read it is the same', () => {
  const back: Compressed = fromBytes(toBytes(structuredClone({ ...q })));
  expect(back).toEqual(q);
});
