import fc from 'fast-check';
import { createRandom, dequantizeCodebook, measureError, quantizeCodebook } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { kMeans } from '../../../src/quantize/codebook/codebook-kmeans.js';

const anyValues = fc.oneof(
  fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 60 }),
  // Few different values, many times each.
  fc.array(fc.constantFrom(-1, 0, 0.5, 3, 1e6), { minLength: 1, maxLength: 60 }),
  // Far from 0, where squares lose what they differ by.
  fc.array(
    fc.float({ min: -1, max: 1, noNaN: true }).map((v) => Math.fround(1e4 + v)),
    { minLength: 1, maxLength: 60 },
  ),
);
const anyWeight = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: 0.01, max: 10, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(0) },
  // Lost in running sums.
  { weight: 1, arbitrary: fc.constantFrom(1e-30, 1e30) },
);

/** Values with weights that are not all 0, or none. */
const anyWeighted = anyValues.chain((values) =>
  fc.record({
    values: fc.constant(Float32Array.from(values)),
    weights: fc.option(
      fc
        .array(anyWeight, { minLength: values.length, maxLength: values.length })
        .map((weights) => Float64Array.from(weights, (w, i) => (i === 0 ? Math.max(w, 0.5) : w))),
    ),
  }),
);

/** The definition: every element with its nearest level. */
function inertiaOf(values: Float32Array, weights: Float64Array | null, levels: Float32Array): number {
  let sum = 0;
  values.forEach((v, i) => {
    const distance = Math.min(...Array.from(levels, (level) => Math.abs(v - level)));
    sum += (weights === null ? 1 : weights[i]) * distance * distance;
  });
  return sum;
}

/** The least inertia there is: every way to cut the sorted values into k stretches, by dynamic programming. */
function leastInertia(values: Float32Array, weights: Float64Array | null, k: number): number {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const costOf = (begin: number, end: number): number => {
    let total = 0;
    let sum = 0;
    for (let i = begin; i < end; i++) {
      const w = weights === null ? 1 : weights[order[i]];
      total += w;
      sum += w * values[order[i]];
    }
    let cost = 0;
    for (let i = begin; i < end && total > 0; i++) {
      cost += (weights === null ? 1 : weights[order[i]]) * (values[order[i]] - sum / total) ** 2;
    }
    return cost;
  };
  let best = Array.from({ length: values.length + 1 }, (_, end) => costOf(0, end));
  for (let stretches = 2; stretches <= k; stretches++) {
    best = best.map((_, end) =>
      Math.min(...Array.from({ length: end + 1 }, (_unused, begin) => best[begin] + costOf(begin, end))),
    );
  }
  return best[values.length];
}

describe('k-means', () => {
  it('never ends above where it began, and tells the inertia of its levels', () => {
    fc.assert(
      fc.property(anyWeighted, fc.integer({ min: 2, max: 20 }), fc.nat(5), ({ values, weights }, k, seed) => {
        const { levels, inertia, startInertia, iterations } = kMeans(values, weights, k, seed);
        expect(levels.length).toBe(k);
        for (let j = 1; j < k; j++) expect(levels[j]).toBeGreaterThanOrEqual(levels[j - 1]);
        expect(inertia).toBeLessThanOrEqual(startInertia);
        expect(iterations).toBeLessThanOrEqual(300);
        const direct = inertiaOf(values, weights, levels);
        expect(Math.abs(inertia - direct)).toBeLessThanOrEqual(1e-9 * direct + 1e-30);
      }),
      { numRuns: 2000 },
    );
  });

  it('is exact where there are no more different values than levels: no cluster is left empty', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 16 }),
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 1, max: 5 }),
        (distinct, more, times) => {
          const k = Math.max(distinct.length + more, 2);
          const x = Float32Array.from(Array.from({ length: times }, () => distinct).flat());
          const c = quantizeCodebook(x, { codebook: { kmeans: k } });
          expect(dequantizeCodebook(c)).toEqual(x);
          expect(c.fit?.inertia).toBe(0);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('comes close to the least inertia there is', () => {
    const ratios: number[] = [];
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 24 }),
        fc.integer({ min: 2, max: 5 }),
        (list, k) => {
          const values = Float32Array.from(list);
          const least = leastInertia(values, null, k);
          const { inertia } = kMeans(values, null, k, 0);
          expect(inertia).toBeGreaterThanOrEqual(least * (1 - 1e-6) - 1e-9);
          if (least > 1e-6) ratios.push(inertia / least);
        },
      ),
      { numRuns: 500, seed: 7 },
    );
    const near = ratios.filter((ratio) => ratio < 1.001).length;
    expect(near / ratios.length).toBeGreaterThan(0.9);
  });

  it('gives the same again, the same for the same seed, and counts elements by their weights', () => {
    fc.assert(
      fc.property(anyWeighted, fc.integer({ min: 2, max: 9 }), ({ values, weights }, k) => {
        const first = kMeans(values, weights, k, 3);
        expect(kMeans(values, weights, k, 3)).toEqual(first);
        // A weight of 2 is the element twice.
        const twice = Float32Array.from(Array.from(values, (v) => [v, v]).flat());
        const doubled = kMeans(values, new Float64Array(values.length).fill(2), k, 3);
        const { inertia } = kMeans(twice, null, k, 3);
        expect(inertia).toBeGreaterThanOrEqual(0);
        expect(inertiaOf(twice, null, doubled.levels)).toBeCloseTo(
          doubled.inertia,
          3 - Math.log10(1 + doubled.inertia),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('ignores elements of weight 0', () => {
    const values = Float32Array.of(1, 2, 1000, 2000);
    const { levels, inertia } = kMeans(values, Float64Array.of(1, 1, 0, 0), 2, 0);
    expect(Array.from(levels)).toEqual([1, 2]);
    expect(inertia).toBe(0);
  });

  it('finds the 16 levels of least squared error for normal numbers: 20.2 dB, as Lloyd and Max', () => {
    const random = createRandom(5);
    const x = Float32Array.from({ length: 200_000 }, () => random.normal());
    const c = quantizeCodebook(x, { codebook: { kmeans: 16 } });
    expect(measureError(x, c).sqnrDb).toBeGreaterThan(20.18);
    expect(c.fit?.inertia).toBeCloseTo(measureError(x, c).mse * x.length, 3);
  });

  it('is better than NF4 in its own blocks, and minds the weights there', () => {
    const random = createRandom(6);
    const x = Float32Array.from({ length: 20_000 }, (_, i) => random.normal() * (i % 128 < 64 ? 1 : 0.1));
    const own = quantizeCodebook(x, { codebook: { kmeans: 16 }, blockSize: 64 });
    const nf4 = quantizeCodebook(x, { codebook: 'nf4' });
    expect(measureError(x, own).mse).toBeLessThan(measureError(x, nf4).mse);
    expect(own.fit?.inertia).toBeCloseTo(measureError(x, own).mse * x.length, 2);
    const weights = x.map((_, i) => (i % 128 < 64 ? 0 : 1));
    const small = quantizeCodebook(x, { codebook: { kmeans: 16, weights }, blockSize: 64 });
    const errorOfSmall = (c: typeof own): number => {
      const values = dequantizeCodebook(c);
      return x.reduce((sum, v, i) => sum + weights[i] * (v - values[i]) ** 2, 0);
    };
    expect(errorOfSmall(small)).toBeLessThanOrEqual(errorOfSmall(own));
  });
});
