import { inspect } from 'node:util';
import fc from 'fast-check';
import {
  createRandom,
  decompress,
  dequantizeCodebook,
  errorBound,
  fromBytes,
  measureError,
  quantizeCodebook,
  setBackend,
  toBytes,
  type CodebookName,
  type CodebookTensor,
  type QuantizeCodebookOptions,
} from 'tensorslim';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dynamic8, namedCodebook } from '../../../src/quantize/codebook/codebook-tables.js';
import { anyCodebookOptions, anyLevels, NAMES } from '../../support/codebook.js';
import { detachedArray, NOT_TENSORS } from '../../support/wrong-types.js';

const LARGEST = 3.4028234663852886e38;
const TINY = 2 ** -149;
const codesOf = (c: CodebookTensor): number[] =>
  c.bits === 8 ? Array.from(c.codes) : Array.from(c.codes, (byte) => [byte >> 4, byte & 15]).flat();

describe('mean |error| on 4 M standard normal numbers', () => {
  let x: Float32Array;
  beforeAll(() => {
    const random = createRandom(2024);
    x = Float32Array.from({ length: 2 ** 22 }, () => random.normal());
  });

  // bitsandbytes' tests/test_functional.py: means of 200 runs on 1 M numbers, whose standard deviation there is 0.00036 for blocks of 4096.
  it.each<[CodebookName, number, number, number]>([
    ['nf4', 32, 0.067746, 0.0003],
    ['nf4', 64, 0.072798, 0.0003],
    ['nf4', 128, 0.076831, 0.0003],
    ['nf4', 4096, 0.092547, 0.0006],
    ['fp4', 32, 0.088925, 0.0003],
    ['fp4', 64, 0.096543, 0.0003],
  ])('is that of bitsandbytes: %s, blocks of %d', (codebook, blockSize, mean, tolerance) => {
    const values = dequantizeCodebook(quantizeCodebook(x, { codebook, blockSize }));
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += Math.abs(x[i] - values[i]);
    expect(Math.abs(sum / x.length - mean)).toBeLessThan(tolerance);
  });

  it('grows by less than 0.001 where absmax is nested', () => {
    const error = (doubleQuant: boolean): number =>
      measureError(x, quantizeCodebook(x, { codebook: 'nf4', doubleQuant })).mse;
    expect(Math.sqrt(error(true)) - Math.sqrt(error(false))).toBeLessThan(0.001);
  });
});

describe('the tables', () => {
  it('of 4 bits have the values of bitsandbytes in the order of its codes', () => {
    expect(Array.from(namedCodebook('nf4').levels).slice(6, 9)).toEqual([
      -0.09105003625154495, 0, 0.07958029955625534,
    ]);
    const fp4 = [0, 0.0625, 8, 12, 4, 6, 2, 3, -0, -0.0625, -8, -12, -4, -6, -2, -3].map((n) =>
      Math.fround(n / 12),
    );
    expect(Array.from(namedCodebook('fp4').levels)).toEqual(fp4);
    expect(Array.from(namedCodebook('af4').levels).slice(0, 2)).toEqual([1, Math.fround(0.72424863)]);
  });

  it('of 8 bits ascend from -0.9929688 to 1, lack -1, and their smallest step from 0 is 5.5e-7', () => {
    const { levels } = namedCodebook('dynamic8');
    expect(levels.length).toBe(256);
    expect(levels[0]).toBeCloseTo(-0.9929688, 6);
    expect(levels[255]).toBe(1);
    expect(levels[127]).toBe(0);
    expect(levels[128]).toBeCloseTo(5.5e-7, 12);
    for (let i = 1; i < 256; i++) expect(levels[i]).toBeGreaterThan(levels[i - 1]);
    for (let i = 1; i < 128; i++) expect(levels[127 + i]).toBe(-levels[127 - i]);
  });

  it('of 8 bits decide as the search of the CUDA kernel does, on midpoints and anywhere', () => {
    const { levels, thresholds } = namedCodebook('dynamic8');
    const search = (q: number): number => {
      let pivot = 127;
      let below = 0;
      let above = 255;
      for (let step = 64; step >= 1; step /= 2) {
        if (q > levels[pivot]) {
          below = pivot;
          pivot += step;
        } else {
          above = pivot;
          pivot -= step;
        }
      }
      const half = (other: number): number => Math.fround(Math.fround(levels[other] + levels[pivot]) * 0.5);
      if (q > levels[pivot]) return q > half(above) ? above : pivot;
      return q < half(below) ? below : pivot;
    };
    const near = Array.from(thresholds, (t) => [
      t,
      t + 2 ** -24 * t,
      t - 2 ** -24 * t,
      t + 2 ** -23 * t,
    ]).flat();
    const x = Float32Array.from([...near, ...levels, 1]);
    const c = quantizeCodebook(x, { codebook: 'dynamic8' });
    expect(Array.from(c.codes)).toEqual(Array.from(x, search));
  });

  it.each(NAMES)('%s is nearest but for rounding', (name) => {
    const { levels, thresholds, order } = namedCodebook(name);
    for (let i = 0; i < thresholds.length; i++) {
      const middle = (levels[order[i]] + levels[order[i + 1]]) / 2;
      expect(Math.abs(thresholds[i] - middle)).toBeLessThan(4e-7);
    }
    expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from(levels, (_, i) => i));
  });

  it("takes a dynamic map of another tool's as it is", () => {
    const own = namedCodebook('dynamic8');
    expect(dynamic8(own.levels)).toEqual(own);
  });
});

