import fc from 'fast-check';
import { fromBytes, quantizeCodebook, toBytes, type CodebookTensor } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { schemeArraySpecs } from '../../../src/compressed/schemes.js';
import { FormatError } from '../../../src/core/errors.js';
import { elementCount } from '../../../src/core/shape.js';
import { labelOf, levelsOf } from '../../../src/model/labels.js';
import { codebookFromArrays, codebookToArrays } from '../../../src/quantize/codebook/codebook-arrays.js';
import { anyCodebookOptions } from '../../support/codebook.js';

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 });
const valuesOf = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: elementCount(shape, 'test') }, (_, i) => Math.fround(((i * 37) % 11) - 5.3));

describe('a CodebookTensor', () => {
  it('taken apart, its header sent through JSON, and put together again is the same; so are its bytes', () => {
    fc.assert(
      fc.property(shapes, anyCodebookOptions, (shape, options) => {
        const c = quantizeCodebook({ data: valuesOf(shape), shape }, options);
        const { header, arrays } = codebookToArrays(c);
        expect(codebookFromArrays(JSON.parse(JSON.stringify(header)), arrays)).toEqual(c);
        expect(fromBytes(toBytes(c))).toEqual(c);
      }),
      { numRuns: 1000 },
    );
  });

  it('has the arrays that are known before it is made', () => {
    fc.assert(
      fc.property(shapes, anyCodebookOptions, (shape, options) => {
        const c = quantizeCodebook({ data: valuesOf(shape), shape }, options);
        const specs = codebookToArrays(c).arrays.map(({ name, dtype, shape: axes }) => ({
          name,
          dtype,
          shape: axes,
        }));
        expect(schemeArraySpecs(shape, { scheme: 'codebook', ...options })).toEqual(specs);
      }),
      { numRuns: 500 },
    );
  });

  it('has a label and levels for reports', () => {
    const x = Float32Array.of(-4, 0, 2, 1);
    const nf4 = quantizeCodebook(x, { codebook: 'nf4', blockSize: 2 });
    expect(labelOf(nf4)).toBe('nf4, blocks of 2, float32 absmax');
    expect(levelsOf(nf4)?.[0]).toBe(-4);
    expect(levelsOf(nf4)?.length).toBe(16);
    const levels = quantizeCodebook(x, { codebook: [-1, 0, 3] });
    expect(labelOf(levels)).toBe('codebook of 3 levels');
    expect(levelsOf(levels)).toEqual([-1, 0, 3]);
    const fitted = quantizeCodebook(x, { codebook: { kmeans: 4 }, blockSize: 4, doubleQuant: true });
    expect(labelOf(fitted)).toBe('k-means of 4 levels, blocks of 4, nested absmax');
  });
});

