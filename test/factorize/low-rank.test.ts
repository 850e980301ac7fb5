import { NumericError } from 'tensorslim';
import {
  chooseRank,
  expandLowRank,
  lowRank,
  randomizedSvd,
  svd,
  truncatedSvd,
  type RankRule,
} from 'tensorslim/factorize';
import { describe, expect, it } from 'vitest';
import { marchenkoPasturMedian } from '../../src/factorize/gavish-donoho.js';
import { normalMatrix, productOf, type TestMatrix } from '../support/matrices.js';
import { NOT_TENSORS } from '../support/wrong-types.js';

const three = { data: Float64Array.of(3, 0, 0, 0, 2, 0, 0, 0, 1), shape: [3, 3] };

/** A product of this rank plus noise. */
function noisy(rows: number, columns: number, rank: number, noise: number): TestMatrix {
  const signal = productOf(normalMatrix(rows, rank, 5), normalMatrix(rank, columns, 6));
  const random = normalMatrix(rows, columns, 7);
  return { data: signal.data.map((x, i) => x + noise * random.data[i]), shape: [rows, columns] };
}

describe('chooseRank()', () => {
  const s = Float64Array.of(3, 2, 1);

  it('keeps energy and tolerance at the least rank that does', () => {
    const ranks = (key: 'energy' | 'tolerance', ...shares: number[]): number[] =>
      shares.map((share) => chooseRank(s, { [key]: share } as { energy: number }));
    expect(ranks('energy', 0, 0.6, 0.65, 0.9, 0.93, 1)).toEqual([0, 1, 2, 2, 3, 3]);
    expect(ranks('tolerance', 1, 0.6, 0.59, 0.27, 0.26, 0)).toEqual([0, 1, 2, 2, 3, 3]);
    expect(chooseRank([], { energy: 0.5 })).toBe(0);
    expect(chooseRank([0, 0], { energy: 1 })).toBe(0);
    expect(chooseRank([1e300, 1e300, 1e280], { tolerance: 1e-10 })).toBe(2);
  });

  it('spends a budget of parameters, and names the smallest that is enough', () => {
    const budget = (parameters: number): RankRule => ({ budget: { rows: 100, columns: 50, parameters } });
    expect([150, 299, 300, 1e6].map((parameters) => chooseRank(s, budget(parameters)))).toEqual([1, 1, 2, 3]);
    expect(() => chooseRank(s, budget(149))).toThrow(
      'expected at least 150, the parameters of rank 1, got 149',
    );
  });

  it('has the constants of Gavish and Donoho, exact', () => {
    const omega = (b: number): number => {
      const count = 1001;
      // The threshold lies between neighbours of a list with median 1: its place tells omega to 1e-4.
      const values = Float64Array.from({ length: count }, (_, i) =>
        i < 500 ? 3.5 - i * 0.005 : i === 500 ? 1 : 0.5,
      );
      const columns = Math.floor(count / b);
      return 3.5 - 0.005 * chooseRank(values, { gavishDonoho: { rows: count, columns } });
    };
    expect(omega(1)).toBeGreaterThan(2.85);
    expect(omega(1)).toBeLessThan(2.8601);
    const exact = (b: number): number =>
      Math.sqrt(2 * (b + 1) + (8 * b) / (b + 1 + Math.sqrt(b * b + 14 * b + 1))) /
      Math.sqrt(marchenkoPasturMedian(b));
    [
      [1, 2.8584],
      [0.5, 2.1712],
      [0.25, 1.8369],
      [0.1, 1.6089],
    ].forEach(([b, value]) => expect(Math.abs(exact(b) - value)).toBeLessThan(1.5e-4));
  });

  it('finds the rank of a matrix in noise', () => {
    for (const [rows, columns] of [
      [60, 60],
      [40, 90],
      [90, 40],
    ]) {
      const a = noisy(rows, columns, 4, 0.5);
      const { s: values } = svd(a, { kind: 'values' });
      const size = { rows, columns };
      expect(chooseRank(values, { gavishDonoho: size })).toBe(4);
      expect(chooseRank(values, { gavishDonoho: { ...size, noise: 0.5 } })).toBe(4);
      expect(chooseRank(values, { evbmf: size })).toBe(4);
      expect(chooseRank(values, { evbmf: { ...size, noise: 0.5 } })).toBe(4);
    }
  });

  it('keeps at least rank 1 with evbmf, also of noise, zeros among the values and exact ranks', () => {
    const size = { rows: 30, columns: 50 };
    const { s: values } = svd(normalMatrix(30, 50), { kind: 'values' });
    expect(chooseRank(values, { evbmf: size })).toBe(1);
    const { s: exact } = svd(productOf(normalMatrix(30, 3), normalMatrix(3, 50, 2)), { kind: 'values' });
    const whole = Float64Array.from(exact, (value) => (value < 1e-9 ? 0 : value));
    expect(chooseRank(whole, { evbmf: size })).toBe(3);
    expect(chooseRank(new Float64Array(30), { evbmf: size })).toBe(0);
    expect(chooseRank(Float64Array.of(2), { evbmf: { rows: 1, columns: 1 } })).toBe(1);
  });

  it('refuses wrong values and rules', () => {
    expect(() => chooseRank(Float64Array.of(1, 2), { energy: 1 })).toThrow(
      '"s[1]" expected descending values',
    );
    expect(() => chooseRank(Float64Array.of(-1), { energy: 1 })).toThrow(RangeError);
    expect(() => chooseRank(Float64Array.of(NaN), { energy: 1 })).toThrow(NumericError);
    expect(() => chooseRank({ data: s, shape: [3, 1] } as unknown as number[], { energy: 1 })).toThrow(
      'one axis',
    );
    expect(() => chooseRank(s, {} as { energy: number })).toThrow('one of the keys');
    expect(() => chooseRank(s, { energy: 1, tolerance: 1 } as { energy: number })).toThrow(RangeError);
    expect(() => chooseRank(s, { enrgy: 1 } as unknown as { energy: number })).toThrow(
      'did you mean "energy"?',
    );
    expect(() => chooseRank(s, 3 as unknown as { energy: number })).toThrow(TypeError);
    expect(() => chooseRank(s, { energy: '1' as unknown as number })).toThrow(TypeError);
    expect(() => chooseRank(s, { energy: 1.5 })).toThrow(RangeError);
    expect(() => chooseRank(s, { gavishDonoho: { rows: 4, columns: 4 } })).toThrow('all 4 singular values');
    const size = { rows: 3, columns: 3 };
    expect(() => chooseRank(s, { gavishDonoho: { ...size, noise: 0 } })).toThrow(RangeError);
    expect(() => chooseRank(s, { evbmf: { ...size, noise: '1' as unknown as number } })).toThrow(TypeError);
  });
});

