import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceKernels } from '../../src/kernels/reference/index.js';
import { TWIN_RUNS, anyFloat, anyPlace, bitsOf, clearArena, guardedCopy, twins } from '../support/kernels.js';

const twin = fc.constantFrom(...twins().map(({ kernels }) => kernels));

const pairs = fc
  .array(fc.tuple(anyFloat, anyFloat), { maxLength: 300, size: 'max' })
  .map((list) => ({ a: Float32Array.from(list, ([x]) => x), b: Float32Array.from(list, ([, y]) => y) }));

describe('errorSums', () => {
  it('gives the same bits in every twin, touching nothing', () => {
    fc.assert(
      fc.property(twin, pairs, anyPlace, anyPlace, (kernels, { a, b }, from, other) => {
        clearArena();
        const first = guardedCopy(Float32Array, a, from);
        const second = guardedCopy(Float32Array, b, other);
        expect(kernels.errorSums(first.array, second.array)).toEqual(referenceKernels.errorSums(a, b));
        expect(first.intact() && second.intact()).toBe(true);
        expect(bitsOf(first.array)).toBe(bitsOf(a));
        expect(bitsOf(second.array)).toBe(bitsOf(b));
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('agrees with exact integer arithmetic on small integers', () => {
    const small = fc.integer({ min: -(2 ** 20), max: 2 ** 20 });
    fc.assert(
      fc.property(twin, fc.array(fc.tuple(small, small), { maxLength: 200 }), (kernels, list) => {
        const sum = (term: (a: bigint, b: bigint) => bigint): number =>
          Number(list.reduce((total, [a, b]) => total + term(BigInt(a), BigInt(b)), 0n));
        const sums = kernels.errorSums(
          Float32Array.from(list, ([a]) => a),
          Float32Array.from(list, ([, b]) => b),
        );
        expect(sums).toEqual({
          maxAbs: list.reduce((most, [a, b]) => Math.max(most, Math.abs(a - b)), 0),
          sumSquaredError: sum((a, b) => (a - b) * (a - b)),
          sumSquaredA: sum((a) => a * a),
          sumSquaredB: sum((_, b) => b * b),
          dot: sum((a, b) => a * b),
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('is NaN exactly where a NaN or a difference of infinities enters', () => {
    for (const kernels of [referenceKernels, ...twins().map((entry) => entry.kernels)]) {
      const { maxAbs, sumSquaredError, sumSquaredA } = kernels.errorSums(
        Float32Array.of(1, Infinity, 2, 3, 4),
        Float32Array.of(1, Infinity, 0, 0, 0),
      );
      expect([maxAbs, sumSquaredError, sumSquaredA]).toEqual([NaN, NaN, Infinity]);
    }
  });
});
