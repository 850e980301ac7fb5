import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repairWeights } from '../../src/prune/repair.js';
import { sparseGpt } from '../../src/prune/sparse-gpt.js';
import type { Refine, SparseGptOptions } from '../../src/prune/sparse-gpt-types.js';
import { gram, leastSquares, normals, quadratic } from '../support/second-order.js';

const layer = fc.record({
  n: fc.integer({ min: 1, max: 16 }),
  rows: fc.integer({ min: 0, max: 7 }),
  seed: fc.nat(2 ** 31),
  common: fc.constantFrom(0, 1, 3),
  isFloat32: fc.boolean(),
});

type Layer = typeof layer extends fc.Arbitrary<infer T> ? T : never;

const dataOf = ({ n, rows, seed, common, isFloat32 }: Layer) => {
  const w = normals(seed, rows * n);
  return {
    w: { data: isFloat32 ? Float32Array.from(w) : w, shape: [rows, n] },
    h: gram(seed + 1, 2 * n, n, common),
  };
};

const refines: readonly Refine[] = ['none', 'keepBest', 'exact'];

/** Sum over rows, with the Hessian damped as the report says. */
function lossOf(
  h: Float64Array,
  w: ArrayLike<number>,
  v: ArrayLike<number>,
  n: number,
  damping: number,
): number {
  const damped = h.slice();
  let mean = 0;
  for (let i = 0; i < n; i++) mean += h[i * n + i] / n;
  for (let i = 0; i < n; i++) damped[i * n + i] += damping * mean;
  let loss = 0;
  for (let at = 0; at < w.length; at += n) {
    const row = (x: ArrayLike<number>): number[] => Array.from({ length: n }, (_, k) => x[at + k]);
    loss += quadratic(damped, row(w), row(v), n);
  }
  return loss;
}

