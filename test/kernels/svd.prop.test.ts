import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { F64 } from '../../src/core/arrays.js';
import { createSimdSvd, svdKernels } from '../../src/kernels/svd/family.js';
import { referenceSvd } from '../../src/kernels/svd/reference.js';
import {
  TWIN_RUNS,
  anyFloats,
  anyPlace,
  bitsOf,
  clearArena,
  guardedCopy,
  list,
  twinsOf,
} from '../support/kernels.js';

const twin = fc.constantFrom(...twinsOf(svdKernels, createSimdSvd).map(({ kernels }) => kernels));

/** Finite numbers, whole ones often: then some columns are orthogonal, parallel or zero. */
const finite = fc.oneof(
  fc.double({ min: -2, max: 2, noNaN: true }),
  fc.integer({ min: -2, max: 2 }),
  fc.double({ min: -1e-160, max: 1e-160, noNaN: true }),
);

describe('dot', () => {
  const two = fc.integer({ min: 0, max: 40 }).chain((n) => fc.tuple(anyFloats(n + 3), anyFloats(n + 1)));

  it('gives the same bits in every twin', () => {
    fc.assert(
      fc.property(twin, two, anyPlace, anyPlace, (kernels, [a, b], p, q) => {
        clearArena();
        const x = guardedCopy(Float64Array, a, p).array;
        const y = guardedCopy(Float64Array, b, q).array;
        const found = kernels.dot(x, 3, y, 1, b.length - 1);
        expect(found).toBe(referenceSvd.dot(x, 3, y, 1, b.length - 1));
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

describe('reflect', () => {
  const shape = fc
    .record({
      columns: fc.integer({ min: 0, max: 5 }),
      length: fc.integer({ min: 0, max: 21 }),
      gap: fc.integer({ min: 0, max: 3 }),
      begin: fc.integer({ min: 0, max: 3 }),
    })
    .chain((s) =>
      fc.record({
        shape: fc.constant(s),
        x: anyFloats(s.begin + s.columns * (s.length + s.gap)),
        v: anyFloats(s.length + 2),
        tau: fc.double({ min: 0, max: 2, noNaN: true }),
      }),
    );

  it('gives the same bits in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, shape, anyPlace, anyPlace, (kernels, { shape: s, x, v, tau }, p, q) => {
        clearArena();
        const stride = s.length + s.gap;
        const columns = guardedCopy(Float64Array, x, p);
        const vector = guardedCopy(Float64Array, v, q).array;
        const expected = Float64Array.from(x);
        referenceSvd.reflect(expected, s.begin, stride, s.columns, vector, 2, s.length, tau);
        kernels.reflect(columns.array, s.begin, stride, s.columns, vector, 2, s.length, tau);
        expect(bitsOf(columns.array)).toBe(bitsOf(expected));
        expect(columns.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

describe('rotate', () => {
  const matrix = fc
    .record({
      count: fc.integer({ min: 1, max: 7 }),
      dotLength: fc.integer({ min: 0, max: 19 }),
      more: fc.integer({ min: 0, max: 9 }),
      gap: fc.integer({ min: 0, max: 1 }),
      split: fc.integer({ min: 0, max: 7 }),
    })
    .chain((s) =>
      fc.record({
        s: fc.constant(s),
        x: list(finite, s.count * (s.dotLength + s.more + s.gap)),
        tolerance: fc.constantFrom(2 ** -50, 2 ** -20),
      }),
    );

  it('gives the same bits in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, matrix, anyPlace, anyPlace, (kernels, { s, x, tolerance }, p, q) => {
        clearArena();
        const { count, dotLength } = s;
        const length = dotLength + s.more;
        const stride = length + s.gap;
        const split = Math.min(s.split, count);
        const squaresOf = (of: F64): number[] =>
          Array.from({ length: count }, (_, j) =>
            referenceSvd.dot(of, j * stride, of, j * stride, dotLength),
          );
        const expected = Float64Array.from(x);
        const expectedSquares = Float64Array.from(squaresOf(expected));
        const columns = guardedCopy(Float64Array, x, p);
        const squares = guardedCopy(Float64Array, expectedSquares, q);
        const shape = { stride, dotLength, length, tolerance };
        for (const [firstP, firstQ] of [
          [0, 0],
          [0, split],
        ]) {
          const pairs = { firstP, endP: firstQ === 0 ? count : split, firstQ, endQ: count, ...shape };
          const rotations = referenceSvd.rotate(expected, expectedSquares, pairs);
          expect(kernels.rotate(columns.array, squares.array, pairs)).toBe(rotations);
          expect(bitsOf(columns.array)).toBe(bitsOf(expected));
          expect(bitsOf(squares.array)).toBe(bitsOf(expectedSquares));
        }
        expect(columns.intact() && squares.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('makes two columns orthogonal, the longer one first, and keeps their lengths known', () => {
    const pair = fc.integer({ min: 2, max: 12 }).chain((n) => fc.tuple(list(finite, n), list(finite, n)));
    fc.assert(
      fc.property(twin, pair, (kernels, [a, b]) => {
        const n = a.length;
        const x = Float64Array.of(...a, ...b);
        const square = (j: number): number => referenceSvd.dot(x, j * n, x, j * n, n);
        const squares = Float64Array.of(square(0), square(1));
        const [small, whole] = [Math.min(...squares), squares[0] + squares[1]];
        const shape = { stride: n, dotLength: n, length: n, tolerance: 2 ** -50 };
        const rotations = kernels.rotate(x, squares, { firstP: 0, endP: 1, firstQ: 1, endQ: 2, ...shape });
        if (rotations === 0 || small < 1e-290) return;
        expect(squares[0]).toBeGreaterThanOrEqual(squares[1]);
        expect(Math.abs(squares[0] - square(0))).toBeLessThanOrEqual(1e-14 * whole);
        expect(Math.abs(squares[1] - square(1))).toBeLessThanOrEqual(1e-8 * square(1) + 1e-300);
        const g = referenceSvd.dot(x, 0, x, n, n);
        expect(Math.abs(g)).toBeLessThanOrEqual(1e-14 * whole);
      }),
      { numRuns: 1000 },
    );
  });
});