describe('codebookFromArrays refuses', () => {
  const { header, arrays } = codebookToArrays(
    quantizeCodebook(Float32Array.of(1, 2, 3), { codebook: 'nf4', blockSize: 2, doubleQuant: true }),
  );
  const [codes, map, absmax, nestedAbsmax, nestedMap] = arrays;
  const fitted = codebookToArrays(quantizeCodebook(Float32Array.of(1, 2, 3), { codebook: { kmeans: 3 } }));

  it.each<[string, unknown]>([
    ['no header', null],
    ['an array', [header]],
    ['another kind', { ...header, kind: 'affine' }],
    ['an unknown name', { ...header, name: 'nf5' }],
    ['an inherited name', { ...header, name: 'constructor' }],
    ['one level', { ...header, levels: 1 }],
    ['257 levels', { ...header, levels: 257 }],
    ['a block of nothing', { ...header, blockSize: 0 }],
    ['an offset without blocks', { ...header, blockSize: null }],
    ['an offset of text', { ...header, offset: '1' }],
    ['a negative overflow', { ...header, overflow: -1 }],
    ['a fit of k-means without k-means', { ...header, fit: fitted.header.fit }],
    ['an unknown field', { ...header, bits: 4 }],
    ['a missing field', { ...header, fit: undefined, overflow: undefined, shape: undefined }],
    ['a prototype field', JSON.parse('{"__proto__": 1}')],
    ['an overflowing shape', { ...header, shape: [2 ** 40, 2 ** 40] }],
  ])('%s', (_, bad) => {
    expect(() => codebookFromArrays(bad, arrays)).toThrow(/^codebookFromArrays: .* \[TENSOR_HEADER\]$/);
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['no inertia', { iterations: 1, startInertia: 1 }],
    ['a negative inertia', { iterations: 1, inertia: -1, startInertia: 1 }],
    ['an inertia of text', { iterations: 1, inertia: '1', startInertia: 1 }],
    ['another field', { iterations: 1, inertia: 1, startInertia: 1, seed: 0 }],
    ['an array', [1, 1, 1]],
  ])('a fit of %s', (_, fit) => {
    expect(() => codebookFromArrays({ ...fitted.header, fit }, fitted.arrays)).toThrow(/\[TENSOR_HEADER\]$/);
  });

  it.each([
    ['no arrays', []],
    ['no map', [codes, absmax, nestedAbsmax, nestedMap]],
    ['one array twice', [codes, codes, map, absmax, nestedAbsmax]],
    [
      'float32 absmax',
      [
        codes,
        map,
        { ...absmax, dtype: 'float32' as const, data: new Float32Array(2) },
        nestedAbsmax,
        nestedMap,
      ],
    ],
    [
      'a short map',
      [codes, { ...map, shape: [15], data: new Float32Array(15) }, absmax, nestedAbsmax, nestedMap],
    ],
  ])('%s', (_, bad) => {
    expect(() => codebookFromArrays(header, bad)).toThrow(/^codebookFromArrays: .* \[TENSOR_ARRAYS\]$/);
  });

  it.each([
    ['other levels', [codes, { ...map, data: new Float32Array(16) }, absmax, nestedAbsmax, nestedMap]],
    [
      'a falling nested map',
      [
        codes,
        map,
        absmax,
        nestedAbsmax,
        { ...nestedMap, data: (nestedMap.data as Float32Array).map((v) => -v) },
      ],
    ],
    [
      'a negative nested absmax',
      [codes, map, absmax, { ...nestedAbsmax, data: Float32Array.of(-1) }, nestedMap],
    ],
  ])('%s', (_, bad) => {
    expect(() => codebookFromArrays(header, bad)).toThrow(/^codebookFromArrays: .* \[TENSOR_VALUES\]$/);
  });

  it('codes that have no level, and anything else behind the last code', () => {
    const withCodes = (parts: typeof fitted, data: Uint8Array): (() => CodebookTensor) => {
      const [first, ...rest] = parts.arrays;
      return () =>
        codebookFromArrays(parts.header, [{ ...first, data: data as Uint8Array<ArrayBuffer> }, ...rest]);
    };
    expect(withCodes(fitted, Uint8Array.of(0b110000))).toThrow(
      '"codes[2]" expected a code below 3, got 3 [TENSOR_VALUES]',
    );
    expect(withCodes(fitted, Uint8Array.of(0b1000000))).toThrow('[TENSOR_PADDING at byte 0]');
    const four = { header, arrays } as typeof fitted;
    expect(withCodes(four, Uint8Array.of(0xff, 0xf8))).toThrow(
      '"codes" expected 7, the code of 0, behind the last code, got 8 [TENSOR_PADDING at byte 1]',
    );
    expect(withCodes(four, Uint8Array.of(0xff, 0xf7))().shape).toEqual([3]);
  });

  it('every change of one byte of a serialized tensor', () => {
    const bytes = toBytes(quantizeCodebook(Float32Array.of(1, -2, 3), { codebook: [0, 1], blockSize: 2 }));
    for (let i = 0; i < bytes.length; i++) {
      for (const flip of [1, 0x80, 0xff]) {
        bytes[i] ^= flip;
        expect(() => fromBytes(bytes)).toThrow(FormatError);
        bytes[i] ^= flip;
      }
    }
  });
});
