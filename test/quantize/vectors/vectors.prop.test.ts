import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setBackend } from '../../../src/kernels/dispatch.js';
import {
  productQuantizer,
  rotatedQuantizer,
  scalarQuantizer,
  vectorQuantizer,
  type VectorQuantizer,
} from '../../../src/quantize/index.js';
import { hadamardFactors } from '../../../src/quantize/rotation/hadamard-matrix.js';
import { levelsOf } from '../../../src/quantize/vectors/vectors-rotated.js';
import { clusteredVectors, distance, normalVectors, vectorAt, type Vectors } from '../../support/vectors.js';

const anyVectors = fc
  .record({ count: fc.integer({ min: 2, max: 12 }), dimensions: fc.integer({ min: 1, max: 12 }) })
  .chain(({ count, dimensions }) =>
    fc
      .array(fc.float({ min: -1000, max: 1000, noNaN: true }), {
        minLength: count * dimensions,
        maxLength: count * dimensions,
        size: 'max',
      })
      .map((values): Vectors => ({ data: Float32Array.from(values), shape: [count, dimensions] })),
  );

const anyQuantizer = fc.constantFrom(
  (v: Vectors): VectorQuantizer => scalarQuantizer(v),
  (v: Vectors): VectorQuantizer => scalarQuantizer(v, { bits: 6 }),
  (v: Vectors): VectorQuantizer => scalarQuantizer(v, { bits: 4, range: 'meanStd', sigma: 1 }),
  (v: Vectors): VectorQuantizer => productQuantizer(v, { subspaces: 1, centroids: 2 }),
  (v: Vectors): VectorQuantizer => rotatedQuantizer({ dimensions: v.shape[1], bits: 1 }),
  (v: Vectors): VectorQuantizer => rotatedQuantizer({ dimensions: v.shape[1], bits: 3, rounds: 1 }),
);

/** Where a rotation fills up dimensions, residuals and squared distances count what the decoded vector has in them. */
const fillsUp = ({ params }: VectorQuantizer): boolean =>
  params.kind === 'rotated' && hadamardFactors(params.dimensions) === null;