describe('quantizeCodebook', () => {
  it('packs codes of 4 bits with the first in the high nibble and the code of 0 behind an odd number', () => {
    const x = Float32Array.of(-1, 1, 0.5);
    expect(quantizeCodebook(x, { codebook: 'nf4' }).codes).toEqual(Uint8Array.of(0x0f, 0xc7));
    expect(quantizeCodebook(x, { codebook: 'fp4' }).codes).toEqual(Uint8Array.of(0xb3, 0x50));
    expect(quantizeCodebook(x, { codebook: 'af4' }).codes).toEqual(Uint8Array.of(0xf0, 0x28));
  });

  it('packs codes of other widths as a little-endian bit stream', () => {
    const c = quantizeCodebook(Float32Array.of(0, 1, 2, 3, 3), { codebook: [0, 1, 2, 3] });
    expect(c.bits).toBe(2);
    expect(c.codes).toEqual(Uint8Array.of(0b11100100, 0b11));
    expect(quantizeCodebook(Float32Array.of(5, -5), { codebook: [-1, 1] }).codes).toEqual(
      Uint8Array.of(0b01),
    );
  });

  it('takes blocks across rows, of any size, the last as short as it is', () => {
    const x = { data: Float32Array.of(1, 2, 4, 8, 16, 32, 64), shape: [7, 1] };
    const c = quantizeCodebook(x, { codebook: 'nf4', blockSize: 3 });
    expect(c.absmax).toEqual(Float32Array.of(4, 32, 64));
    expect(decompress(c).shape).toEqual([7, 1]);
  });

  it('gives each number the nearest level, the lower one of two', () => {
    fc.assert(
      fc.property(
        anyLevels,
        fc.array(fc.float({ min: -3, max: 3, noNaN: true }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 30 }),
        (levels, values, blockSize) => {
          const middles = levels.slice(1).map((level, i) => (level + levels[i]) / 2);
          const x = Float32Array.from([...values, ...levels, ...middles]);
          const given = dequantizeCodebook(quantizeCodebook(x, { codebook: levels }));
          x.forEach((v, i) => {
            const nearest = Math.min(...levels.map((level) => Math.abs(v - level)));
            expect(Math.abs(v - given[i])).toBe(nearest);
          });
          middles.forEach((middle, i) => {
            const isExact =
              2 * middle - levels[i] === levels[i + 1] && 2 * middle - levels[i + 1] === levels[i];
            if (!isExact || Math.fround(middle) !== middle) return;
            expect(given[values.length + levels.length + i] === levels[i]).toBe(true);
          });
          // One element per block: each is 1 or -1 times its absmax.
          const alone = quantizeCodebook(x, { codebook: [-1, 0, 1], blockSize: 1 });
          expect(Array.from(dequantizeCodebook(alone), Math.abs)).toEqual(Array.from(x, Math.abs));
          const rough = quantizeCodebook(x, { codebook: levels, blockSize });
          expect(dequantizeCodebook(rough).every(Number.isFinite)).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('keeps order: a larger number never has a smaller value in the same block', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...NAMES),
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 40 }),
        (codebook, list) => {
          const x = Float32Array.from(list).sort();
          const values = dequantizeCodebook(quantizeCodebook(x, { codebook, blockSize: 64 }));
          values.slice(1).forEach((v, i) => expect(v).toBeGreaterThanOrEqual(values[i]));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('changes nothing the second time, leaves x alone, and gives the same in both backends', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...NAMES),
        fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { maxLength: 80 }),
        fc.constantFrom(1, 2, 5, 16, 64),
        (codebook, list, blockSize) => {
          const x = Float32Array.from([...list, 128]);
          const copy = x.slice();
          const options = { codebook, blockSize };
          const c = quantizeCodebook(x, options);
          const values = dequantizeCodebook(c);
          expect(x).toEqual(copy);
          setBackend('scalar');
          const scalar = quantizeCodebook(x, options);
          expect(dequantizeCodebook(scalar)).toEqual(values);
          setBackend('auto');
          expect(scalar).toEqual(c);
          // The level -1 that dynamic8 lacks makes blocks shrink whose largest magnitude is negative.
          if (codebook === 'dynamic8') return;
          const again = dequantizeCodebook(quantizeCodebook(values, options));
          again.forEach((v, i) => expect(v === values[i]).toBe(true));
        },
      ),
      { numRuns: 1000 },
    );
  });
  afterAll(() => setBackend('auto'));

  it('stores absmax in 8 bits, less its mean, in blocks of 256', () => {
    const x = Float32Array.from({ length: 600 }, (_, i) => 1 + (i % 7));
    const c = quantizeCodebook(x, { codebook: 'nf4', blockSize: 1, doubleQuant: true });
    expect(c.absmax).toMatchObject({ blockSize: 256, offset: Math.fround(2395 / 600) });
    expect(c.absmax).toHaveProperty('codes.length', 600);
    expect(c.absmax).toHaveProperty('absmax.length', 3);
    expect(measureError(x, c).maxAbs).toBeLessThan(0.00704 * 4);
  });
});

