import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimdHadamard, hadamardFamily } from '../../src/kernels/hadamard/family.js';
import { referenceHadamard } from '../../src/kernels/hadamard/reference.js';
import {
  TWIN_RUNS,
  anyFloats,
  anyPlace,
  bitsOf,
  clearArena,
  guarded,
  guardedCopy,
  list,
  twinsOf,
} from '../support/kernels.js';

const twin = fc.constantFrom(...twinsOf(hadamardFamily, createSimdHadamard).map(({ kernels }) => kernels));
const signs = (n: number): fc.Arbitrary<number[]> => list(fc.constantFrom(1, -1), n);

const anyTransform = fc
  .record({
    power: fc.constantFrom(1, 2, 4, 8, 16, 32, 64, 128, 256),
    base: fc.oneof(
      { weight: 3, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.constantFrom(4, 12, 20) },
    ),
    rows: fc.integer({ min: 0, max: 3 }),
  })
  .filter(({ power, base }) => power * base <= 640)
  .chain(({ power, base, rows }) =>
    fc.record({
      power: fc.constant(power),
      base: fc.constant(base),
      rows: fc.constant(rows),
      x: anyFloats(rows * power * base),
      matrix: signs(base === 1 ? 0 : base * base),
      before: fc.option(signs(power * base)),
      after: fc.option(signs(power * base)),
      scale: fc.constantFrom(1, 0.25, Math.fround(1 / Math.sqrt(2))),
    }),
  );

describe('hadamard', () => {
  it('gives the same bits in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, anyTransform, anyPlace, anyPlace, anyPlace, (kernels, transform, p, q, s) => {
        clearArena();
        const { power, base, rows, scale } = transform;
        const x = guardedCopy(Float32Array, transform.x, p);
        const out = guarded(Float32Array, x.array.length, q);
        const matrix = guardedCopy(Float32Array, transform.matrix, s);
        const factors = (values: number[] | null): Float32Array<ArrayBuffer> | null =>
          values === null ? null : guardedCopy(Float32Array, values, s).array;
        const before = factors(transform.before);
        const after = factors(transform.after);
        const rule = { power, base, matrix: matrix.array, before, after, scale };
        const expected = new Float32Array(x.array.length);
        referenceHadamard.hadamard(expected, x.array, rows, rule);
        kernels.hadamard(out.array, x.array, rows, rule);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(x.intact() && out.intact() && matrix.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('gives the same bits for long rows, which take every kind of pass', () => {
    for (const power of [1024, 2048, 4096, 8192, 131072]) {
      const x = Float32Array.from({ length: power }, (_, i) => Math.fround((((i * 7919) % 1009) - 504) / 7));
      const rule = { power, base: 1, matrix: new Float32Array(0), before: null, after: null, scale: 0.75 };
      const expected = new Float32Array(power);
      hadamardFamily.of('scalar').hadamard(expected, x, 1, rule);
      const out = new Float32Array(power);
      hadamardFamily.of('simd').hadamard(out, x, 1, rule);
      expect(bitsOf(out)).toBe(bitsOf(expected));
      if (power > 2048) continue;
      referenceHadamard.hadamard(out, x, 1, rule);
      expect(bitsOf(out)).toBe(bitsOf(expected));
    }
  });
});
