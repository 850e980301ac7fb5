import {
  clipSearch,
  createRandom,
  dequantizeAffine,
  gptq,
  hqq,
  NumericError,
  quantizeAffine,
  type ClipSearchOptions,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { NOT_TENSORS } from '../../support/wrong-types.js';

const random = createRandom(11);
const normals = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
const w = { data: normals(32 * 96), shape: [32, 96] };
const groups = { bits: 3, granularity: { kind: 'group', groupSize: 32 } } as const;

/** Sum over lines and columns of importance * error^2. */
function weighted(importance: ArrayLike<number>, values: Float32Array): number {
  return w.data.reduce((sum, v, i) => sum + importance[i % 96] * (v - values[i]) ** 2, 0);
}

describe('importance', () => {
  it('moves errors to where they cost less', () => {
    const importance = Float32Array.from({ length: 96 }, () => random.float() ** 6 * 100);
    const plain = dequantizeAffine(clipSearch(w, groups).tensor);
    const known = dequantizeAffine(clipSearch(w, { ...groups, importance }).tensor);
    expect(weighted(importance, known)).toBeLessThan(0.9 * weighted(importance, plain));
  });

  it('that is the diagonal of a Hessian stands for the squared error of outputs, whose rounding GPTQ improves on no more', () => {
    const importance = Float64Array.from({ length: 96 }, (_, i) => 1 + (i % 7));
    const data = new Float64Array(96 * 96);
    importance.forEach((v, i) => (data[i * 97] = v));
    const { tensor, report } = clipSearch(w, { ...groups, importance });
    const total = importance.reduce((a, b) => a + b, 0) * 32;
    expect(report.objective * total).toBeCloseTo(weighted(importance, dequantizeAffine(tensor)), 6);
    const { report: theirs } = gptq(w, {
      ...groups,
      hessian: { data, shape: [96, 96] },
      damping: 0,
      scaleMethod: 'absmax',
    });
    expect(theirs.loss).toBeCloseTo(report.roundToNearestObjective * total, 6);
    expect(report.objective * total).toBeLessThan(theirs.loss);
  });

  it('of one number per column is that of one per value repeated', () => {
    const importance = Float32Array.from({ length: 96 }, (_, i) => i + 1);
    const data = Float32Array.from(w.data, (_, i) => importance[i % 96]);
    for (const search of [hqq, clipSearch]) {
      const columns = search(w, { ...groups, importance });
      expect(search(w, { ...groups, importance: { data, shape: [32, 96] } })).toEqual(columns);
      expect(search(w, { ...groups, importance: { data: importance, shape: [1, 96] } })).toEqual(columns);
    }
  });

  it('broadcasts along any axis', () => {
    const x = { data: normals(24), shape: [2, 3, 4] };
    const importance = Float32Array.of(1, 50, 3);
    const data = Float32Array.from(x.data, (_, i) => importance[Math.floor(i / 4) % 3]);
    const options = { bits: 2, granularity: { kind: 'axis', axis: 0 } } as const;
    expect(clipSearch(x, { ...options, importance: { data: importance, shape: [3, 1] } })).toEqual(
      clipSearch(x, { ...options, importance: { data, shape: [2, 3, 4] } }),
    );
    const scalar = { data: Float32Array.of(7), shape: [] };
    expect(clipSearch(x, { ...options, importance: scalar }).tensor).toEqual(clipSearch(x, options).tensor);
  });

  it('of the same number for all is none', () => {
    const importance = new Float32Array(96).fill(4);
    for (const search of [hqq, clipSearch])
      expect(search(w, { ...groups, importance }).tensor).toEqual(search(w, groups).tensor);
  });

  it('of 0 takes a value out of the search, and a whole region counts alike', () => {
    const importance = new Float32Array(96).fill(1);
    importance.fill(0, 32, 64);
    importance[0] = 0;
    const { tensor, report } = clipSearch(w, { ...groups, importance });
    const plain = clipSearch(w, groups);
    expect(report.unweightedRegions).toBe(32);
    for (let r = 0; r < 32; r++) expect(tensor.scale[r * 3 + 1]).toBe(plain.tensor.scale[r * 3 + 1]);
    const values = dequantizeAffine(tensor);
    let sum = 0;
    w.data.forEach((v, i) => (sum += importance[i % 96] * (v - values[i]) ** 2));
    expect(report.objective).toBeCloseTo(sum / (63 * 32), 12);
  });

  it('reaches quantizeAffine', () => {
    const importance = Float32Array.from({ length: 96 }, (_, i) => 1 / (i + 1));
    const q = quantizeAffine(w, { ...groups, scaleMethod: 'mse', importance });
    expect(q.codes).toEqual(clipSearch(w, { ...groups, importance }).tensor.codes);
  });

  it('may be empty for an empty tensor', () => {
    const empty = { data: new Float32Array(0), shape: [3, 0] };
    expect(clipSearch(empty, { ...groups, importance: new Float32Array(0) }).report.objective).toBe(0);
  });
});

describe('wrong importances', () => {
  const refused =
    (importance: unknown): (() => unknown) =>
    () =>
      clipSearch(w, { ...groups, importance } as ClipSearchOptions);

  it.each(NOT_TENSORS.filter(([name]) => name !== 'undefined'))('refuses %s', (_, importance) => {
    expect(refused(importance)).toThrow(/^clipSearch: "importance/);
  });

  it.each<[string, Float32Array, RegExp]>([
    [
      'too few',
      new Float32Array(95).fill(1),
      /"importance.shape" expected a shape that broadcasts to \[32, 96\], got/,
    ],
    ['one per output', new Float32Array(32).fill(1), /"importance.shape" expected a shape that broadcasts/],
    [
      'zeros alone',
      new Float32Array(96),
      /"importance" expected at least one number above 0, got 0 - leave it out/,
    ],
    [
      'a negative one',
      new Float32Array(96).fill(1).fill(-1, 7, 8),
      /"importance\[7\]" expected a number from 0 to 3.4e38, got -1/,
    ],
  ])('refuses %s', (_, importance, message) => {
    expect(refused(importance)).toThrow(RangeError);
    expect(refused(importance)).toThrow(message);
  });

  it('refuses more axes than the tensor has, and numbers beyond float32', () => {
    expect(refused({ data: w.data.map(Math.abs), shape: [1, 32, 96] })).toThrow(/broadcasts to \[32, 96\]/);
    expect(refused(new Float64Array(96).fill(1e300))).toThrow(/divide all of them by the largest/);
  });

  it.each([NaN, Infinity, -Infinity])('names the first that is %d', (v) => {
    const importance = new Float32Array(96).fill(1);
    importance[3] = v;
    try {
      refused(importance)();
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(NumericError);
      expect((error as NumericError).code).toBe('NON_FINITE');
      expect((error as NumericError).index).toBe(3);
    }
  });
});
