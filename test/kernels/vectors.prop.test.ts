import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSimdVectors, vectorFamily } from '../../src/kernels/vectors/family.js';
import { referenceVectors } from '../../src/kernels/vectors/reference.js';
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

const twin = fc.constantFrom(...twinsOf(vectorFamily, createSimdVectors).map(({ kernels }) => kernels));
const bytesOf = (length: number, most = 255): fc.Arbitrary<number[]> =>
  list(fc.integer({ min: 0, max: most }), length);

describe('hamming', () => {
  const set = fc
    .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 90 }))
    .chain(([count, bytes]) =>
      fc.record({
        count: fc.constant(count),
        bytes: fc.constant(bytes),
        query: bytesOf(bytes),
        codes: bytesOf(count * bytes),
      }),
    );

  it('gives the same counts in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, set, anyPlace, anyPlace, anyPlace, (kernels, { count, bytes, ...given }, p, q, s) => {
        clearArena();
        const query = guardedCopy(Uint8Array, given.query, p);
        const codes = guardedCopy(Uint8Array, given.codes, q);
        const out = guarded(Int32Array, count, s);
        const expected = new Int32Array(count);
        referenceVectors.hamming(expected, query.array, codes.array, count, bytes);
        kernels.hamming(out.array, query.array, codes.array, count, bytes);
        expect(out.array).toEqual(expected);
        expect(query.intact() && codes.intact() && out.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });

  it('counts every bit of long vectors', () => {
    for (const bytes of [31 * 16, 31 * 16 + 1, 32 * 16, 5000]) {
      const out = new Int32Array(1);
      vectorFamily.of('simd').hamming(out, new Uint8Array(bytes).fill(255), new Uint8Array(bytes), 1, bytes);
      expect(out[0]).toBe(8 * bytes);
    }
  });
});

describe('scanTables', () => {
  const set = fc
    .tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 20 }))
    .chain(([count, subspaces, centroids]) =>
      fc.record({
        shape: fc.constant([count, subspaces, centroids] as const),
        tables: anyFloats(subspaces * centroids),
        codes: bytesOf(count * subspaces, centroids - 1),
      }),
    );

  it('gives the same bits in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, set, anyPlace, anyPlace, anyPlace, (kernels, { shape, ...given }, p, q, s) => {
        clearArena();
        const tables = guardedCopy(Float32Array, given.tables, p);
        const codes = guardedCopy(Uint8Array, given.codes, q);
        const out = guarded(Float32Array, shape[0], s);
        const expected = new Float32Array(shape[0]);
        referenceVectors.scanTables(expected, tables.array, codes.array, ...shape);
        kernels.scanTables(out.array, tables.array, codes.array, ...shape);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect(tables.intact() && codes.intact() && out.intact()).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

describe('scanLevels', () => {
  const set = fc
    .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 50 }))
    .chain(([count, dimensions]) =>
      fc.record({
        count: fc.constant(count),
        dimensions: fc.constant(dimensions),
        isDot: fc.boolean(),
        query: anyFloats(dimensions),
        low: anyFloats(dimensions),
        step: anyFloats(dimensions),
        codes: bytesOf(count * dimensions),
      }),
    );

  it('gives the same bits in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, set, anyPlace, anyPlace, anyPlace, (kernels, given, p, q, s) => {
        clearArena();
        const { count, dimensions, isDot } = given;
        const query = guardedCopy(Float32Array, given.query, p);
        const low = guardedCopy(Float32Array, given.low, q);
        const step = guardedCopy(Float32Array, given.step, p);
        const codes = guardedCopy(Uint8Array, given.codes, q);
        const out = guarded(Float32Array, count, s);
        const expected = new Float32Array(count);
        const inputs = [query.array, low.array, step.array, codes.array, count, dimensions, isDot] as const;
        referenceVectors.scanLevels(expected, ...inputs);
        kernels.scanLevels(out.array, ...inputs);
        expect(bitsOf(out.array)).toBe(bitsOf(expected));
        expect([query, low, step, codes, out].every((array) => array.intact())).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});

describe('nearest', () => {
  const set = fc
    .tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 40 }))
    .chain(([count, dimensions, centers]) =>
      fc.record({
        count: fc.constant(count),
        dimensions: fc.constant(dimensions),
        centers: fc.constant(centers),
        // Small whole numbers make many equal distances.
        x: fc.oneof(anyFloats(count * dimensions), list(fc.integer({ min: -2, max: 2 }), count * dimensions)),
        values: list(fc.integer({ min: -2, max: 2 }), centers * dimensions),
      }),
    );

  it('gives the same bits in every twin, touching nothing else', () => {
    fc.assert(
      fc.property(twin, set, anyPlace, anyPlace, anyPlace, (kernels, given, p, q, s) => {
        clearArena();
        const { count, dimensions } = given;
        const columns = 4 * Math.ceil(given.centers / 4);
        const table = Array.from({ length: dimensions * columns }, (_, at) => {
          const c = at % columns;
          return c < given.centers ? given.values[Math.floor(at / columns) * given.centers + c] : Infinity;
        });
        const x = guardedCopy(Float32Array, given.x, p);
        const centers = guardedCopy(Float32Array, table, q);
        const codes = guarded(Uint8Array, count, s);
        const distances = guarded(Float32Array, count, p);
        const expectedCodes = new Uint8Array(count);
        const expected = new Float32Array(count);
        referenceVectors.nearest(expectedCodes, expected, x.array, centers.array, count, dimensions, columns);
        kernels.nearest(codes.array, distances.array, x.array, centers.array, count, dimensions, columns);
        expect(codes.array).toEqual(expectedCodes);
        expect(bitsOf(distances.array)).toBe(bitsOf(expected));
        expect([x, centers, codes, distances].every((array) => array.intact())).toBe(true);
      }),
      { numRuns: TWIN_RUNS },
    );
  });
});