describe('encode and decode', () => {
  it('never leave a vector further from its original than its residual, which is measured', () => {
    fc.assert(
      fc.property(anyVectors, anyQuantizer, (vectors, make) => {
        const before = vectors.data.slice();
        const quantizer = make(vectors);
        const codes = quantizer.encode(vectors);
        const decoded = { data: quantizer.decode(codes).data, shape: vectors.shape };
        for (let i = 0; i < vectors.shape[0]; i++) {
          const off = distance(vectorAt(vectors, i), vectorAt(decoded, i));
          expect(off).toBeLessThanOrEqual(codes.residuals[i]);
          const length = distance(vectorAt(vectors, i), new Float32Array(vectors.shape[1]));
          const most = off * (1 + 1e-6) + 1e-4 * length + 1e-40;
          expect(codes.residuals[i]).toBeLessThanOrEqual(fillsUp(quantizer) ? Infinity : most);
          expect(length).toBeLessThanOrEqual(codes.largestLength);
        }
        expect(codes.codes.length).toBe(vectors.shape[0] * quantizer.bytesPerVector);
        expect(vectors.data).toEqual(before);
      }),
      { numRuns: 2000 },
    );
  });

  it('give distances of the decoded vectors', () => {
    fc.assert(
      fc.property(anyVectors, anyQuantizer, (vectors, make) => {
        const quantizer = make(vectors);
        const codes = quantizer.encode(vectors);
        const decoded = { data: quantizer.decode(codes).data, shape: vectors.shape };
        const query = vectorAt(vectors, 0).map((v) => 1 - v);
        const squares = quantizer.distances(query, codes);
        const dots = quantizer.distances(query, codes, { metric: 'dot' });
        const size = (x: Float32Array): number => distance(x, new Float32Array(x.length));
        const isFilled = fillsUp(quantizer);
        for (let i = 0; i < vectors.shape[0]; i++) {
          const value = vectorAt(decoded, i);
          const scale = (size(query) + size(value)) ** 2;
          const off = squares[i] - distance(query, value) ** 2;
          expect(isFilled ? 0 : Math.abs(off)).toBeLessThanOrEqual(1e-5 * scale + 1e-30);
          const dot = query.reduce((sum, v, d) => sum + v * value[d], 0);
          expect(Math.abs(dots[i] - dot)).toBeLessThanOrEqual(1e-5 * scale + 1e-30);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('survive structured clone, and have the same bits from every backend', () => {
    const vectors = clusteredVectors(100, 20, 5, 3);
    for (const make of [
      (): VectorQuantizer => scalarQuantizer(vectors, { bits: 6 }),
      (): VectorQuantizer => productQuantizer(vectors, { subspaces: 5, centroids: 16, seed: 4 }),
      (): VectorQuantizer => rotatedQuantizer({ dimensions: 20, bits: 3, seed: 5 }),
    ]) {
      const quantizer = make();
      const codes = quantizer.encode(vectors);
      const again = vectorQuantizer(structuredClone(quantizer.params));
      expect(again.decode(structuredClone(codes)).data).toEqual(quantizer.decode(codes).data);
      setBackend('scalar');
      const other = make();
      expect(other.params).toEqual(quantizer.params);
      expect(other.encode(vectors)).toEqual(codes);
      expect(other.distances(vectorAt(vectors, 7), codes)).toEqual(
        quantizer.distances(vectorAt(vectors, 7), codes),
      );
      setBackend('auto');
    }
  });
});

describe('scalarQuantizer', () => {
  it('is off by at most half a step within the range, and by nearly that', () => {
    let worst = 0;
    fc.assert(
      fc.property(anyVectors, fc.constantFrom(4, 6, 8) as fc.Arbitrary<4 | 6 | 8>, (vectors, bits) => {
        const quantizer = scalarQuantizer(vectors, { bits });
        const { low, step } = quantizer.params;
        const { data } = quantizer.decode(quantizer.encode(vectors));
        for (let i = 0; i < data.length; i++) {
          const d = i % low.length;
          const high = low[d] + (2 ** bits - 1) * step[d];
          const rounding = 2 ** -23 * (Math.abs(low[d]) + Math.abs(high)) + 2 ** -141;
          const off = Math.abs(data[i] - vectors.data[i]);
          expect(off).toBeLessThanOrEqual(step[d] / 2 + rounding);
          if (rounding < step[d] / 1000) worst = Math.max(worst, off / (step[d] / 2 + rounding));
        }
      }),
      { numRuns: 10_000 },
    );
    expect(worst).toBeGreaterThan(0.99);
  });

  it('trains ranges by quantiles and by deviations', () => {
    const data = Float32Array.from({ length: 101 }, (_, i) => i);
    const vectors: Vectors = { data, shape: [101, 1] };
    const ends = (options: object): number[] => {
      const { low, step } = scalarQuantizer(vectors, options).params;
      return [low[0], Math.fround(low[0] + 255 * step[0])];
    };
    expect(ends({})).toEqual([0, 100]);
    expect(ends({ range: 'quantile', quantile: 0.9 })).toEqual([5, 95]);
    const deviation = Math.sqrt((101 * 101 - 1) / 12);
    const [low, high] = ends({ range: 'meanStd', sigma: 2 });
    expect(low).toBeCloseTo(50 - 2 * deviation, 3);
    expect(high).toBeCloseTo(50 + 2 * deviation, 3);
  });
});

describe('productQuantizer', () => {
  it('beats a single centroid, gets better with more centroids, and knows its tables', () => {
    const vectors = clusteredVectors(1500, 16, 30, 6);
    const errors = [2, 16, 64].map((centroids) => {
      const { report } = productQuantizer(vectors, { subspaces: 4, centroids, seed: 1 });
      expect(report.meanSquaredError).toBeLessThan(report.variance);
      return report.meanSquaredError / report.variance;
    });
    expect(errors[1]).toBeLessThan(errors[0]);
    expect(errors[2]).toBeLessThan(errors[1]);
    expect(errors[2]).toBeLessThan(0.2);
    const quantizer = productQuantizer(vectors, { subspaces: 4, centroids: 16, seed: 1 });
    const query = vectorAt(vectors, 3);
    const tables = quantizer.adc(query);
    expect(tables.shape).toEqual([4, 16]);
    const { codebook } = quantizer.params;
    expect(tables.data[20]).toBeCloseTo(distance(query.subarray(4, 8), codebook.subarray(80, 84)) ** 2, 4);
    expect(quantizer.adc(query, { metric: 'dot' }).data[0]).toBeCloseTo(
      query.subarray(0, 4).reduce((sum, v, d) => sum + v * codebook[d], 0),
      4,
    );
  });

  it('restarts centroids that lose all vectors, and samples large sets', () => {
    const data = Float32Array.from({ length: 300 }, (_, i) => (i < 290 ? 0 : i));
    const { report, params } = productQuantizer({ data, shape: [300, 1] }, { subspaces: 1, centroids: 8 });
    expect(report.meanSquaredError).toBeLessThan(1);
    expect(params.codebook.every((v) => Number.isFinite(v))).toBe(true);
    const options = { subspaces: 2, centroids: 4, maxTrainingVectors: 100 };
    expect(productQuantizer(normalVectors(500, 4, 8), options).report.trainedOn).toBe(100);
  });
});

describe('rotatedQuantizer', () => {
  it("has TurboQuant's distortions of unit vectors: 0.36, 0.117, 0.03 and 0.009 for 1 to 4 bits", () => {
    // Vectors with outliers, which the rotation spreads.
    const vectors = normalVectors(60, 1536, 9);
    vectors.data.forEach((v, i) => (vectors.data[i] = i % 97 === 0 ? 30 * v : v));
    const gaussian = [0.3634, 0.1175, 0.03455, 0.0095];
    ([1, 2, 3, 4] as const).forEach((bits, b) => {
      const quantizer = rotatedQuantizer({ dimensions: 1536, bits, seed: 1 });
      const decoded = { data: quantizer.decode(quantizer.encode(vectors)).data, shape: vectors.shape };
      let sum = 0;
      for (let i = 0; i < 60; i++) {
        const x = vectorAt(vectors, i);
        sum += (distance(x, vectorAt(decoded, i)) / distance(x, new Float32Array(1536))) ** 2;
      }
      expect(sum / 60 / gaussian[b]).toBeGreaterThan(0.97);
      expect(sum / 60 / gaussian[b]).toBeLessThan(1.03);
    });
  });

  it('has levels that are the means of their cells under the normal density', () => {
    const density = (x: number): number => Math.exp((-x * x) / 2);
    for (const bits of [1, 2, 3, 4]) {
      const levels = levelsOf(bits);
      levels.forEach((level, i) => {
        const low = i === 0 ? -12 : (levels[i - 1] + level) / 2;
        const high = i === levels.length - 1 ? 12 : (level + levels[i + 1]) / 2;
        let mass = 0;
        let first = 0;
        const steps = 20_000;
        for (let s = 0; s < steps; s++) {
          const x = low + ((high - low) * (s + 0.5)) / steps;
          mass += density(x);
          first += x * density(x);
        }
        expect(Math.abs(first / mass - level)).toBeLessThan(1e-6);
      });
    }
  });

  it('takes zero vectors and dimensions without a Hadamard matrix', () => {
    const vectors: Vectors = { data: new Float32Array(2 * 30), shape: [2, 30] };
    vectors.data[31] = 5;
    const quantizer = rotatedQuantizer({ dimensions: 30, bits: 4 });
    const codes = quantizer.encode(vectors);
    expect(quantizer.bytesPerVector).toBe(16);
    const { data } = quantizer.decode(codes);
    expect(data.subarray(0, 30).every((v) => v === 0)).toBe(true);
    expect(Math.abs(data[31] - 5)).toBeLessThan(1);
  });
});
