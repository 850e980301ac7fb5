import fc from 'fast-check';
import { createRandom, measureError, observer, quantizeAffine, type Bits, type Mapping } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { roundTo } from '../../../src/core/rounding.js';
import { anyValues, observing, slowBins, slowDivergences, slowPercentile } from '../../support/observer.js';

const MAPPINGS: readonly Mapping[] = ['symmetric', 'symmetricFull', 'asymmetric'];

/** Normal numbers, some of them far out, some exactly 0, and one-sided ones: what activations look like. */
const anyActivations = fc
  .record({
    seed: fc.nat(),
    size: fc.integer({ min: 50, max: 4000 }),
    outliers: fc.constantFrom(0, 0.001, 0.02),
    zeros: fc.constantFrom(0, 0.4),
    shift: fc.constantFrom(0, 0, 1, -3),
    relu: fc.boolean(),
  })
  .map(({ seed, size, outliers, zeros, shift, relu }) => {
    const random = createRandom(seed);
    return Float32Array.from({ length: size }, () => {
      const value = (random.normal() + shift) * (random.float() < outliers ? 12 : 1);
      return random.float() < zeros || (relu && value < 0) ? 0 : value;
    });
  });

const widthOf = (x: Float32Array, bins: number): number => slowBins(x, bins).width;

describe('percentile', () => {
  it('is within one bin width of the percentile of all the values', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyValues(1, 200), anyActivations),
        fc.double({ min: 50.001, max: 100, noNaN: true }),
        fc.constantFrom(64, 512, 4096),
        (x, percentile, bins) => {
          // A range is rounded to float32 at the end.
          const largest = x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
          const width = widthOf(x, bins) + 2 ** -24 * largest + 2 ** -149;
          const both = observing('percentile', { mapping: 'asymmetric', percentile, bins }, x).range();
          const cut = (100 - percentile) / 2;
          expect(Math.abs(both.rangeMin[0] - slowPercentile(x, cut))).toBeLessThanOrEqual(width);
          expect(Math.abs(both.rangeMax[0] - slowPercentile(x, 100 - cut))).toBeLessThanOrEqual(width);
          const magnitudes = observing('percentile', { percentile, bins }, x).range();
          const exact = slowPercentile(x.map(Math.abs), percentile);
          expect(Math.abs(magnitudes.rangeMax[0] - exact)).toBeLessThanOrEqual(width);
        },
      ),
      // Opposite signs leave the first bins of the magnitudes empty.
      { numRuns: 2000, examples: [[Float32Array.of(-1, 0.078125), 50.001, 64]] },
    );
  });

  it('has bins no wider than twice the range over their number', () => {
    fc.assert(
      fc.property(anyValues(1, 100), fc.constantFrom(64, 512, 4096), (x, bins) => {
        const [min, max] = [Math.min(...x), Math.max(...x)];
        const finest = Math.max(2 ** -149, 2 ** -23 * Math.max(-min, max));
        expect(widthOf(x, bins)).toBeLessThanOrEqual(Math.max(finest, (2 * (max - min)) / (bins - 1)));
      }),
      { numRuns: 1000 },
    );
  });

  it('is the whole range at 100', () => {
    fc.assert(
      fc.property(anyValues(1, 100), fc.constantFrom(...MAPPINGS), (x, mapping) => {
        const cut = observing('percentile', { mapping, percentile: 100 }, x).range();
        expect(cut).toEqual(observing('minmax', { mapping }, x).range());
      }),
      { numRuns: 500 },
    );
  });
});