describe('truncatedSvd() and randomizedSvd()', () => {
  it('cut at a rank, an energy or a tolerance', () => {
    expect(Array.from(truncatedSvd(three, { rank: 2 }).s)).toEqual([3, 2]);
    expect(Array.from(truncatedSvd(three, { energy: 0.9 }).s)).toEqual([3, 2]);
    expect(truncatedSvd(three, { tolerance: 1 })).toMatchObject({
      algorithm: 'empty',
      residual: 1,
      u: { shape: [3, 0] },
    });
    expect(truncatedSvd(three, { rank: 1, method: 'randomized' }).algorithm).toBe('randomized');
    const zeros = { data: new Float64Array(6), shape: [2, 3] };
    expect(truncatedSvd(zeros, { energy: 0.5 }).certificate).toEqual({ relativeError: 0 });
    expect(truncatedSvd(zeros, { rank: 2 }).certificate).toEqual({ relativeError: 0 });
    expect(randomizedSvd(zeros, { rank: 2 }).certificate).toEqual({ relativeError: 0 });
  });

  it('give empty results for empty matrices', () => {
    const empty = { data: new Float32Array(0), shape: [0, 3] };
    expect(randomizedSvd(empty, { rank: 0 })).toMatchObject({
      algorithm: 'empty',
      u: { shape: [0, 0] },
      v: { shape: [3, 0] },
    });
    expect(truncatedSvd(empty, { rank: 0 }).s.length).toBe(0);
    expect(truncatedSvd(empty, { energy: 0.5 }).s.length).toBe(0);
  });

  it('refuse ranks out of range and options that do not go together', () => {
    for (const rank of [0, 4, 1.5, NaN, -1]) {
      expect(() => truncatedSvd(three, { rank })).toThrow(RangeError);
      expect(() => randomizedSvd(three, { rank })).toThrow('a whole number from 1 to 3');
    }
    expect(() => randomizedSvd(three, { rank: '1' as unknown as number })).toThrow(TypeError);
    expect(() => randomizedSvd(three, { rank: 1, oversample: -1 })).toThrow(RangeError);
    expect(() => randomizedSvd(three, { rank: 1, powerIterations: 0.5 })).toThrow(RangeError);
    expect(() => randomizedSvd(three, { rank: 1, seed: -1 })).toThrow(RangeError);
    expect(() => truncatedSvd(three, {})).toThrow('one of rank, energy and tolerance');
    expect(() => truncatedSvd(three, { rank: 1, energy: 1 })).toThrow(RangeError);
    expect(() => truncatedSvd(three, { energy: 2 })).toThrow(RangeError);
    expect(() => truncatedSvd(three, { energy: 0.5, method: 'randomized' })).toThrow("'exact' for energy");
    const bad = { data: Float32Array.of(1, NaN), shape: [1, 2] };
    expect(() => randomizedSvd(bad, { rank: 1 })).toThrow(NumericError);
    expect(() => truncatedSvd(bad, { rank: 1 })).toThrow('at index 1');
  });
});