describe('sparseGpt()', () => {
  it('adds up the quadratic form of its change, to 1e-9', () => {
    fc.assert(
      fc.property(
        layer,
        fc.constantFrom(...refines),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (made, refine, sparsity) => {
          const { w, h } = dataOf(made);
          const hessian = { data: h, shape: [made.n, made.n] };
          const before = w.data.slice();
          const { weights, report } = sparseGpt(w, { hessian, sparsity, refine, blockSize: 5 });
          const loss = lossOf(h, w.data, weights.data as Float64Array, made.n, report.damping);
          expect(Math.abs(report.loss - loss)).toBeLessThanOrEqual(
            1e-9 * loss + 1e-12 * h.reduce((a, b) => a + Math.abs(b), 0),
          );
          expect(weights.dtype).toBe(made.isFloat32 ? 'float32' : 'float64');
          expect(w.data).toEqual(before);
        },
      ),
      { numRuns: 600 },
    );
  });

  it('removes exactly the count, in every pattern, and nothing else is 0', () => {
    fc.assert(
      fc.property(layer, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(4), (made, sparsity, keep) => {
        const { w, h } = dataOf({ ...made, n: 4 * Math.ceil(made.n / 4) });
        const n = w.shape[1];
        const hessian = { data: h, shape: [n, n] };
        const free = sparseGpt(w, { hessian, sparsity, blockSize: 3 });
        const x = sparsity * w.data.length;
        const halfEven = x - Math.floor(x) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
        expect(free.report.removed).toBe(halfEven);
        expect(free.mask.reduce((a, b) => a + b, 0)).toBe(w.data.length - halfEven);
        (free.weights.data as Float64Array).forEach((v, i) =>
          expect(free.mask[i] === 1 || v === 0).toBe(true),
        );
        const { mask } = sparseGpt(w, { hessian, keep, of: 4 });
        for (let i = 0; i < mask.length; i += 4)
          expect(mask[i] + mask[i + 1] + mask[i + 2] + mask[i + 3]).toBe(keep);
      }),
      { numRuns: 300 },
    );
  });

  it('moves nothing under a diagonal Hessian, and removes the smallest w^2 H_jj', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 12 }), (seed, n) => {
        const w = normals(seed, n);
        const diagonal = normals(seed + 1, n).map((v) => v * v + 0.01);
        const data = new Float64Array(n * n);
        diagonal.forEach((d, k) => (data[k * n + k] = d));
        const { weights, mask } = sparseGpt(w, {
          hessian: { data, shape: [n, n] },
          sparsity: 0.5,
          damping: 0,
          refine: 'exact',
        });
        w.forEach((v, k) => expect(weights.data[k]).toBe(mask[k] === 1 ? v : 0));
        const cost = (bit: number): number[] =>
          [...diagonal].map((d, k) => d * w[k] ** 2).filter((_, k) => mask[k] === bit);
        expect(Math.max(...cost(0), 0)).toBeLessThanOrEqual(Math.min(...cost(1), Infinity));
      }),
      { numRuns: 300 },
    );
  });

  it('never loses to leaving the kept weights alone, where plain SparseGPT does on about a sixth of 4000 ill-conditioned rows', () => {
    const n = 6;
    const worse: Record<Refine, number> = { none: 0, keepBest: 0, exact: 0 };
    let exactAboveBest = 0;
    for (let seed = 0; seed < 4000; seed++) {
      const h = gram(seed, 8, n, 4);
      const w = normals(seed + 10_000, n);
      const mask = Uint8Array.from({ length: n }, (_, k) => (normals(seed + 20_000, n)[k] > 0 ? 1 : 0));
      const losses = refines.map((refine) => {
        const { report } = sparseGpt(w, { hessian: { data: h, shape: [n, n] }, mask, damping: 0, refine });
        if (report.loss > report.unchangedLoss * (1 + 1e-12)) worse[refine]++;
        return report.loss;
      });
      if (losses[2] > losses[1] * (1 + 1e-12)) exactAboveBest++;
    }
    expect(worse.none).toBeGreaterThan(400);
    expect(worse.none).toBeLessThan(1200);
    expect([worse.keepBest, worse.exact, exactAboveBest]).toEqual([0, 0, 0]);
  });

  it('treats rows alike, whatever stands beside them, and along any axis', () => {
    fc.assert(
      fc.property(layer, fc.constantFrom(...refines), (made, refine) => {
        const { w, h } = dataOf({ ...made, n: 4 });
        const rows = w.shape[0];
        const options: SparseGptOptions = { hessian: { data: h, shape: [4, 4] }, keep: 2, of: 4, refine };
        const whole = sparseGpt(w, options);
        const flipped = w.data.slice();
        for (let r = 0; r < rows; r++) for (let k = 0; k < 4; k++) flipped[k * rows + r] = w.data[r * 4 + k];
        const other = sparseGpt({ data: flipped, shape: [4, rows] }, { ...options, inputAxis: 0 });
        for (let r = 0; r < rows; r++) {
          const alone = sparseGpt(w.data.slice(r * 4, r * 4 + 4), options);
          for (let k = 0; k < 4; k++) {
            expect(whole.weights.data[r * 4 + k]).toBe(alone.weights.data[k]);
            expect(other.weights.data[k * rows + r]).toBe(alone.weights.data[k]);
            expect(other.mask[k * rows + r]).toBe(alone.mask[k]);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('answers the errors of a joint quantizer too', () => {
    const n = 24;
    const h = gram(3, 100, n, 2);
    const w = { data: Float32Array.from(normals(4, 8 * n)), shape: [8, n] };
    const jointQuantizer = (v: number): number => Math.fround(Math.floor(v / 0.25 + 0.5) * 0.25);
    const hessian = { data: h, shape: [n, n] };
    const joint = sparseGpt(w, { hessian, keep: 2, of: 4, jointQuantizer });
    const after = sparseGpt(w, { hessian, keep: 2, of: 4, refine: 'none' });
    const rounded = (after.weights.data as Float32Array).map(jointQuantizer);
    expect((joint.weights.data as Float32Array).every((v) => v % 0.25 === 0)).toBe(true);
    expect(joint.report.loss).toBeLessThan(lossOf(h, w.data, rounded, n, 0.01));
  });
});

describe('repairWeights()', () => {
  it('is the least squares of the kept weights, whichever half it solves for', () => {
    fc.assert(
      fc.property(layer, fc.array(fc.nat(1), { minLength: 112, maxLength: 112 }), (made, bits) => {
        const { w, h } = dataOf({ ...made, isFloat32: false });
        const { n } = made;
        const mask = Uint8Array.from(w.data, (_, i) => bits[i]);
        const { weights, report } = repairWeights(w, {
          mask,
          hessian: { data: h, shape: [n, n] },
          damping: 0.01,
        });
        expect(report.loss).toBeLessThanOrEqual(report.unchangedLoss);
        const damped = h.slice();
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) damped[i * n + i] += (0.01 * h[j * n + j]) / n;
        for (let at = 0; at < w.data.length; at += n) {
          const row = Array.from(w.data.subarray(at, at + n));
          const expected = leastSquares(damped, row, mask.subarray(at, at + n), n);
          const size = Math.max(1, ...expected.map(Math.abs));
          expected.forEach((v, k) =>
            expect(Math.abs((weights.data[at + k] as number) - v)).toBeLessThanOrEqual(1e-9 * size),
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});
