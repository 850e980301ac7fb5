import fc from 'fast-check';
import {
  castFloat,
  createRandom,
  decodeFloat,
  fakeQuantize,
  quantizeAffine,
  quantizeWith,
  type QParams,
  type Rounding,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { anyQParams, anyValues, codesOf } from '../../support/affine.js';

const COUNT = 200_000;

/** Multiples of 2^-20 in [-3, 3), which are exact in float32 and hold every fraction of a step. */
function uniform(seed: number): Float32Array<ArrayBuffer> {
  const random = createRandom(seed);
  return Float32Array.from({ length: COUNT }, () => (random.uint32() % (6 * 2 ** 20)) / 2 ** 20 - 3);
}

/**
 * How many standard deviations the mean error lies from 0, among the values whose fraction of a step satisfies `chosen`. For an unbiased
 * rounding to f or 1 - f it is a standard normal number: beyond 5 with probability 6e-7.
 */
function deviations(
  x: Float32Array,
  values: ArrayLike<number>,
  chosen: (fraction: number) => boolean,
): number {
  let sum = 0;
  let variance = 0;
  x.forEach((v, i) => {
    const fraction = v - Math.floor(v);
    if (!chosen(fraction)) return;
    sum += values[i] - v;
    variance += fraction * (1 - fraction);
  });
  return Math.abs(sum) / Math.sqrt(variance);
}

const TESTS: readonly [string, (fraction: number) => boolean][] = [
  ['all fractions', () => true],
  ['fractions below one half', (f) => f < 0.5],
  ['fractions above one half', (f) => f > 0.5],
  ['fractions of at most one tenth', (f) => f <= 0.1],
];

/** Levels -8 to 7 at a step of 1. */
const GRID: QParams = {
  scale: Float32Array.of(1),
  zeroPoint: null,
  bits: 4,
  codeMin: -8,
  codeMax: 7,
  mapping: 'symmetricFull',
  granularity: { kind: 'tensor' },
  scaleDtype: 'float32',
  rounding: 'stochastic',
  arithmetic: 'reciprocal',
  seed: 0,
};

describe('stochastic rounding is unbiased', () => {
  const x = uniform(1);
  const affine = (rounding: Rounding, seed: number): Float32Array =>
    fakeQuantize(x, { ...GRID, rounding, seed }).values;
  /** bfloat16 from 128 to 256 has steps of 1. */
  const cast = (rounding: Rounding, seed: number): number[] => {
    const codes = castFloat(
      x.map((v) => v + 160),
      'bfloat16',
      { rounding, seed },
    );
    return Array.from(decodeFloat(codes, 'bfloat16'), (v) => v - 160);
  };

  describe.each([
    ['in affine codes', affine],
    ['in casts', cast],
  ])('%s', (_, run) => {
    it.each(TESTS)('over %s, for ten seeds', (_, chosen) => {
      for (let seed = 0; seed < 10; seed++) {
        expect(deviations(x, run('stochastic', seed), chosen)).toBeLessThan(5);
      }
    });

    it.each(TESTS.slice(1))('over %s the other roundings fail the same test', (_, chosen) => {
      for (const rounding of ['halfEven', 'halfAwayFromZero', 'halfUp', 'truncate'] as const) {
        expect(deviations(x, run(rounding, 0), chosen)).toBeGreaterThan(25);
      }
    });
  });

  it('has the variance of its coin throws, not less and not more', () => {
    const values = affine('stochastic', 3);
    let measured = 0;
    let expected = 0;
    x.forEach((v, i) => {
      const fraction = v - Math.floor(v);
      measured += (values[i] - v) ** 2;
      expected += fraction * (1 - fraction);
    });
    expect(Math.abs(measured / expected - 1)).toBeLessThan(0.01);
  });

  it('neighbours are independent: errors of elements 1, 2, 4 and 64 apart do not correlate', () => {
    const values = affine('stochastic', 4);
    const errors = values.map((v, i) => v - x[i]);
    const power = errors.reduce((sum, e) => sum + e * e, 0);
    for (const lag of [1, 2, 4, 64]) {
      let product = 0;
      for (let i = lag; i < COUNT; i++) product += errors[i] * errors[i - lag];
      // A correlation over n pairs has standard deviation 1 / sqrt(n).
      expect(Math.abs(product / power) * Math.sqrt(COUNT)).toBeLessThan(5);
    }
  });
});

describe('stochastic rounding stays within one step', () => {
  it('affine codes are the whole numbers around the quotient, or the end that clamps it', () => {
    const cases = fc.tuple(fc.integer({ min: 0, max: 40 }).chain(anyValues), anyQParams, fc.boolean());
    fc.assert(
      fc.property(cases, ([list, given, relative]) => {
        const qparams = { ...given, rounding: 'stochastic', arithmetic: 'division' } as const;
        const scale = Math.fround(Number(qparams.scale[0]));
        fc.pre(scale > 0);
        const factor = relative ? scale * (qparams.codeMax - qparams.codeMin) : 1;
        const x = Float32Array.from(list, (v) => v * factor).filter(Number.isFinite);
        const zero = qparams.zeroPoint?.[0] ?? 0;
        const codes = codesOf(quantizeWith(x, qparams), x.length);
        const clamp = (code: number): number => Math.min(Math.max(code, qparams.codeMin), qparams.codeMax);
        x.forEach((v, i) => {
          const quotient = Math.fround(v / scale);
          const low = clamp(Math.floor(quotient) + zero);
          const high = clamp(Math.ceil(quotient) + zero);
          if (!(codes[i] >= low && codes[i] <= high)) {
            throw new Error(`x[${i}] = ${v}, ${quotient} steps, got code ${codes[i] - zero}`);
          }
        });
      }),
      { numRuns: 10_000 },
    );
  });

  it('values are less than one step off, and come within 1 % of it', () => {
    const seen = { most: 0 };
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.integer({ min: -7000, max: 6000 }), (seed, thousandth) => {
        const value = Math.fround(thousandth / 1000);
        const { values } = fakeQuantize(new Float32Array(8).fill(value), { ...GRID, seed });
        for (const restored of values) seen.most = Math.max(seen.most, Math.abs(restored - value));
        expect(seen.most).toBeLessThan(1);
      }),
      { numRuns: 10_000, seed: 3 },
    );
    expect(seen.most).toBeGreaterThan(0.99);
  });
});

