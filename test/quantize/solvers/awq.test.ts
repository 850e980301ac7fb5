import {
  awq,
  dequantizeAffine,
  foldInputScale,
  hessianAccumulator,
  NumericError,
  quantizeAffine,
  scaleAxis,
  type AwqOptions,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { NOT_TENSORS } from '../../support/wrong-types.js';

const w = { data: Float32Array.of(0.9, -0.4, 0.3, 0.2, 0.7, -1), shape: [2, 3] };
const x = { data: Float32Array.of(1, 20, 3, 3, -22, 1, 1, 21, 1.1), shape: [3, 3] };
const identity = { data: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), shape: [3, 3] };

describe('awq()', () => {
  it('spares the weights that meet large inputs', () => {
    const { tensor, inputScale, report } = awq(w, { activations: x, bits: 3, clip: false });
    expect(report.kept).toBe('awq');
    expect(report.ratio).toBeGreaterThan(0);
    expect(report.loss).toBeLessThan(report.roundToNearestLoss / 2);
    // The second input is the largest: it is made smaller, and its weights larger.
    expect(inputScale[1]).toBeLessThan(1);
    expect(inputScale[0]).toBeGreaterThan(1);
    const values = scaleAxis({ data: dequantizeAffine(tensor), shape: [2, 3] }, inputScale).data;
    const nearest = dequantizeAffine(
      quantizeAffine(w, { bits: 3, granularity: { kind: 'group', groupSize: 128 } }),
    );
    expect(Math.abs(Number(values[1]) + 0.4)).toBeLessThan(Math.abs(nearest[1] + 0.4));
  });

  it('gives, for ratio 1/2, the scales that the formula says', () => {
    // norms 1 and 16, one line of equal weights that no ratio but the largest of 2 can help: s = sqrt(norm / 16) / sqrt(1 * 1/4).
    const pair = { data: Float32Array.of(1, 0.3), shape: [1, 2] };
    const { inputScale, report } = awq(pair, {
      activationNorm: Float32Array.of(1, 16),
      bits: 2,
      ratios: 2,
      clip: false,
    });
    expect(report).toMatchObject({ kept: 'awq', ratio: 0.5 });
    expect(inputScale).toEqual(Float32Array.of(2, 0.5));
  });

  it('cuts ranges where outputs gain by it', () => {
    const line = { data: Float32Array.of(1, 0.43, 0.43, 0.43), shape: [1, 4] };
    const activationNorm = Float32Array.of(0.1, 1, 1, 1);
    const cut = awq(line, { activationNorm, bits: 2, ratios: 1 });
    expect(cut.report).toMatchObject({ kept: 'awq', ratio: 0, clippedRegions: 1, regions: 1 });
    expect(cut.tensor.scale[0]).toBeCloseTo(0.55, 6);
    expect(cut.inputScale).toEqual(new Float32Array(4).fill(1));
    expect(awq(line, { activationNorm, bits: 2, ratios: 1, clip: false }).report).toMatchObject({
      kept: 'roundToNearest',
      clippedRegions: 0,
    });
  });

  it.each<[string, AwqOptions]>([
    ['inputs that were all 0', { bits: 4, activations: { data: new Float32Array(9), shape: [3, 3] } }],
    ['norms that are all 0', { bits: 4, activationNorm: new Float32Array(3) }],
    ['a Hessian of zeros', { bits: 4, hessian: { data: new Float64Array(9), shape: [3, 3] } }],
  ])('is round to nearest for %s', (_, options) => {
    const { tensor, inputScale, report } = awq(w, options);
    expect(tensor).toEqual(
      quantizeAffine(w, { bits: 4, granularity: { kind: 'group', axis: 1, groupSize: 128 } }),
    );
    expect(inputScale).toEqual(Float32Array.of(1, 1, 1));
    expect(report).toEqual({
      loss: 0,
      roundToNearestLoss: 0,
      kept: 'roundToNearest',
      ratio: 0,
      clippedRegions: 0,
      regions: 2,
      lines: 2,
      deadInputs: 3,
      workingBytes: report.workingBytes,
    });
  });

  it('scales inputs that were 0 like the smallest one', () => {
    const activationNorm = Float32Array.of(0, 16, 0.0001);
    const { inputScale, report } = awq(w, { activationNorm, bits: 3, ratios: 2, clip: false });
    expect(report.deadInputs).toBe(1);
    expect(report.ratio).toBe(0.5);
    expect(inputScale[0]).toBe(inputScale[2]);
    expect(inputScale[0] / inputScale[1]).toBeCloseTo(100, 3);
  });

  it.each<[string, number[]]>([
    ['one line', [1, 3]],
    ['one axis', [3]],
    ['four axes', [1, 2, 1, 3]],
  ])('takes %s', (_, shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const { tensor, report } = awq({ data: w.data.slice(0, size), shape }, { bits: 4, activations: x });
    expect(tensor.shape).toEqual(shape);
    expect(report.lines).toBe(size / 3);
  });

  it('takes one input, which no scale can help', () => {
    const one = { data: w.data, shape: [6, 1] };
    const { inputScale, report } = awq(one, { bits: 4, activations: { data: x.data, shape: [9, 1] } });
    expect(inputScale).toEqual(Float32Array.of(1));
    expect(report.loss).toBeLessThanOrEqual(report.roundToNearestLoss);
  });

  it.each([[[0, 3]], [[2, 0]]])('gives an empty tensor for the shape %j', (shape) => {
    const n = shape[1];
    const hessian = { data: new Float64Array(n * n), shape: [n, n] };
    const { tensor, inputScale, report } = awq({ data: new Float32Array(0), shape }, { bits: 4, hessian });
    expect(tensor.shape).toEqual(shape);
    expect(inputScale).toEqual(new Float32Array(n).fill(1));
    expect(report).toMatchObject({ kept: 'roundToNearest', loss: 0, lines: 0 });
  });

  it('keeps weights finite that scaling would carry out of float32', () => {
    const large = { data: Float32Array.of(1, 3e38, 2e38, 1), shape: [2, 2] };
    const { tensor, inputScale } = awq(large, { bits: 4, activationNorm: Float32Array.of(1e-9, 1) });
    expect(dequantizeAffine(tensor).every(Number.isFinite)).toBe(true);
    expect(inputScale.every((t) => t > 0)).toBe(true);
  });

  it('leaves its inputs as they are', () => {
    const before = [w.data.slice(), x.data.slice()];
    awq(w, { bits: 4, activations: x, inputAxis: 1 });
    expect([w.data, x.data]).toEqual(before);
  });
});