/** Every special case of a tensor: finite values and a bound that holds, with every codebook. */
const FINITE: readonly (readonly [string, number[], number[]])[] = [
  ['-0 among others', [-0, 0, 1, -1], [4]],
  ['only -0', [-0, -0], [2]],
  ['one subnormal', [TINY], [1]],
  ['subnormals', [TINY, -3 * TINY, 2 ** -130, -(2 ** -127)], [4]],
  ['a subnormal beside an ordinary number', [TINY, 1], [2]],
  ['nothing', [], [0]],
  ['nothing in two axes', [], [3, 0]],
  ['a scalar', [0.7], []],
  ['one element', [-3.25], [1]],
  ['all equal', new Array<number>(50).fill(0.3), [50]],
  ['all zero', new Array<number>(40).fill(0), [8, 5]],
  ['the largest float32', [LARGEST, -LARGEST, 1, 0], [2, 2]],
  ['a tail of one', Array.from({ length: 65 }, (_, i) => i - 16), [65]],
];
const EVERY: readonly (readonly [string, QuantizeCodebookOptions])[] = [
  ...NAMES.map((codebook) => [codebook, { codebook }] as const),
  ['nf4, nested, blocks of 3', { codebook: 'nf4', blockSize: 3, doubleQuant: true }],
  ['levels', { codebook: [-1, -0.1, 0, 0.25, 1] }],
  ['levels in blocks', { codebook: Float32Array.of(-1, 0, 1), blockSize: 7 }],
  ['k-means', { codebook: { kmeans: 5 } }],
  ['k-means in blocks', { codebook: { kmeans: 16 }, blockSize: 32 }],
];

