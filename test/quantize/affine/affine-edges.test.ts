import { inspect } from 'node:util';
import {
  chooseQParams,
  decompress,
  dequantizeAffine,
  errorBound,
  fakeQuantize,
  fromBytes,
  measureError,
  NumericError,
  quantizeAffine,
  quantizeWith,
  toBytes,
  type AffineOptions,
  type QParams,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { LARGEST_FLOAT32, ROUNDINGS, SCALE_DTYPES, SCHEMES } from '../../support/affine.js';

const TINY = 2 ** -149;

/** Every finite special case of a tensor: with each scheme it has codes, finite values and a bound that holds. */
const FINITE: readonly (readonly [string, number[], number[]])[] = [
  ['-0 among others', [-0, 0, 1, -1], [4]],
  ['only -0', [-0, -0], [2]],
  ['one subnormal', [TINY], [1]],
  ['subnormals', [TINY, -3 * TINY, 2 ** -130, -(2 ** -127)], [4]],
  ['a subnormal beside an ordinary number', [TINY, 1], [2]],
  ['the smallest normal number', [2 ** -126, -(2 ** -126)], [2]],
  ['nothing', [], [0]],
  ['nothing in two axes', [], [3, 0]],
  ['a scalar', [0.7], []],
  ['one element', [-3.25], [1]],
  ['all equal', new Array<number>(50).fill(0.3), [50]],
  ['all equal and negative', new Array<number>(50).fill(-7e-5), [5, 10]],
  ['all zero', new Array<number>(40).fill(0), [8, 5]],
  ['the largest float32', [LARGEST_FLOAT32, -LARGEST_FLOAT32, 1, 0], [2, 2]],
  ['the largest float32 alone', [LARGEST_FLOAT32], [1]],
  ['the most negative float32', [-LARGEST_FLOAT32, 5], [2]],
  ['a tail of one', Array.from({ length: 33 }, (_, i) => i - 16), [33]],
  ['an outlier', [...new Array<number>(40).fill(1e-6), 1e6], [41]],
  ['tiny for float16 scales', [1e-9, -1e-7, 3e-6], [3]],
  ['large for float16 scales', [1e9, -1e7, 3e6], [3]],
];

describe.each(SCHEMES)('$mapping, $bits bits', (scheme) => {
  it.each(FINITE)(
    '%s: codes, finite values, a bound that holds, for every type of scale and rounding',
    (_, list, shape) => {
      const x = { data: Float32Array.from(list), shape };
      for (const scaleDtype of SCALE_DTYPES) {
        for (const rounding of ROUNDINGS) {
          for (const granularity of [{ kind: 'tensor' }, { kind: 'group', groupSize: 32 }] as const) {
            if (shape.length === 0 && granularity.kind === 'group') continue;
            const options = { ...scheme, scaleDtype, rounding, granularity };
            const q = quantizeAffine(x, options);
            const values = dequantizeAffine(q);
            expect(values.every(Number.isFinite)).toBe(true);
            const bound = errorBound(q).maxAbs;
            const error = measureError(x, q);
            expect(error.maxAbs).toBeLessThanOrEqual(bound);
            expect(bound).toBeLessThan(Infinity);
            expect(decompress(q).shape).toEqual(shape);
            expect(fromBytes(toBytes(q))).toEqual(q);
            expect(fakeQuantize(x, options).values).toEqual(values);
            list.forEach((v, i) => {
              if (v === 0) expect(values[i]).toBe(0);
            });
          }
        }
      }
    },
  );

  it.each([
    ['NaN', [1, 2, NaN], 2],
    ['Infinity', [Infinity, NaN], 0],
    ['-Infinity', [0, -Infinity], 1],
  ])('%s: an error with the index of the first by default, a code when asked', (_, list, index) => {
    const x = Float32Array.from(list);
    for (const attempt of [
      () => quantizeAffine(x, scheme),
      () => chooseQParams(x, scheme),
      () => quantizeWith(x, chooseQParams(Float32Array.of(1), scheme)),
      () => fakeQuantize(x, scheme),
      () => fakeQuantize(x, chooseQParams(Float32Array.of(1), scheme)),
    ]) {
      expect(attempt).toThrow(NumericError);
      expect(attempt).toThrow(expect.objectContaining({ code: 'NON_FINITE', index }) as Error);
    }
    const q = quantizeWith(x, chooseQParams(Float32Array.of(-1, 1), scheme), { nonFinite: 'saturate' });
    const values = dequantizeAffine(q);
    expect(values.every(Number.isFinite)).toBe(true);
    list.forEach((v, i) => {
      if (Number.isNaN(v)) expect(values[i]).toBe(0);
    });
  });
});

describe('what once was wrong', () => {
  it('a level beyond float32: the scale is the largest that keeps all levels finite', () => {
    const x = Float32Array.of(LARGEST_FLOAT32, -LARGEST_FLOAT32);
    const q = quantizeAffine(x, { bits: 8, mapping: 'symmetricFull' });
    expect(q.scale[0]).toBe(Math.fround(LARGEST_FLOAT32 / 128));
    expect(Array.from(dequantizeAffine(q))).toEqual([Math.fround(127 * q.scale[0]), -128 * q.scale[0]]);
    const one = quantizeAffine(x, { bits: 1, mapping: 'asymmetric' });
    expect(one.scale[0]).toBe(LARGEST_FLOAT32);
  });

  it('a float16 scale that rounds to 0 under a range that is not: the least scale is taken', () => {
    const x = Float32Array.of(3e-6, -1e-6);
    const q = quantizeAffine(x, { bits: 8, scaleDtype: 'float16' });
    expect(q.scale[0]).toBe(2 ** -24);
    expect(errorBound(q).maxAbs).toBeCloseTo(2 ** -25, 12);
    // Below half of the least scale all codes would be 0 anyway: a scale of 0 says how small everything is.
    const tiny = quantizeAffine(Float32Array.of(1e-8), { bits: 8, scaleDtype: 'float16' });
    expect(tiny.scale[0]).toBe(0);
    expect(errorBound(tiny).maxAbs).toBeCloseTo(1e-8, 15);
  });

  it('the same in groups of 32 with 4 bits, beside groups of zeros', () => {
    const data = Float32Array.from({ length: 96 }, (_, i) => (i < 32 ? 0 : i < 64 ? 1e-7 : 1));
    const q = quantizeAffine(data, {
      bits: 4,
      granularity: { kind: 'group', groupSize: 32 },
      scaleDtype: 'float16',
    });
    expect(Array.from(q.scale)).toEqual([
      0,
      2 ** -24,
      new Float32Array(quantizeAffine(Float32Array.of(1), { bits: 4, scaleDtype: 'float16' }).scale)[0],
    ]);
    expect(dequantizeAffine(q)[40]).toBe(2 ** -23);
  });

  it('16-bit codes with a scale of few bits: the scale is rounded up where rounding down would clip', () => {
    const x = Float32Array.of(1.0001 * 32767, 3);
    const q = quantizeAffine(x, { bits: 16, scaleDtype: 'bfloat16' });
    expect(q.scale[0]).toBe(1.0078125);
    expect(q.overflow).toBe(0);
  });

  it('the gradient mask of unsigned 16-bit codes', () => {
    const x = Float32Array.of(0, 20000, 40000, 65535, 65536, -1);
    const qparams = chooseQParams(Float32Array.of(0, 65535), { bits: 16, mapping: 'asymmetric' });
    expect(Array.from(fakeQuantize(x, qparams).gradMask)).toEqual([1, 1, 1, 1, 0, 0]);
    const signed = chooseQParams(Float32Array.of(32767.5), { bits: 16, mapping: 'symmetricFull' });
    expect(Array.from(fakeQuantize(Float32Array.of(-32768, -32770, 32767, 32769), signed).gradMask)).toEqual([
      1, 0, 1, 0,
    ]);
  });

  it('the gradient mask of NaN is 0, as in torch', () => {
    const { gradMask } = fakeQuantize(Float32Array.of(NaN, Infinity, 0.5), {
      bits: 8,
      nonFinite: 'saturate',
    });
    expect(Array.from(gradMask)).toEqual([0, 0, 1]);
  });

  it('float64 input at a threshold: the bound includes its rounding to float32', () => {
    const qparams = chooseQParams(Float32Array.of(127), { bits: 8 });
    const x = Float64Array.of(126.5 + 2 ** -20);
    const q = quantizeWith(x, qparams);
    expect(Math.abs(dequantizeAffine(q)[0] - x[0])).toBeGreaterThan(0.5);
    expect(Math.abs(dequantizeAffine(q)[0] - x[0])).toBeLessThanOrEqual(errorBound(q).maxAbs);
  });

  it('scales that their stated type does not have are refused, since storing would change them', () => {
    const qparams = chooseQParams(Float32Array.of(1), { bits: 8, scaleDtype: 'float16' });
    for (const [scaleDtype, scale] of [
      ['float16', 0.1],
      ['float16', 2 ** -25],
      ['float16', 65536],
      ['bfloat16', 1.001],
    ] as const) {
      expect(() =>
        quantizeWith(Float32Array.of(1), { ...qparams, scaleDtype, scale: Float32Array.of(scale) }),
      ).toThrow(`quantizeWith: "scale[0]" expected a ${scaleDtype} value`);
    }
    expect(quantizeWith(Float32Array.of(1), { ...qparams, scale: Float32Array.of(2 ** -24) }).codes[0]).toBe(
      127,
    );
  });
});

it('float64 scales restore by one product in float64, along any axis', () => {
  const x = { data: Float32Array.of(1, 2, 3, -4, 5, -6), shape: [3, 2] };
  const base = chooseQParams(x, { bits: 8, mapping: 'asymmetric', granularity: { kind: 'axis', axis: 1 } });
  const scale = Float64Array.of(0.1, 1 / 3);
  const qparams = { ...base, scaleDtype: 'float64', scale, zeroPoint: Int32Array.of(0, 30) } as const;
  const q = quantizeWith(x, qparams);
  expect(Array.from(q.codes)).toEqual([10, 36, 30, 18, 50, 12]);
  const values = Array.from(q.codes, (code, i) => Math.fround(scale[i % 2] * (code - [0, 30][i % 2])));
  expect(Array.from(dequantizeAffine(q))).toEqual(values);
  const plain = quantizeWith(x, { ...qparams, zeroPoint: null });
  expect(Array.from(dequantizeAffine(plain))).toEqual(
    Array.from(plain.codes, (code, i) => Math.fround(scale[i % 2] * code)),
  );
  expect(fakeQuantize(x, qparams).values).toEqual(dequantizeAffine(q));
});

describe('tails', () => {
  const x = { data: Float32Array.from({ length: 14 }, (_, i) => i + 1), shape: [2, 7] };

  it('have a scale of their own and no padding codes', () => {
    const q = quantizeAffine(x, { bits: 8, granularity: { kind: 'group', groupSize: 4 } });
    expect(Array.from(q.scale)).toEqual([4, 7, 11, 14].map((v) => Math.fround(v / 127)));
    expect(q.codes.length).toBe(14);
  });

  it("are refused with tail: 'throw'", () => {
    const attempt = (granularity: AffineOptions['granularity']) => (): unknown =>
      quantizeAffine(x, { bits: 8, tail: 'throw', ...(granularity && { granularity }) });
    expect(attempt({ kind: 'group', groupSize: 4 })).toThrow(
      `quantizeAffine: "x.shape[1]" expected a multiple of 4, got 7 - choose a divisor, or tail: 'short'`,
    );
    expect(attempt({ kind: 'block', blockShape: [3, 7] })).toThrow('"x.shape[0]" expected a multiple of 3');
    expect(attempt({ kind: 'group', groupSize: 7 })).not.toThrow();
    expect(attempt({ kind: 'block', blockShape: [2, 7] })).not.toThrow();
    expect(attempt(undefined)).not.toThrow();
  });
});

describe('wrong arguments', () => {
  const x = Float32Array.of(1, 2, 3);
  const options = (more: object): AffineOptions => ({ bits: 8, ...more }) as AffineOptions;

  it.each([
    ['no options', undefined, '"bits" expected a whole number from 1 to 16, got undefined'],
    ['options that are text', '8', '"options" expected a plain object'],
    ['9 bits', options({ bits: 9 }), '"bits" expected 1 to 8, or 16, got 9'],
    ['0 bits', options({ bits: 0 }), '"bits" expected a whole number from 1 to 16, got 0'],
    ['1 bit symmetric', options({ bits: 1 }), `"mapping" expected 'asymmetric' or 'symmetricFull' for 1 bit`],
    ['a misspelled mapping', options({ mapping: 'asymetric' }), `did you mean 'asymmetric'?`],
    ['an unknown option', options({ group: 4 }), 'got "group"'],
    ['an unknown method', options({ scaleMethod: 'max' }), '"scaleMethod" expected one of'],
    ['a percentile for absmax', options({ percentile: 99 }), `"percentile" expected no value unless`],
    [
      'a percentile of 50',
      options({ scaleMethod: 'percentile', percentile: 50 }),
      'a number above 50, at most 100',
    ],
    [
      'a percentile of text',
      options({ scaleMethod: 'percentile', percentile: '9' }),
      'a number above 50, at most 100',
    ],
    ['an infinite range', options({ rangeMax: Infinity }), '"rangeMax" expected a finite float32'],
    ['a range of text', options({ rangeMin: '0' }), '"rangeMin" expected a finite number'],
    [
      'a range upside down',
      options({ rangeMin: 2, rangeMax: 1 }),
      '"rangeMin" expected at most rangeMax (1), got 2',
    ],
    ['a range and a search', options({ rangeMax: 1, scaleMethod: 'mse' }), `'absmax' or 'minmax' beside`],
    ['a float64 scale', options({ scaleDtype: 'float64' }), '"scaleDtype" expected one of'],
    ['a negative seed', options({ seed: -1 }), '"seed" expected'],
    ['an unknown tail', options({ tail: 'pad' }), '"tail" expected one of'],
    ['an unknown policy', options({ nonFinite: 'skip' }), '"nonFinite" expected one of'],
    [
      'an unknown granularity',
      options({ granularity: { kind: 'row' } }),
      '"granularity.kind" expected one of',
    ],
    ['a granularity of text', options({ granularity: 'tensor' }), '"granularity" expected a plain object'],
    [
      'an axis for tensor',
      options({ granularity: { kind: 'tensor', axis: 0 } }),
      `no such key for kind 'tensor'`,
    ],
    [
      'an axis beyond the rank',
      options({ granularity: { kind: 'axis', axis: 1 } }),
      '"axis" expected a whole number from -1 to 0',
    ],
    [
      'groups of 0',
      options({ granularity: { kind: 'group', groupSize: 0 } }),
      '"granularity.groupSize" expected',
    ],
    [
      'blocks of a line',
      options({ granularity: { kind: 'block', blockShape: [1, 1] } }),
      'at least two axes for blocks',
    ],
  ])('%s', (_, bad, message) => {
    for (const fn of [quantizeAffine, chooseQParams, fakeQuantize])
      expect(() => fn(x, bad as AffineOptions)).toThrow(message);
    expect(() => quantizeAffine(x, bad as AffineOptions)).toThrow(/^quantizeAffine: /);
    expect(() => fakeQuantize(x, bad as AffineOptions)).toThrow(/^fakeQuantize: /);
  });

  it.each([
    [
      'blocks of one side',
      { kind: 'block', blockShape: [2] },
      '"granularity.blockShape" expected [rows, columns]',
    ],
    ['blocks of 0', { kind: 'block', blockShape: [0, 2] }, '"granularity.blockShape" expected'],
  ])('%s', (_, granularity, message) => {
    const matrix = { data: new Float32Array(4), shape: [2, 2] };
    expect(() => quantizeAffine(matrix, options({ granularity }))).toThrow(message);
  });

  it('a scalar has no axes', () => {
    const scalar = { data: Float32Array.of(1), shape: [] };
    expect(() => quantizeAffine(scalar, options({ granularity: { kind: 'token' } }))).toThrow(
      'a scalar has no axes',
    );
  });

  it('a float64 number beyond float32 is named as it was given', () => {
    expect(() => quantizeAffine(Float64Array.of(1, 1e39), { bits: 8 })).toThrow(
      `quantizeAffine: "x" expected finite float32 values, got 1e+39 at index 1`,
    );
  });

  const good = chooseQParams(x, { bits: 8, mapping: 'asymmetric' });
  it.each([
    ['null', null, '"qparams" expected a record'],
    ['too few scales', { scale: new Float32Array(0) }, '"scale" expected 1 scales, one per region, got 0'],
    ['scales of another type', { scale: Float64Array.of(1) }, '"scale" expected a Float32Array'],
    ['float32 scales called float64', { scaleDtype: 'float64' }, '"scale" expected a Float64Array'],
    ['a negative scale', { scale: Float32Array.of(-1) }, '"scale[0]" expected a finite number >= 0, got -1'],
    ['a scale of NaN', { scale: Float32Array.of(NaN) }, '"scale[0]" expected a finite number >= 0, got NaN'],
    ['plain zero points', { zeroPoint: [0] }, '"zeroPoint" expected an Int32Array or null'],
    ['too many zero points', { zeroPoint: Int32Array.of(0, 0) }, '"zeroPoint" expected 1 zero points'],
    [
      'a far zero point',
      { zeroPoint: Int32Array.of(2 ** 21) },
      '"zeroPoint[0]" expected a whole number within 2^20 of 0',
    ],
    ['a codeMax beyond the bits', { codeMax: 256 }, '"codeMax" expected a whole number from 0 to 255'],
    ['a codeMin beyond the bits', { codeMin: -200, codeMax: 0 }, '"codeMin" expected at least -128'],
    ['one code', { codeMax: 0 }, '"codeMax" expected more than codeMin'],
    ['an unknown rounding', { rounding: 'up' }, '"rounding" expected one of'],
    ['an unknown arithmetic', { arithmetic: 'fma' }, '"arithmetic" expected one of'],
    ['no seed', { seed: undefined }, '"seed" expected'],
  ])('quantizeWith refuses %s', (_, change, message) => {
    const bad = (change === null ? null : { ...good, ...change }) as QParams;
    expect(() => quantizeWith(x, bad)).toThrow(message);
    expect(() => quantizeWith(x, bad)).toThrow(/^quantizeWith: /);
  });

  const q = quantizeAffine(x, { bits: 4 });
  it.each([
    ['null', null, '"q" expected an AffineTensor'],
    ['another kind', { kind: 'float' }, '"q" expected an AffineTensor'],
    ['another array', { codes: new Int16Array(2) }, '"q.codes" expected a Uint8Array'],
    ['too few codes', { codes: new Uint8Array(1) }, '"q.codes" expected 2 entries, got 1'],
    ['a negative overflow', { overflow: -1 }, '"q.overflow" expected a number >= 0'],
    ['an overflow of NaN', { overflow: NaN }, '"q.overflow" expected a number >= 0'],
    ['a shape of text', { shape: '3' }, '"q.shape" expected an array of axis lengths'],
  ])('dequantizeAffine refuses %s', (_, change, message) => {
    const bad = (change === null ? null : { ...q, ...change }) as typeof q;
    expect(() => dequantizeAffine(bad)).toThrow(message);
    expect(() => dequantizeAffine(bad)).toThrow(/^dequantizeAffine: /);
  });

  it('out must be a Float32Array of the size', () => {
    expect(() => dequantizeAffine(q, { out: new Float32Array(2) })).toThrow(
      'dequantizeAffine: "out" expected 3 elements, got 2',
    );
    expect(() => dequantizeAffine(q, { out: new Float64Array(3) as never })).toThrow(
      '"out" expected a Float32Array',
    );
    expect(() => dequantizeAffine(q, { into: 1 } as never)).toThrow('got "into"');
  });
});

it('is a plain record that can be cloned and prints well', () => {
  const q = quantizeAffine(
    { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] },
    { bits: 4, granularity: { kind: 'axis', axis: -1 } },
  );
  expect(structuredClone(q)).toEqual({ ...q });
  expect(inspect(q)).toMatch(
    /^AffineTensor 4-bit symmetric per axis \[2, 2\], 2 bytes of codes, 2 float32 scales: 0\.428\d+, 0\.571\d+$/,
  );
});
