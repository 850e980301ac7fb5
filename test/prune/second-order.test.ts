import { NumericError, type TensorLike } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { obs } from '../../src/prune/obs.js';
import { repairWeights } from '../../src/prune/repair.js';
import { sparseGpt } from '../../src/prune/sparse-gpt.js';
import { gram, normals } from '../support/second-order.js';
import { NOT_TENSORS } from '../support/wrong-types.js';

const n = 4;
const hessian = { data: gram(7, 20, n, 1), shape: [n, n] };
const w = { data: Float32Array.from(normals(8, 3 * n)), shape: [3, n] };
const mask = Uint8Array.from(w.data, (_, i) => i % 2);

describe('second-order pruning', () => {
  it.each(NOT_TENSORS)('refuses %s as weights, inputs and Hessian', (_, value) => {
    const bad = value as TensorLike;
    expect(() => sparseGpt(bad, { hessian, sparsity: 0.5 })).toThrow(/^sparseGpt: "w/);
    expect(() => repairWeights(bad, { hessian, mask })).toThrow(/^repairWeights: "w/);
    expect(() => obs(bad, hessian, mask)).toThrow(/^obs: "w/);
    if (value === undefined) return;
    expect(() => sparseGpt(w, { hessian: bad, sparsity: 0.5 })).toThrow(/^sparseGpt: "hessian/);
    expect(() => sparseGpt(w, { activations: bad, sparsity: 0.5 })).toThrow(/"activations/);
  });

  it.each<[string, object, RegExp]>([
    ['no mask', {}, /"sparsity" expected one of sparsity, {keep, of} and mask, got "none"/],
    ['two masks', { sparsity: 0.5, mask }, /got "sparsity and mask"/],
    ['a sparsity above 1', { sparsity: 1.1 }, /"sparsity" expected a number from 0 to 1/],
    ['keep above of', { keep: 3, of: 2 }, /"keep" expected a whole number from 0 to 2/],
    ['keep without of', { keep: 3 }, /"of" expected a whole number/],
    ['groups that do not fit', { keep: 1, of: 3 }, /"of" expected a divisor of 4/],
    ['a mask of another length', { mask: new Uint8Array(3) }, /"mask" expected a mask of shape \[3, 4\]/],
    ['a mask with a 2', { mask: new Uint8Array(12).fill(2) }, /"mask\[0\]" expected 0 or 1/],
    ['another refine', { sparsity: 0.5, refine: 'exakt' }, /did you mean 'exact'/],
    ['an unknown key', { sparsity: 0.5, blocksize: 3 }, /did you mean "blockSize"/],
    ['a block of nothing', { sparsity: 0.5, blockSize: 0 }, /"blockSize"/],
    ['negative damping', { sparsity: 0.5, damping: -1 }, /"damping" expected a finite number >= 0/],
    [
      'a quantizer that is none',
      { sparsity: 0.5, jointQuantizer: 3 },
      /"jointQuantizer" expected a function/,
    ],
    ['a quantizer beside exact', { sparsity: 0.5, refine: 'exact', jointQuantizer: Math.fround }, /"refine"/],
    [
      'a quantizer that gives NaN',
      { sparsity: 0.5, jointQuantizer: () => NaN },
      /"jointQuantizer" expected a finite/,
    ],
    [
      'both curvatures',
      { sparsity: 0.5, activations: w },
      /"hessian" expected either hessian or activations/,
    ],
    ['an axis that is not there', { sparsity: 0.5, inputAxis: 2 }, /"axis"/],
  ])('refuses %s', (_, options, message) => {
    expect(() => sparseGpt(w, { hessian, ...options })).toThrow(message);
  });

  it('names the Hessian that is none', () => {
    const bad = (change: (h: Float64Array) => void): (() => unknown) => {
      const data = hessian.data.slice();
      change(data);
      return () => sparseGpt(w, { hessian: { data, shape: [n, n] }, sparsity: 0.5 });
    };
    expect(bad((h) => (h[5] = NaN))).toThrow(NumericError);
    expect(bad((h) => (h[5] = NaN))).toThrow(/got NaN at index 5.*NON_FINITE/);
    expect(bad((h) => (h[1] += 1))).toThrow(/"hessian\[1, 0\]" expected the same as hessian\[0, 1\]/);
    expect(bad((h) => (h[0] = -1))).toThrow(/"hessian\[0, 0\]" expected a sum of squares/);
    expect(
      bad((h) => {
        h[1] = 1e6;
        h[n] = 1e6;
      }),
    ).toThrow(/NOT_POSITIVE/);
    expect(() => sparseGpt(Float32Array.of(1, Infinity), { activations: w, sparsity: 0.5 })).toThrow(
      /"w" expected finite values, got Infinity at index 1/,
    );
    expect(() => sparseGpt(w, { hessian: new Float32Array(16), sparsity: 0.5 })).toThrow(/"hessian.shape"/);
  });

  it('grows the damping of a singular Hessian, and says so', () => {
    const activations = { data: Float32Array.of(1, 2, 3, 4), shape: [1, n] };
    const { report } = sparseGpt(w, { activations, sparsity: 0.5, damping: 0, refine: 'exact' });
    expect(report.dampingSteps).toBeGreaterThan(0);
    expect(report.damping).toBeGreaterThan(0);
    expect(report.loss).toBeLessThanOrEqual(report.unchangedLoss);
  });

  it('removes weights of dead inputs first, at no cost, and leaves the others of them alone', () => {
    const activations = { data: Float32Array.of(1, 0, 2, 0, 3, 0, -1, 0), shape: [2, n] };
    const half = sparseGpt(w, { activations, sparsity: 0.5 });
    expect(half.report.deadColumns).toBe(2);
    expect(half.report.loss).toBe(0);
    expect(half.mask).toEqual(Uint8Array.of(1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0));
    const quarter = sparseGpt(w, { activations, sparsity: 0.25, refine: 'exact' });
    quarter.weights.data.forEach((v, i) => expect(v).toBe(quarter.mask[i] === 1 ? w.data[i] : 0));
  });

  it('keeps everything at sparsity 0 and nothing at 1', () => {
    const all = sparseGpt(w, { hessian, sparsity: 0 });
    expect(all.weights.data).toEqual(w.data);
    expect(all.report.loss).toBe(0);
    const none = sparseGpt(w, { hessian, sparsity: 1, refine: 'exact' });
    expect(none.weights.data).toEqual(new Float32Array(12));
    expect(none.report.removed).toBe(12);
  });

  it('keeps the first of equal weights', () => {
    const data = Float64Array.of(1, 0, 0, 1);
    const { mask: kept } = sparseGpt(Float32Array.of(2, -2), {
      hessian: { data, shape: [2, 2] },
      sparsity: 0.5,
    });
    expect(kept).toEqual(Uint8Array.of(1, 0));
  });

  it('returns empty tensors as they are, and refuses scalars', () => {
    for (const shape of [
      [0, 4],
      [4, 0],
    ]) {
      const empty = { data: new Float32Array(0), shape };
      const given = shape[1] === 0 ? { data: new Float64Array(0), shape: [0, 0] } : hessian;
      const { weights, report } = sparseGpt(empty, { hessian: given, sparsity: 0.5, refine: 'exact' });
      expect(weights.shape).toEqual(shape);
      expect([report.loss, report.removed]).toEqual([0, 0]);
    }
    const scalar = { data: Float32Array.of(1), shape: [] };
    expect(() => sparseGpt(scalar, { hessian, sparsity: 0.5 })).toThrow(/"w" expected at least one axis/);
  });

  it('leaves rows alone whose repair loses more to rounding than it gains', () => {
    const identity = { data: Float64Array.of(1, 0, 0, 1), shape: [2, 2] };
    const { weights, report } = repairWeights(Float32Array.of(1, 2), {
      hessian: identity,
      mask: Uint8Array.of(1, 0),
    });
    expect(weights.data).toEqual(Float32Array.of(1, 0));
    expect(report.unchangedRows).toBe(1);
  });
});