describe.each(EVERY)('%s', (_, options) => {
  it.each(FINITE)('%s: finite values, a bound that holds, bytes that come back', (_name, list, shape) => {
    const x = { data: Float32Array.from(list), shape };
    const c = quantizeCodebook(x, options);
    const values = dequantizeCodebook(c);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(measureError(x, c).maxAbs).toBeLessThanOrEqual(errorBound(c).maxAbs);
    expect(errorBound(c).maxAbs).toBeLessThan(Infinity);
    expect(decompress(c).shape).toEqual(shape);
    expect(fromBytes(toBytes(c))).toEqual(c);
    expect(quantizeCodebook({ data: Float64Array.from(list), shape }, options)).toEqual(c);
  });

  it.each([
    ['NaN', [1, 2, NaN], 2],
    ['Infinity', [Infinity, NaN], 0],
    ['-Infinity', [0, -Infinity], 1],
  ])('%s: an error with its index, codes when asked', (_name, list, index) => {
    const x = Float32Array.from([...list, -0.5, 0.5]);
    expect(() => quantizeCodebook(x, options)).toThrow(
      `quantizeCodebook: "x" expected finite float32 values, got ${list[index]} at index ${index} - repair the tensor, or pass nonFinite: 'saturate' [NON_FINITE]`,
    );
    const c = quantizeCodebook(x, { ...options, nonFinite: 'saturate' });
    const values = dequantizeCodebook(c);
    expect(values.every(Number.isFinite)).toBe(true);
    const same = quantizeCodebook(
      x.map((v) => (Number.isNaN(v) ? 0 : v)),
      { ...options, nonFinite: 'saturate' },
    );
    expect(same.codes).toEqual(c.codes);
    x.forEach((v, i) => {
      if (v === Infinity)
        expect(values[i]).toBe(Math.max(...values.slice(0, Math.max(options.blockSize ?? 9, 1))));
    });
  });
});

describe('zeros', () => {
  it.each(NAMES)('stay zeros, alone and among others: %s', (codebook) => {
    const alone = quantizeCodebook(new Float32Array(3), { codebook });
    expect(Array.from(dequantizeCodebook(alone), (v) => v === 0)).toEqual([true, true, true]);
    const values = dequantizeCodebook(quantizeCodebook(Float32Array.of(0, -0, 1), { codebook }));
    expect([values[0] === 0, values[1] === 0]).toEqual([true, true]);
  });

  it('take the code of 0; negative numbers that FP4 rounds to 0 take that of -0', () => {
    expect(codesOf(quantizeCodebook(new Float32Array(2), { codebook: 'nf4' }))).toEqual([7, 7]);
    expect(codesOf(quantizeCodebook(new Float32Array(2), { codebook: 'af4' }))).toEqual([8, 8]);
    expect(codesOf(quantizeCodebook(new Float32Array(1), { codebook: 'dynamic8' }))).toEqual([127]);
    const x = Float32Array.of(0, -0, 0.001, -0.001, 1, -1);
    const c = quantizeCodebook(x, { codebook: 'fp4' });
    expect(codesOf(c)).toEqual([0, 0, 0, 8, 3, 11]);
    expect(Object.is(dequantizeCodebook(c)[3], -0)).toBe(true);
  });
});

describe('views', () => {
  const c = quantizeCodebook(Float32Array.of(-1, 0, 0.5, 1), { codebook: 'nf4', doubleQuant: true });

  it('print one line', () => {
    expect(inspect(c)).toBe('CodebookTensor nf4, blocks of 64, nested absmax [4], 2 bytes of codes: 7, 207');
    const k = quantizeCodebook(Float32Array.of(1, 2, 3), { codebook: { kmeans: 2 } });
    expect(inspect(k)).toBe('CodebookTensor k-means of 2 levels [3], 1 bytes of codes: 4');
  });

  it('show figures and a bar for each level', () => {
    expect(c.toHTML()).toContain('largest error, proved');
    expect(c.toSVG()).toContain('level, from the lowest');
    expect(quantizeCodebook(Float32Array.of(1, 9), { codebook: [1, 2] }).toHTML()).toContain(
      'beyond the levels',
    );
    expect(quantizeCodebook(Float32Array.of(1, 9), { codebook: { kmeans: 2 } }).toHTML()).toContain(
      'k-means',
    );
  });
});

