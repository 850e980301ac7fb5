import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hadamard } from '../../../src/quantize/index.js';
import { bitsOf } from '../../support/kernels.js';

const SIZES = [2, 4, 8, 12, 16, 20, 24, 28, 32, 36, 44, 52, 60, 64, 100, 108, 124, 128];

const anyRow = fc.constantFrom(...SIZES).chain((n) =>
  fc.record({
    n: fc.constant(n),
    exponent: fc.integer({ min: -90, max: 90 }),
    values: fc.oneof(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: n, maxLength: n, size: 'max' }),
      // One outlier among small numbers: what rotations are for.
      fc
        .array(fc.double({ min: -1e-3, max: 1e-3, noNaN: true }), { minLength: n, maxLength: n, size: 'max' })
        .map((small) => [1, ...small.slice(1)]),
    ),
    seed: fc.option(fc.nat(), { nil: undefined }),
  }),
);

const toRow = (values: readonly number[], exponent: number): Float32Array<ArrayBuffer> =>
  // A floor of 2^-20 keeps rows away from underflow, where the bound does not hold.
  Float32Array.from(values, (v) => (Math.abs(v) < 2 ** -20 ? 0 : v) * 2 ** exponent);

const length = (x: ArrayLike<number>): number =>
  Math.sqrt(Array.from(x, (v) => v * v).reduce((a, b) => a + b, 0));

describe('hadamard', () => {
  it('comes back within 4 log2(n) ulp of the length of the row, and keeps the length', () => {
    let worst = 0;
    fc.assert(
      fc.property(anyRow, ({ n, values, exponent, seed }) => {
        const x = toRow(values, exponent);
        const options = seed === undefined ? {} : { seed };
        const there = hadamard(x, options).data;
        const back = hadamard(there, { ...options, inverse: true }).data;
        const bound = 4 * Math.log2(n) * 2 ** -23 * length(x);
        const error = length(back.map((v, i) => v - x[i]));
        expect(error).toBeLessThanOrEqual(bound);
        if (bound > 0) worst = Math.max(worst, error / bound);
        expect(Math.abs(length(there) - length(x))).toBeLessThanOrEqual(bound / 2);
      }),
      { numRuns: 10_000 },
    );
    // Roundings partly cancel, so the proved bound is not reached; a transform without rounding would be at 0.
    expect(worst).toBeGreaterThan(0.1);
  });

  it('keeps inner products, so that rotated weights and inputs give the same outputs', () => {
    fc.assert(
      fc.property(anyRow, fc.nat(), ({ values }, seed) => {
        const x = toRow(values, 0);
        const w = toRow([...values].reverse(), 0);
        const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
          Array.from(a, (v, i) => v * b[i]).reduce((s, v) => s + v, 0);
        const rotated = dot(hadamard(x, { seed }).data, hadamard(w, { seed }).data);
        const bound = 4 * Math.log2(values.length) * 2 ** -23 * length(x) * length(w);
        expect(Math.abs(rotated - dot(x, w))).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 1000 },
    );
  });

  it('scales with powers of two, to the bit', () => {
    fc.assert(
      fc.property(anyRow, fc.integer({ min: -20, max: 20 }), ({ values }, k) => {
        const x = toRow(values, 0);
        const scaled = hadamard(x.map((v) => v * 2 ** k)).data;
        expect(bitsOf(scaled)).toBe(bitsOf(hadamard(x).data.map((v) => v * 2 ** k)));
      }),
      { numRuns: 500 },
    );
  });
});