describe('lowRank()', () => {
  const w = { data: Float32Array.from({ length: 24 }, (_, i) => ((i * 7) % 11) - 5), shape: [4, 3, 2] };

  it('takes the axes after the first together, and is exact at full rank but for rounding', () => {
    const factors = lowRank(w, { rank: 4 });
    expect([factors.left.length, factors.right.length, factors.shape]).toEqual([16, 24, [4, 3, 2]]);
    expect(factors.maxError).toBeLessThan(1e-5);
    const out = new Float32Array(24);
    expect(expandLowRank(factors, { out })).toBe(out);
    out.forEach((x, i) => expect(Math.abs(x - w.data[i])).toBeLessThanOrEqual(factors.maxError));
    expect(Array.from(expandLowRank(structuredClone(factors)))).toEqual(Array.from(out));
  });

  it('gives empty factors for empty weights and for a tolerance of 1', () => {
    expect(lowRank({ data: new Float32Array(0), shape: [0, 3] }, { rank: 0 }).relativeError).toBe(0);
    const none = lowRank(w, { tolerance: 1 });
    expect([none.rank, none.relativeError]).toEqual([0, 1]);
    expect(expandLowRank(none).every((x) => x === 0)).toBe(true);
  });

  it('refuses what is no weight and what lowRank did not return', () => {
    for (const [, wrong] of NOT_TENSORS)
      expect(() => lowRank(wrong as Float32Array, { rank: 1 })).toThrow(TypeError);
    expect(() => lowRank(Float32Array.of(1), { rank: 1 })).toThrow('at least two axes');
    expect(() => lowRank({ data: Float32Array.of(NaN), shape: [1, 1] }, { rank: 1 })).toThrow(NumericError);
    expect(() => lowRank(w, { rank: 5 })).toThrow(RangeError);
    const factors = lowRank(w, { rank: 2 });
    expect(() => expandLowRank({ ...factors, left: new Float32Array(3) })).toThrow(
      'factors of 8 and 12 elements',
    );
    expect(() => expandLowRank({ kind: 'affine' } as unknown as typeof factors)).toThrow(TypeError);
    expect(() => expandLowRank(factors, { out: new Float32Array(3) })).toThrow(RangeError);
  });
});
