import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimdGemm, gemm } from '../../src/kernels/gemm/family.js';
import { referenceGemm } from '../../src/kernels/gemm/reference.js';
import {
  TWIN_RUNS,
  anyFloats,
  anyPlace,
  bitsOf,
  clearArena,
  guarded,
  guardedCopy,
  twinsOf,
} from '../support/kernels.js';

const twin = fc.constantFrom(...twinsOf(gemm, createSimdGemm).map(({ kernels }) => kernels));

const matrix = fc
  .record({ rows: fc.integer({ min: 0, max: 11 }), columns: fc.integer({ min: 0, max: 70 }) })
  .chain(({ rows, columns }) =>
    fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
      w: anyFloats(rows * columns),
      x: anyFloats(columns),
    }),
  );

describe('gemvF32', () => {
  it('gives the same bits in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, matrix, anyPlace, anyPlace, anyPlace, (kernels, { rows, columns, w, x }, p, q, s) => {
        clearArena();
        const left = guardedCopy(Float32Array, w, p);
        const right = guardedCopy(Float32Array, x, q);
        const out = guarded(Float32Array, rows, s);
        const expected = new Float32Array(rows);
        referenceGemm.gemvF32(expected, left.array, right.array, rows, columns);
        kernels.gemvF32(out.array, left.array, right.array, rows, columns);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(left.intact() && right.intact() && out.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('is exact on small whole numbers', () => {
    const small = fc.integer({ min: -64, max: 64 });
    fc.assert(
      fc.property(twin, fc.array(fc.tuple(small, small), { maxLength: 300 }), (kernels, pairs) => {
        const y = new Float32Array(1);
        const w = Float32Array.from(pairs, ([a]) => a);
        const x = Float32Array.from(pairs, ([, b]) => b);
        kernels.gemvF32(y, w, x, 1, pairs.length);
        expect(y[0] + 0).toBe(pairs.reduce((sum, [a, b]) => sum + a * b, 0) + 0);
      }),
      { numRuns: 500 },
    );
  });
});