describe('an affine level is at most half a step away, over the whole range of a whole zero point', () => {
  /** Scales that are powers of two are exact: the bound is scale / 2 and nothing more. */
  const grids = fc
    .record({
      bits: fc.constantFrom<QParams['bits'][]>(1, 2, 3, 4, 5, 6, 7, 8, 16),
      exponent: fc.integer({ min: -100, max: 60 }),
      zero: fc.double({ min: 0, max: 1, noNaN: true }),
      rounding: fc.constantFrom<Rounding[]>('halfEven', 'halfAwayFromZero', 'halfUp'),
      arithmetic: fc.constantFrom('reciprocal' as const, 'division' as const),
    })
    .map(({ bits, exponent, zero, ...rest }): QParams => {
      const codeMax = 2 ** bits - 1;
      return {
        ...GRID,
        ...rest,
        bits,
        mapping: 'asymmetric',
        codeMin: 0,
        codeMax,
        scale: Float32Array.of(2 ** exponent),
        zeroPoint: Int32Array.of(Math.floor(zero * (codeMax + 0.999))),
      };
    });
  const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 });

  /** Values from half a step below the first level to half a step above the last, `at` in 0 .. 1. */
  function valuesIn({ scale, zeroPoint, codeMax }: QParams, at: readonly number[]): Float32Array {
    const zero = zeroPoint?.[0] as number;
    return Float32Array.from(at, (part) => scale[0] * (part * (codeMax + 1) - 0.5 - zero));
  }

  it('exactly scale / 2 for scales that are powers of two', () => {
    fc.assert(
      fc.property(grids, places, (qparams, at) => {
        const x = valuesIn(qparams, at);
        const { values } = fakeQuantize(x, qparams);
        x.forEach((v, i) => {
          const error = Math.abs(v - values[i]);
          if (!(error <= qparams.scale[0] / 2)) throw new Error(`${v} became ${values[i]}`);
        });
      }),
      { numRuns: 10_000 },
    );
  });

  it('scale / 2 and the rounding of float32 for all others', () => {
    const factors = fc.double({ min: 1, max: 2, noNaN: true });
    fc.assert(
      fc.property(grids, factors, places, (grid, factor, at) => {
        const qparams = { ...grid, scale: grid.scale.map((s) => s * factor) };
        const x = valuesIn(qparams, at);
        const { values } = fakeQuantize(x, qparams);
        // docs/numerics.md 4.3: M d + H(M) (1 + d) and H(s K), each at most 2^-23 of the widest code.
        const slack = (qparams.codeMax + 1) * 2 ** -22;
        x.forEach((v, i) => {
          const error = Math.abs(v - values[i]);
          if (!(error <= qparams.scale[0] * (0.5 + slack))) throw new Error(`${v} became ${values[i]}`);
        });
      }),
      { numRuns: 10_000 },
    );
  });

  it('and half a step is reached, at both ends and between', () => {
    for (const zero of [0, 3, 15]) {
      const qparams: QParams = {
        ...GRID,
        rounding: 'halfEven',
        mapping: 'asymmetric',
        codeMin: 0,
        codeMax: 15,
        zeroPoint: Int32Array.of(zero),
      };
      const x = valuesIn(qparams, [0, 3 / 16, 1]);
      const { values } = fakeQuantize(x, qparams);
      expect(Array.from(x, (v, i) => Math.abs(v - values[i]))).toEqual([0.5, 0.5, 0.5]);
    }
  });

  it('quantizeAffine chooses such a grid: its whole range lies within half a step of a level', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }).chain(anyValues), fc.constantFrom(4, 8), (list, bits) => {
        const x = Float32Array.from(list);
        const q = quantizeAffine(x, { bits, mapping: 'asymmetric' });
        // Next to the largest number scales shrink so that levels are finite (docs/numerics.md 4.1, exception 2).
        fc.pre(q.scale[0] >= 2 ** -100 && x.every((v) => Math.abs(v) < 2 ** 126));
        const values = fakeQuantize(x, { bits, mapping: 'asymmetric' }).values;
        x.forEach((v, i) => {
          // The zero point is rounded: an end of the range may lie half a step outside, and there the scale's own rounding shows.
          const error = Math.abs(v - values[i]) / q.scale[0];
          if (!(error <= 0.5 + 2 ** (bits - 20))) throw new Error(`${v} is ${error} steps off`);
        });
      }),
      { numRuns: 10_000 },
    );
  });
});
