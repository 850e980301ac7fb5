import fc from 'fast-check';
import { setBackend } from 'tensorslim';
import {
  lowRank,
  expandLowRank,
  randomizedSvd,
  svd,
  truncatedSvd,
  type PartialSvd,
} from 'tensorslim/factorize';
import { describe, expect, it } from 'vitest';
import { bitsOf } from '../support/kernels.js';
import {
  anyMatrix,
  differenceOf,
  normOf,
  normalMatrix,
  productOf,
  type TestMatrix,
} from '../support/matrices.js';

/** |a - u diag(s) v^T|_F / |a|_F without a rounding: whole multiples of 2^-1074 as bigint are slow, so in pairs of float64. */
function trueError(a: TestMatrix, { u, s, v }: PartialSvd): number {
  const [rows, columns] = a.shape;
  let rest = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const terms = [a.data[i * columns + j]];
      for (let k = 0; k < s.length; k++) {
        const [x, low] = twoProduct(u.data[i * s.length + k], s[k]);
        const [high, rest1] = twoProduct(x, v.data[j * s.length + k]);
        terms.push(-high, -rest1, -low * v.data[j * s.length + k]);
      }
      const difference = exactSum(terms);
      rest += difference * difference;
    }
  }
  return Math.sqrt(rest) / normOf(a.data);
}

function twoProduct(x: number, y: number): [number, number] {
  const split = (z: number): [number, number] => {
    const high = 134217729 * z - (134217729 * z - z);
    return [high, z - high];
  };
  const [[a, b], [c, d]] = [split(x), split(y)];
  const product = x * y;
  return [product, b * d - (product - a * c - b * c - a * d)];
}

/** Shewchuk's sum: partial sums that do not overlap. */
function exactSum(terms: readonly number[]): number {
  let partials: number[] = [];
  for (let x of terms) {
    const next: number[] = [];
    for (let y of partials) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y;
      const low = y - (high - x);
      if (low !== 0) next.push(low);
      x = high;
    }
    partials = [...next, x];
  }
  return partials.reduceRight((sum, x) => sum + x, 0);
}

const isOrdinary = (a: TestMatrix): boolean =>
  normOf(a.data) > 1e-100 && a.data.every((x) => x === 0 || Math.abs(x) > 1e-100);

const ranked = anyMatrix.filter(isOrdinary).chain((a) =>
  fc.record({
    a: fc.constant(a),
    rank: fc.integer({ min: 1, max: Math.min(...a.shape) }),
    seed: fc.nat(),
    powers: fc.nat(2),
    oversample: fc.nat(4),
    isNarrow: fc.boolean(),
  }),
);

