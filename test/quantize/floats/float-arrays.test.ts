import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteLengthOf, DTYPES } from '../../../src/core/dtype.js';
import { FormatError } from '../../../src/core/errors.js';
import { SMALL_FLOATS } from '../../../src/core/float-formats.js';
import { elementCount } from '../../../src/core/shape.js';
import { quantizeFloat } from '../../../src/quantize/floats/cast.js';
import {
  floatArraySpecs,
  floatFromArrays,
  floatToArrays,
} from '../../../src/quantize/floats/float-arrays.js';

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });

it('a FloatTensor taken apart, its header sent through JSON, and put together again is the same', () => {
  fc.assert(
    fc.property(
      shapes,
      fc.constantFrom(...SMALL_FLOATS),
      fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
      (shape, dtype, scale) => {
        const data = Float32Array.from({ length: elementCount(shape, 'test') }, (_, i) => scale * (i + 1));
        const c = quantizeFloat({ data, shape }, { dtype, overflow: 'saturate' });
        const { header, arrays } = floatToArrays(c);
        expect(floatFromArrays(JSON.parse(JSON.stringify(header)), arrays)).toEqual(c);
      },
    ),
    { numRuns: 1000 },
  );
});

it('the specs are those of the arrays, and their bytes those of the codes', () => {
  fc.assert(
    fc.property(shapes, fc.constantFrom(...SMALL_FLOATS), (shape, dtype) => {
      const size = elementCount(shape, 'test');
      const c = quantizeFloat({ data: new Float32Array(size).fill(1), shape }, { dtype });
      const { arrays } = floatToArrays(c);
      const specs = floatArraySpecs(shape, dtype);
      expect(
        arrays.map(({ name, dtype: type, shape: axes }) => ({ name, dtype: type, shape: axes })),
      ).toEqual(specs);
      for (const [i, { dtype: type, shape: axes }] of specs.entries()) {
        expect(DTYPES[type].bits).toBeGreaterThanOrEqual(8);
        expect(arrays[i].data.byteLength).toBe(byteLengthOf(type, elementCount(axes, 'test')));
      }
    }),
    { numRuns: 500 },
  );
});

it('an infinite overflow survives JSON', () => {
  const c = quantizeFloat(Float32Array.of(Infinity), { dtype: 'float4_e2m1fn' });
  const { header, arrays } = floatToArrays(c);
  expect(header.overflow).toBe('Infinity');
  expect(floatFromArrays(JSON.parse(JSON.stringify(header)), arrays).overflow).toBe(Infinity);
});

describe('floatFromArrays refuses', () => {
  const { header, arrays } = floatToArrays(
    quantizeFloat(Float32Array.of(1, 2, 3), { dtype: 'float6_e2m3fn' }),
  );
  const [codes] = arrays;
  const eight = floatToArrays(quantizeFloat(Float32Array.of(1, 2, 3), { dtype: 'float8_e5m2' }));

  it.each([
    ['no header', null],
    ['a header of text', 'float'],
    ['an array', [header]],
    ['another kind', { ...header, kind: 'affine' }],
    ['no kind', { ...header, kind: undefined }],
    ['a large float', { ...header, dtype: 'float32' }],
    ['an inherited type name', { ...header, dtype: 'constructor' }],
    ['an unknown rounding', { ...header, rounding: 'up' }],
    ['a negative overflow', { ...header, overflow: -1 }],
    ['an overflow of NaN', { ...header, overflow: NaN }],
    ['an overflow of null', { ...header, overflow: null }],
    ['an unknown field', { ...header, bits: 6 }],
    ['a prototype field', JSON.parse('{"__proto__": 1}')],
    ['a negative length', { ...header, shape: [-3] }],
    ['an overflowing shape', { ...header, shape: [2 ** 40, 2 ** 40] }],
    ['a shape of text', { ...header, shape: '3' }],
  ])('%s', (_, bad) => {
    expect(() => floatFromArrays(bad, arrays)).toThrow(FormatError);
    expect(() => floatFromArrays(bad, arrays)).toThrow(/^floatFromArrays: .* \[TENSOR_HEADER\]$/);
  });

  it.each([
    ['no arrays', []],
    ['two arrays', [codes, codes]],
    ['another name', [{ ...codes, name: 'scale' }]],
    ['another type', [{ ...codes, dtype: 'int8' as const }]],
    ['another shape', [{ ...codes, shape: [4] }]],
    ['another array', [{ ...codes, data: new Int8Array(3) }]],
    ['a short array', [{ ...codes, data: new Uint8Array(2) }]],
    ['the arrays of another type', eight.arrays],
  ])('%s', (_, bad) => {
    expect(() => floatFromArrays(header, bad)).toThrow(/^floatFromArrays: .* \[TENSOR_ARRAYS\]$/);
  });

  it('set bits behind the last code', () => {
    const data = (codes.data as Uint8Array).slice();
    data[2] |= 0x80;
    expect(() => floatFromArrays(header, [{ ...codes, data }])).toThrow(/\[TENSOR_PADDING at byte 2\]$/);
  });
});
