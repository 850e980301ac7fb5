import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { upperCholesky } from '../../src/core/cholesky.js';

/** A A^T + ridge * I for a random A. */
const anyPositive = fc
  .record({ n: fc.integer({ min: 1, max: 12 }), ridge: fc.double({ min: 1e-3, max: 10, noNaN: true }) })
  .chain(({ n, ridge }) =>
    fc
      .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: n * n, maxLength: n * n })
      .map((a) => ({ n, matrix: product(Float64Array.from(a), n, ridge) })),
  );

function product(a: Float64Array, n: number, ridge = 0): Float64Array {
  const h = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let k = 0; k < n; k++)
        h[i * n + j] += a[i * n + k] * a[j * n + k] + (i === j && k === 0 ? ridge : 0);
  return h;
}

describe('upperCholesky()', () => {
  it('gives an upper triangle R with R R^T the matrix, to rounding', () => {
    fc.assert(
      fc.property(anyPositive, ({ n, matrix }) => {
        const r = matrix.slice();
        expect(upperCholesky(r, n)).toBe(-1);
        for (let i = 0; i < n; i++) {
          expect(r[i * n + i]).toBeGreaterThan(0);
          for (let j = 0; j < i; j++) expect(r[i * n + j]).toBe(0);
        }
        const again = product(r, n);
        const largest = Math.max(...matrix.map(Math.abs));
        again.forEach((v, i) => expect(Math.abs(v - matrix[i])).toBeLessThanOrEqual(n * 2 ** -50 * largest));
      }),
      { numRuns: 1000 },
    );
  });

  it('reads the upper triangle alone', () => {
    const whole = Float64Array.of(4, 2, 1, 2, 5, 3, 1, 3, 6);
    const upper = Float64Array.of(4, 2, 1, NaN, 5, 3, NaN, NaN, 6);
    expect(upperCholesky(whole, 3)).toBe(-1);
    expect(upperCholesky(upper, 3)).toBe(-1);
    expect(upper).toEqual(whole);
  });

  it.each([
    ['a negative pivot', [1, 2, 2, 1], 0],
    ['a zero matrix', [0, 0, 0, 0], 1],
    ['equal rows, whose pivot is 0', [1, 1, 1, 1], 0],
    ['rows that differ by rounding alone', [1 + 2 ** -52, 1, 1, 1], 0],
    ['NaN', [NaN, 0, 0, 1], 0],
    ['NaN beside the diagonal', [1, NaN, NaN, 1], 0],
    ['Infinity', [Infinity, 0, 0, 1], 0],
  ])('names the row of %s', (_, matrix, row) => {
    expect(upperCholesky(Float64Array.from(matrix), 2)).toBe(row);
  });
});
