import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  binarize,
  hamming,
  hammingTopK,
  productQuantizer,
  rescore,
  rotatedQuantizer,
  scalarQuantizer,
  searchVectors,
  type VectorQuantizer,
} from '../../../src/quantize/index.js';
import {
  bruteForce,
  clusteredVectors,
  normalVectors,
  vectorAt,
  type Vectors,
} from '../../support/vectors.js';

const whole = fc.integer({ min: -3, max: 3 });
const real = fc.oneof(
  { weight: 4, arbitrary: fc.float({ min: -100, max: 100, noNaN: true }) },
  { weight: 1, arbitrary: fc.float({ min: Math.fround(-1e30), max: Math.fround(1e30), noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1e-40, -1e-25, 1e-20) },
);

/** Sets with many equal vectors and distances, and sets of any numbers. */
const anySet = fc
  .record({ count: fc.integer({ min: 1, max: 24 }), dimensions: fc.integer({ min: 1, max: 9 }) })
  .chain(({ count, dimensions }) => {
    const listOf = (of: fc.Arbitrary<number>, length: number): fc.Arbitrary<number[]> =>
      fc.array(of, { minLength: length, maxLength: length, size: 'max' });
    return fc.oneof(whole, real).chain(() =>
      fc.constantFrom(whole, real).chain((of) =>
        fc.record({
          vectors: listOf(of, count * dimensions).map((v): Vectors => ({
            data: Float32Array.from(v),
            shape: [count, dimensions],
          })),
          query: listOf(of, dimensions).map((v): Vectors => ({
            data: Float32Array.from(v),
            shape: [1, dimensions],
          })),
          k: fc.integer({ min: 1, max: count }),
          metric: fc.constantFrom('l2', 'dot') as fc.Arbitrary<'l2' | 'dot'>,
          kind: fc.constantFrom('scalar8', 'scalar4', 'product', 'rotated1', 'rotated4'),
          seed: fc.nat(),
        }),
      ),
    );
  });

function quantizerFor(kind: string, vectors: Vectors, seed: number): VectorQuantizer | null {
  const [count, dimensions] = vectors.shape;
  if (kind === 'scalar8') return scalarQuantizer(vectors);
  if (kind === 'scalar4') return scalarQuantizer(vectors, { bits: 4, range: 'quantile', quantile: 0.8 });
  if (kind === 'rotated1') return rotatedQuantizer({ dimensions, bits: 1, seed });
  if (kind === 'rotated4') return rotatedQuantizer({ dimensions, bits: 4, seed });
  const isFit = count >= 2 && vectors.data.every((v) => Math.abs(v) < 2 ** 60);
  return isFit ? productQuantizer(vectors, { subspaces: dimensions, centroids: 2, seed }) : null;
}

describe('searchVectors', () => {
  it('gives the result of a search through all vectors when it says so, and always without a limit', () => {
    let certified = 0;
    fc.assert(
      fc.property(anySet, fc.boolean(), ({ vectors, query, k, metric, kind, seed }, isExact) => {
        const quantizer = quantizerFor(kind, vectors, seed);
        if (quantizer === null) return;
        const codes = quantizer.encode(vectors);
        const oversample = isExact ? 'exact' : 1;
        const found = searchVectors(query, vectors, { k, quantizer, codes, metric, oversample });
        expect(found.indices.length).toBe(k);
        if (isExact) expect(found.certified).toEqual([true]);
        if (!found.certified[0]) return;
        certified++;
        expect(Array.from(found.indices)).toEqual(bruteForce(query.data, vectors, metric, k));
      }),
      { numRuns: 10_000 },
    );
    expect(certified).toBeGreaterThan(5000);
  });

  it('reads few float vectors to prove the result from 8 bits, more from fewer', () => {
    const vectors = clusteredVectors(2000, 64, 50, 1);
    const queries = clusteredVectors(20, 64, 50, 11);
    const read = (quantizer: VectorQuantizer): number => {
      const codes = quantizer.encode(vectors);
      const found = searchVectors(queries, vectors, { k: 10, quantizer, codes });
      expect(found.certified.every(Boolean)).toBe(true);
      for (let q = 0; q < 20; q++) {
        const expected = bruteForce(vectorAt(queries, q), vectors, 'l2', 10);
        expect(Array.from(found.indices.subarray(10 * q, 10 * q + 10))).toEqual(expected);
      }
      return found.rescored.reduce((a, b) => a + b, 0) / 20;
    };
    const eight = read(scalarQuantizer(vectors));
    const four = read(scalarQuantizer(vectors, { bits: 4 }));
    expect(eight).toBeLessThan(14);
    expect(four).toBeGreaterThan(eight);
    expect(four).toBeLessThan(200);
  });

  it('finds most neighbours among four times as many candidates by short codes', () => {
    const vectors = clusteredVectors(2000, 64, 50, 2);
    const queries = clusteredVectors(30, 64, 50, 12);
    const recall = (quantizer: VectorQuantizer): number => {
      const codes = quantizer.encode(vectors);
      const found = searchVectors(queries, vectors, { k: 10, quantizer, codes, oversample: 4 });
      expect(found.rescored).toEqual(new Array(30).fill(40));
      let hits = 0;
      for (let q = 0; q < 30; q++) {
        const expected = new Set(bruteForce(vectorAt(queries, q), vectors, 'l2', 10));
        for (const i of found.indices.subarray(10 * q, 10 * q + 10)) if (expected.has(i)) hits++;
      }
      return hits / 300;
    };
    expect(recall(rotatedQuantizer({ dimensions: 64, bits: 2 }))).toBeGreaterThan(0.97);
    expect(recall(productQuantizer(vectors, { subspaces: 16, centroids: 64 }))).toBeGreaterThan(0.95);
    expect(recall(rotatedQuantizer({ dimensions: 64, bits: 1 }))).toBeGreaterThan(0.75);
  });
});

describe('hammingTopK', () => {
  it('equals a full sort of all distances', () => {
    const bits = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 40 }))
      .chain(([count, dimensions]) =>
        fc.record({
          set: fc.array(whole, { minLength: count * dimensions, maxLength: count * dimensions, size: 'max' }),
          query: fc.array(whole, { minLength: dimensions, maxLength: dimensions, size: 'max' }),
          dimensions: fc.constant(dimensions),
          count: fc.constant(count),
          k: fc.integer({ min: 1, max: count }),
          precision: fc.constantFrom('binary', 'ubinary') as fc.Arbitrary<'binary' | 'ubinary'>,
        }),
      );
    fc.assert(
      fc.property(bits, ({ set, query, count, dimensions, k, precision }) => {
        const vectors = binarize({ data: Float32Array.from(set), shape: [count, dimensions] }, { precision });
        const asked = binarize({ data: Float32Array.from(query), shape: [1, dimensions] }, { precision });
        const distances = Array.from({ length: count }, (_, i) => {
          return query.filter((v, d) => v > 0 !== set[i * dimensions + d] > 0).length;
        });
        const expected = distances
          .map((_, i) => i)
          .sort((a, b) => distances[a] - distances[b] || a - b)
          .slice(0, k);
        const found = hammingTopK(asked, vectors, { k });
        expect(Array.from(found.indices)).toEqual(expected);
        expect(Array.from(found.scores)).toEqual(expected.map((i) => distances[i]));
        const width = Math.ceil(dimensions / 8);
        expect(hamming(asked.codes, vectors.codes.subarray(0, width))).toBe(distances[0]);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('rescore', () => {
  it('gives the best of the candidates, from float vectors or from decoded ones', () => {
    const vectors = normalVectors(200, 32, 3);
    const queries = normalVectors(5, 32, 4);
    const rough = hammingTopK(binarize(queries), binarize(vectors), { k: 200 });
    const quantizer = scalarQuantizer(vectors);
    const codes = quantizer.encode(vectors);
    const decoded = { data: quantizer.decode(codes).data, shape: vectors.shape };
    for (const metric of ['l2', 'dot'] as const) {
      const exact = rescore(queries, vectors, rough, { k: 7, metric });
      const coded = rescore(queries, { quantizer, codes }, rough, { k: 7, metric });
      for (let q = 0; q < 5; q++) {
        const query = vectorAt(queries, q);
        const part = [7 * q, 7 * q + 7] as const;
        expect(Array.from(exact.indices.subarray(...part))).toEqual(bruteForce(query, vectors, metric, 7));
        expect(Array.from(coded.indices.subarray(...part))).toEqual(bruteForce(query, decoded, metric, 7));
      }
    }
  });
});