describe('entropy', () => {
  it('takes the threshold of the least divergence, as the definition written out finds it, to one bin', () => {
    fc.assert(
      fc.property(
        anyActivations,
        fc.constantFrom(64, 128, 512),
        fc.constantFrom<Bits>(2, 4, 5, 6),
        fc.constantFrom<Mapping>('symmetric', 'asymmetric'),
        (x, bins, bits, mapping) => {
          const isSymmetric = mapping === 'symmetric';
          const seen = isSymmetric ? x.map(Math.abs) : x;
          // Far from 0, bins merge in pairs until 0 is near enough.
          let { width } = slowBins(x, bins);
          while (-Math.min(...seen) > bins * width || Math.max(...seen) >= bins * width) width *= 2;
          const below = isSymmetric ? 0 : Math.max(0, -Math.floor(Math.min(...seen) / width));
          const above = Math.max(0, Math.floor(Math.max(...seen) / width) + 1);
          const counts = new Array<number>(below + above).fill(0);
          for (const v of seen) counts[Math.floor(v / width) + below]++;
          const divergences = slowDivergences(counts, below, 2 ** (isSymmetric ? bits - 1 : bits));
          const { rangeMin, rangeMax } = observing('entropy', { mapping, bins, bits }, x).range();
          const widest = Math.max(below, above);
          const least = Math.min(...divergences);
          let chosen = widest;
          while (least < Infinity && divergences[chosen] > least + 2 ** -40) chosen--;
          const high = Math.min(chosen * width, Math.max(...seen));
          const low = isSymmetric ? -high : Math.max(-chosen * width, Math.min(...seen));
          expect(Math.abs(rangeMax[0] - high)).toBeLessThanOrEqual(width);
          expect(Math.abs(rangeMin[0] - low)).toBeLessThanOrEqual(width);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('cuts outliers off and leaves a plain bell nearly whole', () => {
    const random = createRandom(5);
    const bell = Float32Array.from({ length: 100_000 }, () => random.normal());
    const tailed = bell.map((v, i) => (i % 5000 === 0 ? 40 * v : v));
    const { rangeMax } = observing('entropy', {}, tailed).range();
    expect(tailed.reduce((a, b) => Math.max(a, b))).toBeGreaterThan(60);
    expect(rangeMax[0]).toBeLessThan(15);
    expect(rangeMax[0]).toBeGreaterThan(2.5);
    expect(observing('entropy', {}, bell).range().rangeMax[0]).toBeGreaterThan(2.5);
  });

  it('keeps the whole range where there are no more bins than levels', () => {
    const x = Float32Array.of(-1, 0.25, 3);
    expect(observing('entropy', { mapping: 'asymmetric', bins: 128 }, x).range()).toEqual({
      rangeMin: Float32Array.of(-1),
      rangeMax: Float32Array.of(3),
    });
  });
});

/** The expected squared error of a grid, by cutting every bin into small pieces. */
function slowError(
  x: Float32Array,
  bins: number,
  { scale, first, last }: { scale: number; first: number; last: number },
): number {
  const { width, first: firstBin, counts } = slowBins(x, bins);
  const [min, max] = [Math.min(...x), Math.max(...x)];
  const pieces = 200;
  let sum = 0;
  counts.forEach((count, i) => {
    const low = Math.max(min, (firstBin + i) * width);
    const high = Math.min(max, (firstBin + i + 1) * width);
    for (let p = 0; count > 0 && p < pieces; p++) {
      const v = low + ((high - low) * (p + 0.5)) / pieces;
      const level = scale === 0 ? 0 : Math.min(last, Math.max(first, Math.floor(v / scale + 0.5)));
      sum += (count / pieces) * (v - scale * level) ** 2;
    }
  });
  return sum;
}

describe('histogramMse', () => {
  const divisors: Partial<Record<Mapping, (bits: Bits) => number>> = {
    symmetric: (bits) => 2 ** (bits - 1) - 1,
    symmetricFull: (bits) => 2 ** (bits - 1) - 0.5,
  };

  it('has no more expected error than any other end of a symmetric range', () => {
    const anyBits = fc.constantFrom<Bits>(2, 3, 4);
    const anySymmetric = fc.constantFrom<Mapping>('symmetric', 'symmetricFull');
    fc.assert(
      fc.property(anyActivations, anyBits, anySymmetric, (x, bits, mapping) => {
        const bins = 64;
        const grid = (end: number): { scale: number; first: number; last: number } => ({
          scale: end / (divisors[mapping]?.(bits) ?? 1),
          first: -(2 ** (bits - 1)) + (mapping === 'symmetric' ? 1 : 0),
          last: 2 ** (bits - 1) - 1,
        });
        const found = observing('histogramMse', { mapping, bits, bins }, x).range().rangeMax[0];
        const error = slowError(x, bins, grid(found));
        const absmax = x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        let width = widthOf(x, bins);
        while (absmax >= bins * width) width *= 2;
        for (let end = absmax; end > 0; end = Math.ceil(end / width - 1) * width) {
          expect(error).toBeLessThanOrEqual(slowError(x, bins, grid(end)) * 1.001 + 1e-12);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('has no more expected error than the whole range when asymmetric, and none that a shift of one end improves', () => {
    fc.assert(
      fc.property(anyActivations, fc.constantFrom<Bits>(1, 2, 3), (x, bits) => {
        const bins = 64;
        const steps = 2 ** bits - 1;
        const errorAt = (low: number, high: number): number => {
          const scale = (high - low) / steps;
          // As quantizeAffine rounds zero points: ends that are multiples of a width often meet in the middle of two.
          const first = scale === 0 ? 0 : Math.max(-steps, roundTo(low / scale, 'halfEven'));
          return slowError(x, bins, { scale, first, last: first + steps });
        };
        const [min, max] = [Math.min(0, ...x), Math.max(0, ...x)];
        const { rangeMin, rangeMax } = observing(
          'histogramMse',
          { mapping: 'asymmetric', bits, bins },
          x,
        ).range();
        const error = errorAt(rangeMin[0], rangeMax[0]);
        expect(error).toBeLessThanOrEqual(errorAt(min, max) * 1.001 + 1e-12);
        const width = widthOf(x, bins);
        for (const shift of [-2, -1, 1, 2]) {
          const low = Math.min(0, Math.max(min, Math.floor(rangeMin[0] / width + shift) * width));
          const high = Math.max(0, Math.min(max, Math.ceil(rangeMax[0] / width + shift) * width));
          expect(error).toBeLessThanOrEqual(errorAt(low, rangeMax[0]) * 1.02 + 1e-9);
          expect(error).toBeLessThanOrEqual(errorAt(rangeMin[0], high) * 1.02 + 1e-9);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('is as good, on the values themselves, as the search over all of them', () => {
    const random = createRandom(11);
    const x = Float32Array.from({ length: 50_000 }, () => random.normal() * (random.float() < 0.01 ? 6 : 1));
    for (const bits of [2, 3, 4, 6, 8] as const) {
      for (const mapping of MAPPINGS) {
        const searched = measureError(x, quantizeAffine(x, { bits, mapping, scaleMethod: 'mse' })).mse;
        const range = observing('histogramMse', { bits, mapping }, x).range();
        const observed = measureError(x, quantizeAffine(x, { bits, mapping, ...range })).mse;
        expect(observed / searched).toBeLessThan(1.02);
      }
    }
  });
});

describe('meanStd', () => {
  it('is the mean and the deviation of all the values, to rounding', () => {
    fc.assert(
      fc.property(anyActivations, fc.double({ min: 0.1, max: 4, noNaN: true }), (x, sigmas) => {
        const mean = x.reduce((a, b) => a + b, 0) / x.length;
        const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length;
        const { rangeMin, rangeMax } = observing('meanStd', { mapping: 'asymmetric', sigmas }, x).range();
        const low = Math.max(Math.min(...x), mean - sigmas * Math.sqrt(variance));
        const high = Math.min(Math.max(...x), mean + sigmas * Math.sqrt(variance));
        expect(Math.abs(rangeMin[0] - low)).toBeLessThan(1e-4);
        expect(Math.abs(rangeMax[0] - high)).toBeLessThan(1e-4);
      }),
      { numRuns: 300 },
    );
  });

  it('has a deviation of exactly 0 for equal values far from 0', () => {
    const seen = observer('meanStd', { mapping: 'asymmetric' });
    for (let i = 0; i < 100; i++) seen.observe(new Float32Array(37).fill(16777215));
    expect(seen.range()).toEqual({
      rangeMin: Float32Array.of(16777215),
      rangeMax: Float32Array.of(16777215),
    });
  });
});