describe('truncatedSvd()', () => {
  it('is off by the root of the sum of the squares of what it leaves out (Eckart and Young)', () => {
    fc.assert(
      fc.property(ranked, ({ a, rank }) => {
        const { s } = svd(a);
        const cut = truncatedSvd(a, { rank });
        const norm = normOf(a.data);
        const tail = normOf(s.subarray(rank)) / norm;
        expect(bitsOf(cut.s)).toBe(bitsOf(s.slice(0, rank)));
        expect(Math.abs(cut.residual - tail)).toBeLessThanOrEqual(1e-13);
        const found = trueError(a, cut);
        expect(cut.certificate.relativeError).toBeGreaterThanOrEqual(found);
        expect(cut.certificate.relativeError).toBeLessThanOrEqual(found * (1 + 1e-12) + 1e-13);
      }),
      { numRuns: 500 },
    );
  });

  it('is nearer to a matrix than any other product of that rank', () => {
    fc.assert(
      fc.property(ranked, fc.nat(), ({ a, rank }, seed) => {
        const other = productOf(
          normalMatrix(a.shape[0], rank, seed),
          normalMatrix(rank, a.shape[1], seed + 1),
        );
        const own = truncatedSvd(a, { rank }).residual * normOf(a.data);
        expect(own).toBeLessThanOrEqual(normOf(a.data.map((x, i) => x - other.data[i])) * (1 + 1e-12));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps within its tolerance and keeps its energy', () => {
    fc.assert(
      fc.property(anyMatrix.filter(isOrdinary), fc.double({ min: 0, max: 1, noNaN: true }), (a, share) => {
        const close = truncatedSvd(a, { tolerance: share });
        expect(close.residual).toBeLessThanOrEqual(share * (1 + 1e-12) + 1e-13);
        const kept = truncatedSvd(a, { energy: share });
        expect(1 - kept.residual ** 2).toBeGreaterThanOrEqual(share - 1e-12);
      }),
      { numRuns: 300 },
    );
  });
});

describe('randomizedSvd()', () => {
  it('certifies no less than its true error, and its basis is orthonormal', () => {
    fc.assert(
      fc.property(ranked, ({ a, rank, seed, powers, oversample, isNarrow }) => {
        const data = isNarrow ? a.data.map(Math.fround) : a.data;
        if (normOf(data) === 0 || !isOrdinary({ data, shape: a.shape })) return;
        const given = { data: isNarrow ? Float32Array.from(data) : data, shape: a.shape };
        const found = randomizedSvd(given, { rank, seed, powerIterations: powers, oversample });
        expect(found.certificate.relativeError).toBeGreaterThanOrEqual(
          trueError({ data, shape: a.shape }, found),
        );
        expect(found.certificate.relativeError).toBeLessThanOrEqual(found.residual * (1 + 1e-12) + 1e-13);
        expect(found.orthogonality).toBeLessThanOrEqual(1e-13);
      }),
      { numRuns: 1000 },
    );
  });

  it('never finds larger values than there are, and never less error than the best', () => {
    fc.assert(
      fc.property(ranked, ({ a, rank, seed, powers, oversample }) => {
        const { s } = svd(a);
        const found = randomizedSvd(a, { rank, seed, powerIterations: powers, oversample });
        found.s.forEach((value, i) => expect(value).toBeLessThanOrEqual(s[i] + 1e-13 * s[0]));
        expect(found.residual).toBeGreaterThanOrEqual(normOf(s.subarray(rank)) / normOf(a.data) - 1e-13);
      }),
      { numRuns: 300 },
    );
  });

  it('finds matrices of its rank or less, whatever the seed', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), (seed, rank) => {
        const a = productOf(normalMatrix(40, rank, seed), normalMatrix(rank, 30, seed + 1));
        const { residual, orthogonality } = randomizedSvd(a, { rank: 5, seed });
        expect(residual).toBeLessThan(1e-13);
        expect(orthogonality).toBeLessThan(1e-13);
      }),
      { numRuns: 50 },
    );
  });

  it('gives the same bytes for the same seed on every backend', () => {
    for (const Kind of [Float32Array, Float64Array]) {
      const a = { data: Kind.from(normalMatrix(70, 50).data), shape: [70, 50] };
      const simd = randomizedSvd(a, { rank: 8, seed: 3 });
      setBackend('scalar');
      try {
        expect(randomizedSvd(a, { rank: 8, seed: 3 })).toEqual(simd);
      } finally {
        setBackend('auto');
      }
      expect(bitsOf(randomizedSvd(a, { rank: 8, seed: 4 }).s)).not.toBe(bitsOf(simd.s));
    }
  });

  it('comes within a percent of the best error where values fall', () => {
    const left = randomizedSvd(normalMatrix(60, 60), { rank: 60 }).u;
    const a = { data: left.data.map((x, i) => x / (1 + (i % 60))), shape: [60, 60] as const };
    const best = truncatedSvd(a, { rank: 10 });
    for (let seed = 0; seed < 20; seed++) {
      const found = randomizedSvd(a, { rank: 10, seed });
      expect(found.residual).toBeLessThan(1.01 * best.residual);
      expect(normOf(differenceOf(a, found.u, found.s, found.v))).toBeGreaterThan(0);
    }
  });
});

describe('lowRank()', () => {
  it('tells the largest and the relative error of what expandLowRank returns', () => {
    fc.assert(
      fc.property(ranked, ({ a, rank }) => {
        const w = { data: Float32Array.from(a.data), shape: a.shape };
        if (normOf(w.data) === 0) return;
        const factors = lowRank(w, { rank });
        const values = expandLowRank(factors);
        const differences = Float64Array.from(w.data, (x, i) => x - values[i]);
        const most = differences.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
        expect(factors.maxError).toBeGreaterThanOrEqual(most);
        expect(factors.maxError).toBeLessThanOrEqual(most * 1.01);
        expect(factors.relativeError).toBeCloseTo(normOf(differences) / normOf(w.data), 12);
      }),
      { numRuns: 300 },
    );
  });
});
