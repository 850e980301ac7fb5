import fc from 'fast-check';
import { quantizeFloat8, quantizeMx, quantizeNvfp4, type Compressed } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { fromArrays, toArrays } from '../../../src/compressed/compressed.js';
import { compressTensor, schemeArraySpecs, type LossyScheme } from '../../../src/compressed/schemes.js';
import { FormatError } from '../../../src/core/errors.js';
import { labelOf, levelsOf } from '../../../src/model/labels.js';
import { anyTensor, MX_CASES } from '../../support/blocks.js';

const SCHEMES: readonly LossyScheme[] = [
  ...MX_CASES.map(([element, scaleMode]): LossyScheme => ({ scheme: 'mx', element, scaleMode })),
  { scheme: 'mx', element: 'float6_e2m3fn', blockSize: 5 },
  { scheme: 'nvfp4' },
  { scheme: 'nvfp4', levels: 1 },
  { scheme: 'float8' },
  { scheme: 'float8', dtype: 'float8_e5m2', granularity: { kind: 'block', blockShape: [2, 3] } },
  { scheme: 'float8', granularity: { kind: 'axis', axis: -1 } },
];

it('a tensor taken apart, its header sent through JSON, and put together again is the same; its arrays are those foretold', () => {
  fc.assert(
    fc.property(anyTensor, fc.constantFrom(...SCHEMES), (x, scheme) => {
      const c = compressTensor(x, scheme);
      const { header, arrays } = toArrays(c);
      expect(fromArrays(JSON.parse(JSON.stringify(header)), arrays)).toEqual(c);
      const specs = arrays.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
      expect(specs).toEqual(schemeArraySpecs(x.shape, scheme));
    }),
    { numRuns: 1000 },
  );
});

describe('wrong options are reported before any tensor is read', () => {
  it.each([
    [{ scheme: 'mx', element: 'float4' }, 'mxArraySpecs: "element"'],
    [{ scheme: 'nvfp4', levels: 3 }, 'nvfp4ArraySpecs: "levels"'],
    [{ scheme: 'float8', dtype: 'int8' }, 'float8ArraySpecs: "dtype"'],
  ])('%o', (scheme, message) => {
    expect(() => schemeArraySpecs([2, 3], scheme as never)).toThrow(message);
  });
});

const mx = toArrays(quantizeMx(Float32Array.of(1, 2, 3), { element: 'float6_e3m2fn' }));
const nvfp4 = toArrays(quantizeNvfp4(Float32Array.of(1, 2, 3)));
const float8 = toArrays(quantizeFloat8(Float32Array.of(1, 2, 3)));

describe('headers are refused', () => {
  it.each([
    ['an unknown field', mx, { bits: 4 }],
    ['no element', mx, { element: undefined }],
    ['another element', mx, { element: 'float16' }],
    ['an element that is inherited', mx, { element: 'constructor' }],
    ['a block of 0', mx, { blockSize: 0 }],
    ['a block of text', mx, { blockSize: '32' }],
    ['a block of half', mx, { blockSize: 1.5 }],
    ['a mode', mx, { scaleMode: 'up' }],
    ['a negative length', mx, { shape: [-3] }],
    ['a shape of text', mx, { shape: '3' }],
    ['an overflowing shape', mx, { shape: [2 ** 40, 2 ** 40] }],
    ['levels of text', nvfp4, { levels: '2' }],
    ['three levels', nvfp4, { levels: 3 }],
    ['a negative overflow', nvfp4, { overflow: -1 }],
    ['an overflow of null', nvfp4, { overflow: null }],
    ['a dtype', float8, { dtype: 'float16' }],
    ['an axis that is not there', float8, { granularity: { kind: 'axis', axis: 1 } }],
    ['no granularity', float8, { granularity: null }],
    ['a scalar with groups', float8, { shape: [], granularity: { kind: 'group', groupSize: 1 } }],
  ])('%s', (_, parts, change) => {
    const attempt = (): Compressed => fromArrays({ ...parts.header, ...change }, parts.arrays);
    expect(attempt).toThrow(FormatError);
    expect(attempt).toThrow(/^(mx|nvfp4|float8)FromArrays: .* \[TENSOR_HEADER\]$/);
  });

  it.each([mx, nvfp4, float8])('a field that is left out', ({ header, arrays }) => {
    for (const key of Object.keys(header).filter((name) => name !== 'kind')) {
      const rest = Object.fromEntries(Object.entries(header).filter(([name]) => name !== key));
      expect(() => fromArrays(rest, arrays)).toThrow(/\[TENSOR_HEADER\]$/);
    }
  });
});