describe('awq() refuses', () => {
  const fails = (options: unknown, message: string | RegExp): void => {
    expect(() => awq(w, options as AwqOptions)).toThrow(message);
  };
  const norm = Float32Array.of(1, 2, 3);

  it.each<[string, object, string | RegExp]>([
    [
      'nothing about the inputs',
      { bits: 4 },
      'awq: "activations" expected activations, hessian or activationNorm, got "none of them"',
    ],
    [
      'activations beside norms',
      { bits: 4, activations: x, activationNorm: norm },
      /^awq: "activations" expected no hessian and no activationNorm/,
    ],
    [
      'activations beside a Hessian',
      { bits: 4, activations: x, hessian: identity },
      /^awq: "activations" expected no hessian/,
    ],
    [
      'no rows',
      { bits: 4, activations: { data: new Float32Array(0), shape: [0, 3] } },
      /^awq: "activations" expected at least one row/,
    ],
    [
      'rows of another length',
      { bits: 4, activations: { data: new Float32Array(4), shape: [2, 2] } },
      /"activations.shape" expected a last axis of 3/,
    ],
    [
      'norms of another length',
      { bits: 4, activationNorm: Float32Array.of(1, 2) },
      'awq: "activationNorm.shape" expected [3], got an array of 1: [2]',
    ],
    [
      'negative norms',
      { bits: 4, activationNorm: Float32Array.of(1, -2, 3) },
      /^awq: "activationNorm\[1\]" expected a magnitude, 0 or more, got -2/,
    ],
    [
      'norms that are not finite',
      { bits: 4, activationNorm: Float32Array.of(1, NaN, 3) },
      /^awq: "activationNorm" expected finite numbers, got NaN at index 1/,
    ],
    [
      'activations that are not finite',
      { bits: 4, activations: { data: Float32Array.of(1, 2, NaN), shape: [1, 3] } },
      /"activations" expected finite numbers, got NaN at index 2/,
    ],
    [
      'a Hessian of another size',
      { bits: 4, hessian: { data: new Float64Array(4), shape: [2, 2] } },
      /^awq: "hessian.shape" expected \[3, 3\]/,
    ],
    [
      'a Hessian that is not symmetric',
      { bits: 4, hessian: { data: Float64Array.of(1, 0, 0, 1, 1, 0, 0, 0, 1), shape: [3, 3] } },
      /^awq: "hessian\[1, 0\]" expected the same as hessian\[0, 1\]/,
    ],
    ['16 bits', { bits: 16, activationNorm: norm }, /^awq: "bits" expected a whole number from 1 to 8/],
    [
      'no ratios',
      { bits: 4, activationNorm: norm, ratios: 0 },
      /^awq: "ratios" expected a whole number from 1 to 100/,
    ],
    [
      'clip that is no flag',
      { bits: 4, activationNorm: norm, clip: 1 },
      'awq: "clip" expected true or false, got 1',
    ],
    [
      'groups along the outputs',
      { bits: 4, activationNorm: norm, granularity: { kind: 'group', axis: 0, groupSize: 2 } },
      /^awq: "granularity.axis" expected inputAxis/,
    ],
    [
      'blocks',
      { bits: 4, activationNorm: norm, granularity: { kind: 'block', blockShape: [1, 1] } },
      /^awq: "granularity.kind" expected/,
    ],
    ['unknown options', { bits: 4, activationNorm: norm, ratio: 20 }, /did you mean "ratios"/],
  ])('%s', (_, options, message) => {
    fails(options, message);
  });

  it('weights that are not finite, with the first index', () => {
    const bad = (): unknown =>
      awq({ data: Float32Array.of(1, Infinity, 2), shape: [1, 3] }, { bits: 4, activationNorm: norm });
    expect(bad).toThrow(NumericError);
    expect(bad).toThrow('awq: "w" expected finite float32 values, got Infinity at index 1');
  });

  it('a matrix that is no sum of squares', () => {
    const data = Float64Array.of(1, 9, 0, 9, 1, 0, 0, 0, 1);
    expect(() => awq(w, { bits: 4, hessian: { data, shape: [3, 3] } })).toThrow(
      'awq: "hessian" expected a sum of x^T x, got 9 at [1, 0] between 1 and 1 on the diagonal',
    );
  });

  it('a scalar', () => {
    expect(() => awq({ data: Float32Array.of(1), shape: [] }, { bits: 4, activationNorm: norm })).toThrow(
      'awq: "w" expected at least one axis',
    );
  });

  it.each(NOT_TENSORS)('%s as w', (_, value) => {
    expect(() => awq(value as Float32Array, { bits: 4, activationNorm: norm })).toThrow(/"w/);
  });

  it.each(NOT_TENSORS.filter(([, value]) => value !== undefined))('%s as norms', (_, value) => {
    fails({ bits: 4, activationNorm: value }, /"activationNorm/);
  });
});

describe('foldInputScale()', () => {
  it('moves the scales of a layer into the linear layer before it: the two together stay what they were', () => {
    const previous = { data: Float32Array.of(0.5, -1, 2, 0.25, 1, 3), shape: [3, 2] };
    const bias = Float32Array.of(0.5, -2, 1);
    const sums = hessianAccumulator(3);
    sums.add(x);
    const { tensor, inputScale } = awq(w, { hessian: sums.matrix, bits: 4, powerOfTwo: true });
    expect(inputScale).not.toEqual(Float32Array.of(1, 1, 1));
    const folded = foldInputScale({ weight: previous, bias }, inputScale);
    const values = { data: dequantizeAffine(tensor), shape: [2, 3] };
    const direct = scaleAxis(values, inputScale);
    const u = Float32Array.of(0.75, -0.5);
    const hidden = product(previous.data, u).map((v, i) => v + bias[i]);
    const hiddenFolded = product(folded.weight?.data ?? [], u).map(
      (v, i) => v + Number(folded.bias?.data[i]),
    );
    // Powers of two: the same bits.
    expect(product(values.data, hiddenFolded)).toEqual(product(direct.data, hidden));
  });

  it('folds into norms and into matrices with outputs along the last axis', () => {
    const scale = Float32Array.of(2, 4);
    expect(foldInputScale({ weight: Float32Array.of(1, 3) }, scale)).toEqual({
      weight: { data: Float32Array.of(2, 12), shape: [2], dtype: 'float32' },
    });
    const matrix = { data: Float64Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] };
    expect(foldInputScale({ weight: matrix }, scale, { outputAxis: -1 }).weight).toEqual({
      data: Float64Array.of(2, 8, 6, 16, 10, 24),
      shape: [3, 2],
      dtype: 'float64',
    });
  });

  it('refuses what does not fit', () => {
    const scale = Float32Array.of(2, 4);
    const weight = { data: new Float32Array(6), shape: [3, 2] };
    expect(() => foldInputScale({ weight }, scale)).toThrow(
      'foldInputScale: "inputScale" expected the shape [3], one factor per slice of weight along axis 0, got an array of 1: [2]',
    );
    expect(() => foldInputScale({}, scale)).toThrow(
      'foldInputScale: "previous" expected weight, bias or both',
    );
    expect(() => foldInputScale(weight.data as object, scale)).toThrow(TypeError);
    expect(() => foldInputScale({ weight, gain: 1 } as object, scale)).toThrow(RangeError);
    expect(() => foldInputScale({ weight: scale }, scale, { outputAxis: 1 })).toThrow(
      /^foldInputScale: "axis"/,
    );
    expect(() => scaleAxis(weight, scale, { axis: 2 })).toThrow(/^scaleAxis: "axis"/);
    expect(() => scaleAxis(weight, Float32Array.of(1))).toThrow(
      /^scaleAxis: "factors" expected the shape \[2\]/,
    );
  });

  it.each(NOT_TENSORS)('refuses %s', (_, value) => {
    expect(() => scaleAxis(value as Float32Array, Float32Array.of(1))).toThrow(/"x/);
    expect(() => scaleAxis(Float32Array.of(1), value as Float32Array)).toThrow(/"factors/);
  });
});

/** Rows of `matrix` times `vector`, in float64 and in order. */
function product(matrix: ArrayLike<number | bigint>, vector: ArrayLike<number>): number[] {
  const n = vector.length;
  return Array.from({ length: matrix.length / n }, (_, r) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += Number(matrix[r * n + k]) * vector[k];
    return sum;
  });
}
