import { FormatError, quantizeAffine } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import {
  affineArraySpecs,
  affineFromArrays,
  affineToArrays,
} from '../../../src/quantize/affine/affine-arrays.js';

const x = { data: Float32Array.of(1, -2, 3, 0.5, 0, 7), shape: [2, 3] };
const options = {
  bits: 4,
  mapping: 'asymmetric',
  granularity: { kind: 'token' },
  scaleDtype: 'float16',
} as const;
const q = quantizeAffine(x, options);
const { header, arrays } = affineToArrays(q);
const [codes, scale, zeroPoint] = arrays;

it('an AffineTensor is stored as codes, scales in their own type, and zero points', () => {
  expect(arrays.map(({ name, dtype, shape }) => ({ name, dtype, shape }))).toEqual([
    { name: 'codes', dtype: 'uint8', shape: [3] },
    { name: 'scale', dtype: 'float16', shape: [2] },
    { name: 'zero_point', dtype: 'int32', shape: [2] },
  ]);
  expect(affineArraySpecs(x.shape, { bits: 16, granularity: { kind: 'block', blockShape: [2, 2] } })).toEqual(
    [
      { name: 'codes', dtype: 'int16', shape: [2, 3] },
      { name: 'scale', dtype: 'float32', shape: [1, 2] },
    ],
  );
});

it('its header survives JSON, its arrays may come in any order', () => {
  const read = affineFromArrays(JSON.parse(JSON.stringify(header)), [zeroPoint, codes, scale]);
  expect(read).toEqual(q);
  const narrow = affineToArrays(quantizeAffine(x, { bits: 8, scaleDtype: 'bfloat16' }));
  expect(narrow.arrays[1].data).toBeInstanceOf(Uint16Array);
  expect(affineFromArrays(narrow.header, narrow.arrays).scaleDtype).toBe('bfloat16');
});

describe('affineFromArrays refuses', () => {
  it.each([
    ['no header', null],
    ['a header of text', 'affine'],
    ['another kind', { ...header, kind: 'float' }],
    ['a missing field', Object.fromEntries(Object.entries(header).filter(([key]) => key !== 'rounding'))],
    ['a field of undefined', { ...header, overflow: undefined }],
    ['an unknown field', { ...header, groupSize: 4 }],
    ['a prototype field', JSON.parse('{"__proto__": {"kind": "affine"}}')],
    ['a negative overflow', { ...header, overflow: -1 }],
    ['an infinite overflow', { ...header, overflow: Infinity }],
    ['zero points of text', { ...header, hasZeroPoint: 'yes' }],
    ['a shape of text', { ...header, shape: '2,3' }],
    ['a negative length', { ...header, shape: [-2, 3] }],
    ['an axis that is none', { ...header, granularity: { kind: 'axis', axis: 2 } }],
    ['a granularity of text', { ...header, granularity: 'token' }],
    ['3.5 bits', { ...header, bits: 3.5 }],
    ['text for bits', { ...header, bits: '4' }],
  ])('%s', (_, bad) => {
    expect(() => affineFromArrays(bad, arrays)).toThrow(FormatError);
    expect(() => affineFromArrays(bad, arrays)).toThrow(/^affineFromArrays: .*\[TENSOR_HEADER\]$/);
  });

  it.each([
    ['no arrays', []],
    ['an array twice', [codes, scale, scale]],
    ['another name', [codes, scale, { ...zeroPoint, name: 'zeros' }]],
    ['another type', [codes, { ...scale, dtype: 'uint16' as const }, zeroPoint]],
    ['another shape', [codes, { ...scale, shape: [1, 2] }, zeroPoint]],
    ['another array', [codes, { ...scale, data: new Float32Array(2) }, zeroPoint]],
    ['a short array', [{ ...codes, data: new Uint8Array(2) }, scale, zeroPoint]],
  ])('%s', (_, bad) => {
    expect(() => affineFromArrays(header, bad)).toThrow(/^affineFromArrays: .* \[TENSOR_ARRAYS\]$/);
  });

  it.each([
    ['a mapping that does not exist', { ...header, mapping: 'half' }, arrays],
    ['a rounding that does not exist', { ...header, rounding: 'up' }, arrays],
    ['codes beyond the bits', { ...header, codeMax: 16 }, arrays],
    ['a negative scale', header, [codes, { ...scale, data: Uint16Array.of(0xbc00, 0) }, zeroPoint]],
    ['a scale of NaN', header, [codes, { ...scale, data: Uint16Array.of(0x7e00, 0) }, zeroPoint]],
    ['a far zero point', header, [codes, scale, { ...zeroPoint, data: Int32Array.of(2 ** 30, 0) }]],
    ['a code that the range leaves out', { ...header, codeMax: 14 }, arrays],
  ])('%s', (_, bad, parts) => {
    expect(() => affineFromArrays(bad, parts)).toThrow(/^affineFromArrays: .*\[TENSOR_VALUES\]$/);
  });

  it('a code of -128 in a symmetric tensor of 8 bits', () => {
    const parts = affineToArrays(quantizeAffine(Float32Array.of(1, -1), { bits: 8 }));
    const bad = [{ ...parts.arrays[0], data: Int8Array.of(127, -128) }, parts.arrays[1]];
    expect(() => affineFromArrays(parts.header, bad)).toThrow(
      '"codes[1]" expected a code from -127 to 127, got -128',
    );
  });

  it('set bits behind the last code', () => {
    const odd = affineToArrays(quantizeAffine(Float32Array.of(1, 2, 3), { bits: 3 }));
    const data = (odd.arrays[0].data as Uint8Array).slice();
    data[1] |= 0x80;
    expect(() => affineFromArrays(odd.header, [{ ...odd.arrays[0], data }, odd.arrays[1]])).toThrow(
      /\[TENSOR_PADDING at byte 1\]$/,
    );
  });
});