describe('dequantizeCodebook', () => {
  it('writes to out what it returns without', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -5, max: 5, noNaN: true }), { maxLength: 20 }),
        anyCodebookOptions,
        (list, options) => {
          const c = quantizeCodebook(Float32Array.from(list), options);
          const out = new Float32Array(list.length);
          expect(dequantizeCodebook(c, { out })).toBe(out);
          expect(out).toEqual(dequantizeCodebook(c));
        },
      ),
      { numRuns: 500 },
    );
  });

  const sound = quantizeCodebook(Float32Array.of(1, 2, 3), { codebook: 'nf4', blockSize: 2 });
  const nested = quantizeCodebook(Float32Array.of(1, 2, 3), {
    codebook: 'fp4',
    blockSize: 2,
    doubleQuant: true,
  });
  const custom = quantizeCodebook(Float32Array.of(1, 2, 3), { codebook: [1, 2, 3] });
  const inner = nested.absmax as object;
  it.each<[string, unknown, string]>([
    ['nothing', undefined, '"c" expected a CodebookTensor'],
    ['another kind', { ...sound, kind: 'affine' }, '"c" expected a CodebookTensor'],
    ['an unknown name', { ...sound, name: 'nf5' }, '"c.name" expected one of'],
    ['no codebook', { ...sound, codebook: null }, '"c.codebook" expected a Float32Array'],
    [
      'other levels under a name',
      { ...sound, codebook: new Float32Array(16) },
      '"c.codebook" expected the levels of nf4',
    ],
    [
      'falling levels',
      { ...custom, codebook: Float32Array.of(3, 2, 1) },
      '"c.codebook[1]" expected ascending levels',
    ],
    [
      'a level of NaN',
      { ...custom, codebook: Float32Array.of(1, 2, NaN) },
      '"c.codebook[2]" expected a finite number',
    ],
    ['one level', { ...custom, codebook: Float32Array.of(1) }, '"c.codebook.length" expected a whole number'],
    [
      'few levels for dynamic8',
      { ...custom, name: 'dynamic8' },
      '"c.codebook.length" expected a whole number',
    ],
    ['other bits', { ...sound, bits: 5 }, '"c.bits" expected a whole number from 4 to 4'],
    ['a wrong shape', { ...sound, shape: [-1] }, '"c.shape'],
    ['signed codes', { ...sound, codes: new Int8Array(2) }, '"c.codes" expected a Uint8Array'],
    ['missing codes', { ...sound, codes: new Uint8Array(1) }, '"c.codes" expected 2 bytes, got 1'],
    ['missing magnitudes', { ...sound, absmax: Float32Array.of(1) }, '"c.absmax" expected 2 elements'],
    [
      'a negative magnitude',
      { ...sound, absmax: Float32Array.of(1, -1) },
      '"c.absmax[1]" expected a number >= 0',
    ],
    [
      'an infinite magnitude',
      { ...sound, absmax: Float32Array.of(1, Infinity) },
      '"c.absmax[1]" expected a finite',
    ],
    ['float64 magnitudes', { ...sound, absmax: Float64Array.of(1, 1) }, '"c.absmax" expected a Float32Array'],
    [
      'no magnitudes',
      { ...sound, absmax: null },
      '"c.absmax" expected null exactly where c.blockSize is null',
    ],
    ['magnitudes of text', { ...sound, absmax: 'a' }, '"c.absmax" expected a Float32Array or a record'],
    ['a block of nothing', { ...sound, blockSize: 0 }, '"c.blockSize" expected a whole number'],
    ['overflow beside blocks', { ...sound, overflow: 1 }, '"c.overflow" expected 0 beside blocks'],
    ['a negative overflow', { ...custom, overflow: -1 }, '"c.overflow" expected a finite number >= 0'],
    [
      'another nested block',
      { ...nested, absmax: { ...inner, blockSize: 128 } },
      '"c.absmax.blockSize" expected',
    ],
    [
      'missing nested codes',
      { ...nested, absmax: { ...inner, codes: new Uint8Array(1) } },
      '"c.absmax.codes" expected 2 bytes',
    ],
    [
      'a nested offset of NaN',
      { ...nested, absmax: { ...inner, offset: NaN } },
      '"c.absmax.offset" expected a finite',
    ],
    [
      'a float64 offset',
      { ...nested, absmax: { ...inner, offset: 0.1 } },
      '"c.absmax.offset" expected a finite float32',
    ],
    [
      'a short nested map',
      { ...nested, absmax: { ...inner, codebook: new Float32Array(16) } },
      '"c.absmax.codebook" expected 256',
    ],
  ])('refuses %s', (_, c, message) => {
    expect(() => dequantizeCodebook(c as never)).toThrow(`dequantizeCodebook: ${message}`);
  });

  it('refuses an out that does not fit', () => {
    expect(() => dequantizeCodebook(sound, { out: new Float32Array(4) })).toThrow(
      '"out" expected 3 elements, got 4',
    );
    expect(() => dequantizeCodebook(sound, { out: detachedArray() })).toThrow(
      '"out" expected an array with its memory',
    );
  });
});

