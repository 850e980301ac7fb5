import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { obs, obsMask } from '../../src/prune/obs.js';
import { gram, leastSquares, normals, quadratic } from '../support/second-order.js';

const system = fc.record({
  n: fc.integer({ min: 1, max: 10 }),
  seed: fc.nat(2 ** 31),
  common: fc.constantFrom(0, 1, 3),
});

const masksOf = (n: number): Uint8Array[] =>
  Array.from({ length: 2 ** n }, (_, bits) => Uint8Array.from({ length: n }, (_, k) => (bits >>> k) & 1));

const countOf = (mask: Uint8Array): number => mask.reduce((a, b) => a + b, 0);

describe('obs()', () => {
  it('equals the least-squares refit of the kept weights, to 1e-10', () => {
    fc.assert(
      fc.property(system, fc.nat(1023), ({ n, seed, common }, bits) => {
        const h = gram(seed, 3 * n + 5, n, common);
        const w = normals(seed + 1, n);
        const mask = Uint8Array.from({ length: n }, (_, k) => (bits >>> k) & 1);
        const { weights, losses } = obs(w, { data: h, shape: [n, n] }, mask);
        const expected = leastSquares(h, w, mask, n);
        const size = Math.max(1, ...expected.map(Math.abs));
        expected.forEach((v, k) =>
          expect(Math.abs((weights.data[k] as number) - v)).toBeLessThanOrEqual(1e-10 * size),
        );
        const loss = quadratic(h, w, weights.data as Float64Array, n);
        expect(Math.abs(losses[0] - loss)).toBeLessThanOrEqual(1e-9 * loss + 1e-12 * h[0]);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes rows, in float32 where they are', () => {
    const h = { data: gram(5, 30, 4, 1), shape: [4, 4] };
    const data = Float32Array.from(normals(6, 8));
    const mask = Uint8Array.of(1, 0, 1, 1, 0, 0, 1, 1);
    const { weights, losses } = obs({ data, shape: [2, 4] }, h, { data: mask, shape: [2, 4] });
    expect(weights.dtype).toBe('float32');
    const alone = obs(Float64Array.from(data.subarray(4)), h, mask.subarray(4));
    expect(Array.from(weights.data.subarray(4) as Float32Array)).toEqual(
      Array.from(alone.weights.data as Float64Array, Math.fround),
    );
    expect(losses[1]).toBe(alone.losses[0]);
  });

  it('refuses a singular Hessian', () => {
    const h = { data: Float64Array.of(1, 1, 1, 1), shape: [2, 2] };
    expect(() => obs(Float64Array.of(1, 2), h, Uint8Array.of(1, 0))).toThrow(
      /^obs: "hessian" .*NOT_POSITIVE/,
    );
    expect(() => obs(new Float64Array(1025), h, new Uint8Array(1025))).toThrow(RangeError);
  });
});

describe('obsMask()', () => {
  it('finds the best of all masks, as brute force does', () => {
    fc.assert(
      fc.property(system, fc.nat(10), ({ n, seed, common }, wished) => {
        const h = gram(seed, 3 * n + 5, n, common);
        const w = normals(seed + 1, n);
        const keepCount = Math.min(wished, n);
        const mask = obsMask(w, { data: h, shape: [n, n] }, { keepCount, search: 'exhaustive' });
        const losses = masksOf(n)
          .filter((each) => countOf(each) === keepCount)
          .map((each) => quadratic(h, w, leastSquares(h, w, each, n), n));
        const found = quadratic(h, w, leastSquares(h, w, mask, n), n);
        expect(countOf(mask)).toBe(keepCount);
        expect(found).toBeLessThanOrEqual(Math.min(...losses) * (1 + 1e-9) + 1e-9);
      }),
      { numRuns: 60 },
    );
  });

  it('removes one weight as the exhaustive search does, and more of them no better', () => {
    fc.assert(
      fc.property(system, ({ n, seed, common }) => {
        const hessian = { data: gram(seed, 3 * n + 5, n, common), shape: [n, n] };
        const w = normals(seed + 1, n);
        const lossOf = (mask: Uint8Array): number => obs(w, hessian, mask).losses[0];
        for (const keepCount of [n - 1, n >> 1]) {
          const greedy = lossOf(obsMask(w, hessian, { keepCount }));
          const best = lossOf(obsMask(w, hessian, { keepCount, search: 'exhaustive' }));
          if (keepCount === n - 1) expect(greedy).toBeCloseTo(best, 9);
          else expect(greedy).toBeGreaterThanOrEqual(best * (1 - 1e-9) - 1e-9);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('refuses what it cannot search', () => {
    const hessian = { data: gram(1, 60, 21, 0), shape: [21, 21] };
    const search = 'exhaustive' as const;
    expect(() => obsMask(normals(1, 21), hessian, { keepCount: 3, search })).toThrow(/^obsMask: "search"/);
    expect(() => obsMask(normals(1, 21), hessian, { keepCount: 22 })).toThrow(/^obsMask: "keepCount"/);
  });
});