describe('arrays are refused', () => {
  it.each([mx, nvfp4, float8])(
    'missing, doubled, of another name, type, shape or length',
    ({ header, arrays }) => {
      for (let i = 0; i < arrays.length; i++) {
        const others = arrays.filter((_, j) => j !== i);
        const array = arrays[i];
        for (const bad of [
          others,
          [...arrays, array],
          [...others, { ...array, name: 'other' }],
          [...others, { ...array, dtype: 'int16' as const }],
          [...others, { ...array, shape: [...array.shape, 2] }],
          [...others, { ...array, data: new Int16Array(array.data.length) }],
          [...others, { ...array, data: array.data.slice(1) }],
        ]) {
          expect(() => fromArrays(header, bad)).toThrow(/\[TENSOR_ARRAYS\]$/);
        }
      }
    },
  );

  it.each([
    ['mx', mx, 2, 0x80],
    ['nvfp4', nvfp4, 1, 0x10],
  ])('set bits behind the last code of %s', (_, { header, arrays }, byte, bit) => {
    const [codes, ...rest] = arrays;
    const data = (codes.data as Uint8Array).slice();
    data[byte] |= bit;
    expect(() => fromArrays(header, [{ ...codes, data }, ...rest])).toThrow(/\[TENSOR_PADDING at byte \d\]$/);
  });

  it.each([NaN, -1, 0, Infinity])('a tensor scale of %f', (value) => {
    const [codes, scale, last] = nvfp4.arrays;
    const data = Float32Array.of(value);
    expect(() => fromArrays(nvfp4.header, [codes, scale, { ...last, data }])).toThrow(/\[TENSOR_VALUES\]$/);
  });

  it.each([NaN, -1, Infinity])('a float8 scale of %f', (value) => {
    const [codes, scale] = float8.arrays;
    const data = Float32Array.of(value);
    expect(() => fromArrays(float8.header, [codes, { ...scale, data }])).toThrow(/\[TENSOR_VALUES\]$/);
  });
});

describe('labels and levels', () => {
  const x = { data: Float32Array.of(1, -2, 3, 6), shape: [2, 2] };
  it.each([
    [{ scheme: 'mx', element: 'float4_e2m1fn' }, 'mx float4_e2m1fn, blocks of 32, floor', 15, 6],
    [{ scheme: 'mx', element: 'int8' }, 'mx int8, blocks of 32, floor', 255, (127 / 64) * 4],
    [{ scheme: 'mx', element: 'float8_e4m3fn' }, 'mx float8_e4m3fn, blocks of 32, floor', 253, 448 * 2 ** -6],
    [{ scheme: 'nvfp4' }, 'nvfp4, two levels', 15, 6],
    [{ scheme: 'nvfp4', levels: 1 }, 'nvfp4, one level', 15, 6],
    [
      { scheme: 'float8', granularity: { kind: 'axis', axis: 0 } },
      'float8_e4m3fn, per axis 0, float32 scales',
      253,
      6,
    ],
  ] as [LossyScheme, string, number, number][])('%o', (scheme, label, count, top) => {
    const c = compressTensor(x, scheme);
    expect(labelOf(c)).toBe(label);
    const levels = levelsOf(c) ?? [];
    expect(levels.length).toBe(count);
    expect(levels[count - 1]).toBeCloseTo(top, 4);
    expect(levels[0]).toBe(-levels[count - 1]);
    expect(Array.from(levels).sort((a, b) => a - b)).toEqual(levels);
  });

  it('has no levels without blocks', () => {
    for (const scheme of SCHEMES)
      expect(levelsOf(compressTensor({ data: new Float32Array(0), shape: [0, 4] }, scheme))).toBeNull();
  });
});
