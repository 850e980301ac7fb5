import {
  decodeTfjsWeight,
  dequantizeTfjs,
  encodeTfjsWeight,
  quantizeTfjs,
  type TfjsTensor,
} from 'tensorslim/tfjs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { byteSize, errorBound, fromArrays, toArrays } from '../../../src/compressed/compressed.js';
import { compressTensor, schemeArraySpecs } from '../../../src/compressed/schemes.js';
import { tfjsFromArrays } from '../../../src/formats/tfjs/tensor-arrays.js';
import { FormatError, NumericError } from '../../../src/core/errors.js';
import { detachedArray, foreignArray, NOT_TENSORS } from '../../support/wrong-types.js';

const LARGEST = 3.4028234663852886e38;
const valid = (): ReturnType<typeof quantizeTfjs> =>
  quantizeTfjs(Float32Array.of(-1, 0, 1, 0.25), { dtype: 'uint8' });

describe('quantizeTfjs', () => {
  it.each(NOT_TENSORS)('names x when it is %s', (_, x) => {
    expect(() => quantizeTfjs(x as never, { dtype: 'uint8' })).toThrow(/^quantizeTfjs: "x/);
  });

  it('names wrong options', () => {
    const x = Float32Array.of(1);
    expect(() => quantizeTfjs(x, {} as never)).toThrow(/"dtype" expected one of 'uint8', 'uint16'/);
    expect(() => quantizeTfjs(x, { dtype: 'float16' as never })).toThrow(/^quantizeTfjs: "dtype"/);
    expect(() => quantizeTfjs(x, { dtype: 'uint8', bits: 8 } as never)).toThrow(
      /"options" expected known keys/,
    );
  });

  it.each([NaN, Infinity, -Infinity])('names the place of %s', (bad) => {
    expect(() => quantizeTfjs(Float32Array.of(0, 1, bad, NaN), { dtype: 'uint8' })).toThrow(
      expect.objectContaining({ name: 'NumericError', code: 'NON_FINITE', index: 2 }),
    );
  });

  it('refuses a range whose outermost codes tfjs would decode to infinity', () => {
    for (const dtype of ['uint8', 'uint16'] as const) {
      expect(() => quantizeTfjs(Float32Array.of(-LARGEST, LARGEST), { dtype })).toThrow(
        expect.objectContaining({ name: 'NumericError', code: 'OVERFLOW' }),
      );
    }
    // Without the nudge, the outermost codes are the extremes themselves.
    const q = quantizeTfjs(Float32Array.of(1, LARGEST), { dtype: 'uint8' });
    expect(dequantizeTfjs(q)).toEqual(Float32Array.of(1, LARGEST));
  });

  it('takes arrays of other realms', () => {
    expect(quantizeTfjs(foreignArray([0, 1]), { dtype: 'uint8' }).codes).toEqual(Uint8Array.of(0, 255));
  });

  it('prints well, with a picture of its codes and what is proved', () => {
    expect(inspect(valid())).toBe('TfjsTensor uint8 [4], 4 bytes: 0, 128, 255, 160');
    expect(valid().toSVG()).toMatch(/^<svg [^]*uint8 codes of \[4\][^]*<\/svg>/);
    expect(valid().toHTML()).toMatch(/TfjsTensor uint8 \[4\][^]*8\.000[^]*0\.0039/);
    const empty = quantizeTfjs(new Float32Array(0), { dtype: 'uint16' });
    expect(empty.toHTML()).toMatch(/none[^]*<svg/);
    expect({ ...valid() }).not.toHaveProperty('toSVG');
  });
});

describe('dequantizeTfjs', () => {
  it.each<[string, unknown, RegExp]>([
    ['null', null, /"q" expected a TfjsTensor/],
    ['another kind', { ...valid(), kind: 'affine' }, /"q" expected a TfjsTensor/],
    ['another dtype', { ...valid(), dtype: 'int8' }, /"q.dtype" expected one of/],
    ['the wrong array', { ...valid(), dtype: 'uint16' }, /"q.codes" expected a Uint16Array/],
    ['too few codes', { ...valid(), shape: [5] }, /"q.codes" expected 5 elements, got 4/],
    ['a shape that is none', { ...valid(), shape: [-4] }, /"q.shape" expected/],
    ['a scale of 0', { ...valid(), scale: 0 }, /"q.scale" expected a finite number above 0/],
    ['a scale of NaN', { ...valid(), scale: NaN }, /"q.scale" expected/],
    ['an infinite min', { ...valid(), min: Infinity }, /"q.min" expected/],
    ['a min of -0', { ...valid(), min: -0 }, /"q.min" expected a finite number, 0 without a sign/],
    ['codes beyond float32', { ...valid(), scale: 1e38 }, /"q.scale" expected a scale and a min whose codes/],
    ['a min beyond float32', { ...valid(), min: -1e39 }, /"q.scale" expected a scale and a min whose codes/],
  ])('names the part that is wrong: %s', (_, q, message) => {
    expect(() => dequantizeTfjs(q as TfjsTensor)).toThrow(message);
  });

  it('names a wrong out', () => {
    const out = (value: unknown) => (): unknown => dequantizeTfjs(valid(), { out: value as never });
    expect(out(new Float64Array(4))).toThrow(/"out" expected a Float32Array/);
    expect(out(new Float32Array(3))).toThrow(/"out" expected 4 elements, got 3/);
    expect(out(detachedArray())).toThrow(/"out" expected an array with its memory/);
  });
});

describe('encodeTfjsWeight and decodeTfjsWeight', () => {
  it('name wrong arguments', () => {
    expect(() => encodeTfjsWeight([1] as never, 'uint8')).toThrow(
      /^encodeTfjsWeight: "x" expected a Float32Array/,
    );
    expect(() => encodeTfjsWeight(detachedArray(), 'uint8')).toThrow(/expected an array with its memory/);
    expect(() => encodeTfjsWeight(Float32Array.of(1), 'int8' as never)).toThrow(/"dtype" expected one of/);
    expect(() => encodeTfjsWeight(Float32Array.of(1, NaN), 'float16')).toThrow(NumericError);
    const decode =
      (codes: unknown, quantization: unknown, dtype = 'float32') =>
      (): unknown =>
        decodeTfjsWeight(codes as never, quantization as never, dtype as never);
    const bytes = Uint8Array.of(1);
    const affine = { dtype: 'uint8', scale: 1, min: 0 };
    expect(decode(bytes, affine, 'bool')).toThrow(/"dtype" expected one of/);
    expect(decode(bytes, null)).toThrow(/"quantization" expected an object/);
    expect(decode(bytes, { dtype: 'int8' })).toThrow(/"quantization.dtype" expected one of/);
    expect(decode(bytes, { dtype: 'float16' })).toThrow(/"codes" expected a Uint16Array for float16/);
    expect(decode(Uint16Array.of(1), { dtype: 'float16' }, 'int32')).toThrow(
      /"dtype" expected 'float32' for float16/,
    );
    expect(decode(bytes, { ...affine, scale: '1' })).toThrow(/"quantization.scale" expected a finite number/);
    expect(decode(bytes, { ...affine, min: NaN })).toThrow(/"quantization.min" expected a finite number/);
  });

  it('refuse what float16 would make infinite, with its place', () => {
    const x = Float32Array.of(1, 65519, -65520, 1e6);
    expect(() => encodeTfjsWeight(x, 'float16')).toThrow(
      expect.objectContaining({ code: 'OVERFLOW', index: 2 }),
    );
    expect(encodeTfjsWeight(x.subarray(0, 2), 'float16').data).toEqual(Uint16Array.of(0x3c00, 0x7bff));
  });
});

describe('a TfjsTensor as a compressed tensor', () => {
  it('has the arrays that its scheme foretells, and their size', () => {
    for (const dtype of ['uint8', 'uint16'] as const) {
      const scheme = { scheme: 'tfjs', dtype } as const;
      const c = compressTensor({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] }, scheme);
      const { header, arrays } = toArrays(c);
      expect(arrays.map(({ name, dtype: type, shape }) => ({ name, dtype: type, shape }))).toEqual(
        schemeArraySpecs([2, 3], scheme),
      );
      expect(header).toEqual({
        kind: 'tfjs',
        dtype,
        scale: 5 / (dtype === 'uint8' ? 255 : 65535),
        min: 1,
        shape: [2, 3],
      });
      expect(byteSize(c)).toBe(dtype === 'uint8' ? 6 : 12);
      expect(errorBound(c).maxAbs).toBeLessThan(0.01);
    }
    expect(() => schemeArraySpecs([2], { scheme: 'tfjs', dtype: 'int8' as never })).toThrow(
      /"dtype" expected/,
    );
  });

  it('is not made of a header of another kind', () => {
    for (const header of [null, [], { kind: 'affine' }, {}]) {
      expect(() => tfjsFromArrays(header, [])).toThrow(expect.objectContaining({ code: 'TENSOR_HEADER' }));
    }
  });

  const parts = toArrays(valid());
  const [codes] = parts.arrays;
  it.each<[string, string, unknown, unknown]>([
    ['a field too many', 'TENSOR_HEADER', { ...parts.header, zeroPoint: 0 }, parts.arrays],
    ['no dtype', 'TENSOR_HEADER', { ...parts.header, dtype: undefined }, parts.arrays],
    ['another dtype', 'TENSOR_HEADER', { ...parts.header, dtype: 'float16' }, parts.arrays],
    ['a scale that is text', 'TENSOR_HEADER', { ...parts.header, scale: '1' }, parts.arrays],
    ['no min', 'TENSOR_HEADER', { ...parts.header, min: undefined }, parts.arrays],
    ['a shape that is none', 'TENSOR_HEADER', { ...parts.header, shape: [1.5] }, parts.arrays],
    ['a negative scale', 'TENSOR_VALUES', { ...parts.header, scale: -1 }, parts.arrays],
    ['an overflowing scale', 'TENSOR_VALUES', { ...parts.header, scale: 1e300 }, parts.arrays],
    ['no arrays', 'TENSOR_ARRAYS', parts.header, []],
    ['an array of another name', 'TENSOR_ARRAYS', parts.header, [{ ...codes, name: 'scale' }]],
    ['an array too many', 'TENSOR_ARRAYS', parts.header, [codes, codes]],
    ['an array of another dtype', 'TENSOR_ARRAYS', parts.header, [{ ...codes, dtype: 'int8' }]],
    ['an array of another shape', 'TENSOR_ARRAYS', parts.header, [{ ...codes, shape: [2, 2] }]],
    ['an array of another kind', 'TENSOR_ARRAYS', parts.header, [{ ...codes, data: new Int8Array(4) }]],
    ['an array of another length', 'TENSOR_ARRAYS', parts.header, [{ ...codes, data: new Uint8Array(3) }]],
  ])('is not made of %s: %s', (_, code, header, arrays) => {
    const make = (): unknown => fromArrays(header, arrays as never);
    expect(make).toThrow(FormatError);
    expect(make).toThrow(expect.objectContaining({ code }));
  });
});
