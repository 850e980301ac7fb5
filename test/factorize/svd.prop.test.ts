import fc from 'fast-check';
import { setBackend } from 'tensorslim';
import { svd, type FloatMatrix, type Svd } from 'tensorslim/factorize';
import { describe, expect, it } from 'vitest';
import { bitsOf } from '../support/kernels.js';
import {
  anyMatrix,
  differenceOf,
  normOf,
  spreadOf,
  transposeOf,
  type TestMatrix,
} from '../support/matrices.js';

const EPS = 2 ** -52;

const vectorsOf = ({ u, v }: Svd): [FloatMatrix, FloatMatrix] => {
  if (u === null || v === null) throw new Error('no vectors');
  return [u, v];
};

describe('svd()', () => {
  it('gives orthonormal u and v, descending s and the matrix back, and measures all that', () => {
    fc.assert(
      fc.property(anyMatrix, fc.constantFrom('thin' as const, 'full' as const), (a, kind) => {
        const found = svd(a, { kind });
        const [u, v] = vectorsOf(found);
        const [rows, columns] = a.shape;
        const least = Math.min(rows, columns);
        expect(found.s.length).toBe(least);
        expect(u.shape).toEqual([rows, kind === 'full' ? rows : least]);
        expect(v.shape).toEqual([columns, kind === 'full' ? columns : least]);
        found.s.forEach((value, i) => expect(value).toBeLessThanOrEqual(i === 0 ? Infinity : found.s[i - 1]));
        expect(found.s[least - 1]).toBeGreaterThanOrEqual(0);
        const spread = Math.max(spreadOf(u), spreadOf(v));
        const bound = 8 * Math.max(rows, columns) * EPS;
        expect(spread).toBeLessThanOrEqual(bound);
        expect(Math.abs((found.orthogonality ?? NaN) - spread)).toBeLessThanOrEqual(bound);
        // Subnormal values of s are whole numbers of 2^-1074: their digits are lost, and told.
        if (found.s[0] > 0 && found.s[0] < 1e-290) return;
        const norm = normOf(a.data);
        const residual = norm === 0 ? 0 : normOf(differenceOf(a, u, found.s, v)) / norm;
        expect(residual).toBeLessThanOrEqual(bound);
        expect(Math.abs((found.residual ?? NaN) - residual)).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 1000 },
    );
  });

  it('makes the largest element of every column of u positive', () => {
    fc.assert(
      fc.property(anyMatrix, (a) => {
        const [u] = vectorsOf(svd(a));
        const [rows, columns] = u.shape;
        for (let k = 0; k < columns; k++) {
          const column = Array.from({ length: rows }, (_, i) => u.data[i * columns + k]);
          const largest = column.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most));
          expect(largest).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives a transposed matrix the same values and swaps u and v', () => {
    fc.assert(
      fc.property(anyMatrix, (a) => {
        const [x, y] = [svd(a), svd(transposeOf(a))];
        const most = 20 * EPS * x.s[0];
        x.s.forEach((value, i) => expect(Math.abs(value - y.s[i])).toBeLessThanOrEqual(most));
        if (a.shape[0] === a.shape[1]) return;
        expect(bitsOf(x.s)).toBe(bitsOf(y.s));
      }),
      { numRuns: 500 },
    );
  });

  it('scales exactly with powers of two', () => {
    fc.assert(
      fc.property(anyMatrix, fc.integer({ min: -900, max: 1000 }), (a, k) => {
        const least = a.data.reduce((m, x) => (x === 0 ? m : Math.min(m, Math.abs(x))), Infinity);
        const { s, u, residual } = svd(a);
        if (least < 1e-20 || (s.at(-1) ?? 0) < 1e-20) return;
        const scaled = svd({ data: a.data.map((x) => x * 2 ** k), shape: a.shape });
        expect(Array.from(scaled.s)).toEqual(Array.from(s, (x) => x * 2 ** k));
        expect(scaled.u?.data).toEqual(u?.data);
        expect(scaled.residual).toBe(residual);
      }),
      { numRuns: 500 },
    );
  });

  it('moves no value further than the matrix moves (Weyl, Mirsky)', () => {
    fc.assert(
      fc.property(anyMatrix, fc.double({ min: 0, max: 1, noNaN: true }), (a, size) => {
        const change = a.data.map((_, i) => size * (((i * 7919) % 13) / 13 - 0.5));
        const [x, y] = [svd(a), svd({ data: a.data.map((v, i) => v + change[i]), shape: a.shape })];
        const most = svd({ data: change, shape: a.shape }).s[0];
        const slack = 100 * EPS * (x.s[0] + most);
        x.s.forEach((value, i) => expect(Math.abs(value - y.s[i])).toBeLessThanOrEqual(most + slack));
        expect(normOf(x.s.map((value, i) => value - y.s[i]))).toBeLessThanOrEqual(normOf(change) + slack);
      }),
      { numRuns: 500 },
    );
  });

  it('gives the same values without vectors, and the same bits on every backend', () => {
    fc.assert(
      fc.property(anyMatrix, (a) => {
        const simd = svd(a, { kind: 'full' });
        expect(bitsOf(svd(a, { kind: 'values' }).s)).toBe(bitsOf(simd.s));
        setBackend('scalar');
        try {
          const scalar = svd(a, { kind: 'full' });
          expect(scalar).toEqual(simd);
        } finally {
          setBackend('auto');
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Columns and rows multiplied by any powers of ten, copies of columns, tiny and huge elements. */
const adversarial: fc.Arbitrary<TestMatrix> = fc
  .tuple(
    anyMatrix,
    fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 18, maxLength: 18 }),
    fc.nat(3),
  )
  .map(([a, powers, mode]) => {
    const [, columns] = a.shape;
    const data = a.data.map((x, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      if (mode === 0) return x * 10 ** powers[column];
      if (mode === 1) return x * 10 ** powers[9 + row];
      if (mode === 2) return x * 10 ** (powers[9 + row] / 2) * 10 ** (powers[column] / 2);
      return a.data[i - (column % 2)] * (1 + 1e-15 * powers[column]);
    });
    return { data, shape: a.shape };
  });

describe('svd() of 10,000 adversarial matrices', () => {
  it('ends, with vectors that are orthonormal and the matrix back', () => {
    fc.assert(
      fc.property(adversarial, (a) => {
        const { residual, orthogonality, s } = svd(a, { kind: 'full' });
        if (s[0] === 0 || s[0] > 1e-290) expect(residual).toBeLessThanOrEqual(100 * EPS);
        expect(orthogonality).toBeLessThanOrEqual(100 * EPS);
        expect(s.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});