describe('wrong arguments of quantizeCodebook', () => {
  it.each(NOT_TENSORS)('%s as x', (_, value) => {
    expect(() => quantizeCodebook(value as never, { codebook: 'nf4' })).toThrow(
      /^quantizeCodebook: "x[^"]*" expected/,
    );
  });

  const x = Float32Array.of(1, 2, 3);
  it.each<[string, unknown, string]>([
    ['no options', undefined, '"codebook" expected'],
    [
      'an unknown key',
      { codebook: 'nf4', blocksize: 64 },
      `expected known keys, got "blocksize" - did you mean "blockSize"?`,
    ],
    ['an unknown table', { codebook: 'nf3' }, `"codebook" expected one of 'nf4', 'fp4', 'af4', 'dynamic8'`],
    [
      'a number',
      { codebook: 4 },
      `"codebook" expected 'nf4', 'fp4', 'af4', 'dynamic8', levels or {kmeans: k}`,
    ],
    ['one level', { codebook: [1] }, '"codebook.length" expected a whole number from 2 to 256'],
    [
      '257 levels',
      { codebook: new Float32Array(257) },
      '"codebook.length" expected a whole number from 2 to 256',
    ],
    [
      'falling levels',
      { codebook: [1, 2, 1.5] },
      '"codebook[2]" expected ascending levels, at least 2, got 1.5 - sort the codebook',
    ],
    ['a level of NaN', { codebook: [1, NaN] }, '"codebook[1]" expected a finite float32, got NaN'],
    ['a level beyond float32', { codebook: [1, 1e39] }, '"codebook[1]" expected a finite float32'],
    ['a level of text', { codebook: [1, '2'] }, '"codebook[1]" expected a number'],
    ['float64 levels', { codebook: new Float64Array(4) }, '"codebook" expected'],
    ['a block of nothing', { codebook: 'nf4', blockSize: 0 }, '"blockSize" expected a whole number from 1'],
    ['half a block', { codebook: 'nf4', blockSize: 1.5 }, '"blockSize" expected a whole number from 1'],
    ['a block of text', { codebook: 'nf4', blockSize: '64' }, '"blockSize" expected a whole number from 1'],
    [
      'a nested nothing',
      { codebook: [0, 1], doubleQuant: true },
      '"doubleQuant" expected false without blocks',
    ],
    ['doubleQuant of text', { codebook: 'nf4', doubleQuant: 'yes' }, '"doubleQuant" expected true or false'],
    ['an unknown policy', { codebook: 'nf4', nonFinite: 'zero' }, '"nonFinite" expected one of'],
    ['no k', { codebook: {} }, '"codebook.kmeans" expected a whole number from 2 to 256'],
    ['k of 1', { codebook: { kmeans: 1 } }, '"codebook.kmeans" expected a whole number from 2 to 256'],
    [
      'a misspelled k',
      { codebook: { kmean: 2 } },
      `"codebook" expected known keys, got "kmean" - did you mean "kmeans"?`,
    ],
    ['a negative seed', { codebook: { kmeans: 2, seed: -1 } }, '"seed" expected a whole number'],
    [
      'few weights',
      { codebook: { kmeans: 2, weights: Float32Array.of(1) } },
      '"codebook.weights" expected 3 elements',
    ],
    [
      'a weight of NaN',
      { codebook: { kmeans: 2, weights: Float32Array.of(1, NaN, 1) } },
      '"codebook.weights[1]" expected a finite float32 >= 0',
    ],
    [
      'a negative weight',
      { codebook: { kmeans: 2, weights: Float32Array.of(1, 1, -1) } },
      '"codebook.weights[2]" expected a finite float32 >= 0',
    ],
    [
      'zero weights',
      { codebook: { kmeans: 2, weights: new Float32Array(3) } },
      '"codebook.weights" expected a number above 0',
    ],
    ['weights of text', { codebook: { kmeans: 2, weights: 'w' } }, '"codebook.weights" expected'],
  ])('%s', (_, options, message) => {
    expect(() => quantizeCodebook(x, options as never)).toThrow(message);
    expect(() => quantizeCodebook(x, options as never)).toThrow(/^quantizeCodebook: /);
  });
});
