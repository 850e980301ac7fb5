import {
  dequantizeAffine,
  gptq,
  hessianAccumulator,
  NumericError,
  quantizeAffine,
  type GptqOptions,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { NOT_TENSORS } from '../../support/wrong-types.js';

const w = { data: Float32Array.of(0.9, -0.4, 0.3, 0.2, 0.7, -1), shape: [2, 3] };
const x = { data: Float32Array.of(1, 2, 3, 3, 2, 1, 1, 1, 1.1), shape: [3, 3] };
const identity = { data: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), shape: [3, 3] };

describe('gptq()', () => {
  it('makes good in later weights what rounding does to earlier ones', () => {
    const pair = { data: Float32Array.of(1, 0.4, 0.4), shape: [1, 3] };
    const inputs = { data: Float32Array.of(0, 1, 1, 0, 1, 1.001), shape: [2, 3] };
    // Scale 1: to nearest both 0.4 become 0 and outputs lose 0.8; one of them rounded up loses 0.2.
    const options = { bits: 2, scaleMethod: 'absmax', activations: inputs } as const;
    const { tensor, report } = gptq(pair, options);
    expect(Array.from(dequantizeAffine(tensor))).toEqual([1, 0, 1]);
    expect(report.kept).toBe('gptq');
    expect(report.loss).toBeLessThan(report.roundToNearestLoss / 8);
  });

  it('takes a Hessian as it takes the activations that it is the sum of', () => {
    const sums = hessianAccumulator(3);
    sums.add(x);
    const options = { bits: 3, mapping: 'asymmetric' } as const;
    const [given, summed] = [{ hessian: sums.matrix }, { activations: x }].map((inputs) =>
      gptq(w, { ...options, ...inputs }),
    );
    expect(given.tensor).toEqual(summed.tensor);
    // The sums are the solver's own.
    const workingBytes = summed.report.workingBytes - 8 * 3 * 3;
    expect(given.report).toEqual({ ...summed.report, workingBytes });
  });

  it('gives the same for any multiple of the Hessian', () => {
    const sums = hessianAccumulator(3);
    sums.add(x);
    const hessian = { data: sums.matrix.data.map((v) => v * 2 ** 40), shape: [3, 3] };
    const scaled = gptq(w, { bits: 3, hessian });
    const plain = gptq(w, { bits: 3, activations: x });
    expect(scaled.tensor).toEqual(plain.tensor);
    expect(scaled.report.loss).toBe(plain.report.loss * 2 ** 40);
  });

  it('rounds groups of 128 along the inputs unless told otherwise', () => {
    const { tensor } = gptq(w, { bits: 4, activations: x });
    expect(tensor.granularity).toEqual({ kind: 'group', axis: 1, groupSize: 128 });
    expect(tensor.scale.length).toBe(2);
  });

  it.each<[string, number[]]>([
    ['one line', [1, 3]],
    ['one axis', [3]],
    ['four axes', [1, 2, 1, 3]],
  ])('takes %s', (_, shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const { tensor, report } = gptq({ data: w.data.slice(0, size), shape }, { bits: 4, activations: x });
    expect(tensor.shape).toEqual(shape);
    expect(report.lines).toBe(size / 3);
  });

  it('takes one input', () => {
    const { tensor, report } = gptq(
      { data: w.data, shape: [6, 1] },
      { bits: 8, activations: { data: x.data, shape: [9, 1] } },
    );
    expect(tensor.codes).toEqual(
      quantizeAffine(
        { data: w.data, shape: [6, 1] },
        { bits: 8, granularity: { kind: 'group', groupSize: 128 } },
      ).codes,
    );
    expect(report.loss).toBeLessThanOrEqual(report.roundToNearestLoss);
  });

  it.each([[[0, 3]], [[2, 0]]])('gives an empty tensor for the shape %j', (shape) => {
    const n = shape[1];
    const hessian = { data: new Float64Array(n * n), shape: [n, n] };
    const { tensor, report } = gptq({ data: new Float32Array(0), shape }, { bits: 4, hessian });
    expect(tensor.shape).toEqual(shape);
    expect(tensor.codes.length).toBe(0);
    expect([report.lines, report.loss]).toEqual([0, 0]);
  });

  it('keeps weights of 0 and lines of 0', () => {
    const { tensor } = gptq({ data: new Float32Array(6), shape: [2, 3] }, { bits: 4, activations: x });
    expect(Array.from(dequantizeAffine(tensor))).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('stays finite from the smallest to the largest weights', () => {
    const data = Float32Array.of(3.4e38, -3.4e38, 1, 1e-45, -1e-45, 0);
    for (const scaleDtype of ['float32', 'float16', 'bfloat16'] as const) {
      const { tensor } = gptq({ data, shape: [2, 3] }, { bits: 4, activations: x, scaleDtype });
      for (const v of dequantizeAffine(tensor)) expect(Number.isFinite(v)).toBe(true);
    }
  });
});

describe('the report', () => {
  it('counts dead inputs, whose weights are rounded to nearest', () => {
    const data = Float32Array.of(1, 0, 3, 3, 0, 1);
    const { tensor, report } = gptq(w, {
      bits: 4,
      scaleMethod: 'absmax',
      activations: { data, shape: [2, 3] },
    });
    expect(report.deadColumns).toBe(1);
    const nearest = dequantizeAffine(
      quantizeAffine(w, { bits: 4, granularity: { kind: 'group', groupSize: 128 } }),
    );
    expect(dequantizeAffine(tensor)[1]).toBe(nearest[1]);
    expect(dequantizeAffine(tensor)[4]).toBe(nearest[4]);
  });

  it('is round to nearest where no input was ever alive', () => {
    const { tensor, report } = gptq(w, {
      bits: 4,
      scaleMethod: 'absmax',
      hessian: { data: new Float64Array(9), shape: [3, 3] },
    });
    expect(report.deadColumns).toBe(3);
    expect(report.kept).toBe('roundToNearest');
    expect(tensor.codes).toEqual(
      quantizeAffine(w, { bits: 4, granularity: { kind: 'group', groupSize: 128 } }).codes,
    );
  });

  it('says that a singular Hessian needed damping, and how much', () => {
    const singular = { data: Float32Array.of(1, 2, 3), shape: [1, 3] };
    const { report } = gptq(w, { bits: 4, activations: singular, damping: 0 });
    expect(report.damping).toBeGreaterThan(0);
    expect(report.damping).toBeLessThan(1e-3);
    expect(report.dampingSteps).toBeGreaterThan(0);
    const enough = gptq(w, { bits: 4, activations: singular, damping: 0.01 }).report;
    expect([enough.damping, enough.dampingSteps]).toEqual([0.01, 0]);
  });

  it('says when lines that share a scale were all taken from round to nearest', () => {
    const granularity = { kind: 'tensor' } as const;
    const { report } = gptq(w, { bits: 4, hessian: identity, granularity });
    expect(report.kept).toBe('roundToNearest');
    expect(report.roundToNearestLines).toBe(report.lines);
    expect(report.staticGroups).toBe(true);
  });

  it('says that act-order made groups static, and grouped order did not', () => {
    const options = { bits: 4, activations: x, granularity: { kind: 'group', groupSize: 2 } } as const;
    expect(gptq(w, { ...options, order: 'activation' }).report.staticGroups).toBe(true);
    expect(gptq(w, { ...options, order: 'grouped' }).report.staticGroups).toBe(false);
  });
});

describe('gptq() names', () => {
  const fails = (options: Partial<Record<keyof GptqOptions, unknown>>, message: string | RegExp): void => {
    expect(() => gptq(w, { bits: 4, ...options } as GptqOptions)).toThrow(message);
  };

  it.each<[string, Partial<Record<keyof GptqOptions, unknown>>, string | RegExp]>([
    [
      'neither Hessian nor activations',
      {},
      'gptq: "hessian" expected either hessian or activations, got "neither"',
    ],
    ['both of them', { hessian: identity, activations: x }, 'got "both"'],
    [
      'a Hessian of another size',
      { hessian: { data: new Float64Array(4), shape: [2, 2] } },
      'gptq: "hessian.shape" expected [3, 3], got an array of 2: [2, 2]',
    ],
    ['a flat Hessian', { hessian: new Float64Array(9) }, 'gptq: "hessian.shape" expected [3, 3]'],
    [
      'an asymmetric Hessian',
      { hessian: { data: Float64Array.of(1, 0, 0, 0, 1, 0, 0.5, 0, 1), shape: [3, 3] } },
      /^gptq: "hessian\[2, 0\]" expected the same as hessian\[0, 2\], got .* - pass a symmetric matrix$/,
    ],
    [
      'a negative diagonal',
      { hessian: { data: Float64Array.of(1, 0, 0, 0, -1, 0, 0, 0, 1), shape: [3, 3] } },
      'gptq: "hessian[1, 1]" expected a sum of squares, got -1',
    ],
    [
      'no rows of activations',
      { activations: { data: new Float32Array(0), shape: [0, 3] } },
      'gptq: "activations" expected at least one row',
    ],
    [
      'activations of another width',
      { activations: { data: new Float32Array(4), shape: [1, 4] } },
      'a last axis of 3',
    ],
    ['16 bits', { hessian: identity, bits: 16 }, 'gptq: "bits" expected a whole number from 1 to 8, got 16'],
    [
      'an unknown option',
      { hessian: identity, dampening: 1 } as never,
      'got "dampening" - did you mean "damping"?',
    ],
    ['an unknown order', { hessian: identity, order: 'act' }, 'gptq: "order" expected one of'],
    [
      'damping below 0',
      { hessian: identity, damping: -1 },
      'gptq: "damping" expected a finite number >= 0, got -1',
    ],
    [
      'damping that is no number',
      { hessian: identity, damping: '1%' },
      'gptq: "damping" expected a finite number',
    ],
    [
      'groups across the inputs',
      { hessian: identity, granularity: { kind: 'group', axis: 0, groupSize: 2 } },
      'gptq: "granularity.axis" expected inputAxis (1), got 0',
    ],
    [
      'blocks',
      { hessian: identity, granularity: { kind: 'block', blockShape: [1, 2] } },
      "gptq: \"granularity.kind\" expected kind 'group', 'axis' or 'tensor'",
    ],
    [
      'group scales that act-order cannot find on the way',
      {
        hessian: identity,
        granularity: { kind: 'group', groupSize: 2 },
        order: 'activation',
        staticGroups: false,
      },
      'gptq: "staticGroups" expected true',
    ],
    [
      'staticGroups that is no boolean',
      { hessian: identity, staticGroups: 1 },
      'gptq: "staticGroups" expected true or false, got 1',
    ],
    ['an axis that does not exist', { hessian: identity, inputAxis: 2 }, /^gptq: "axis"/],
  ])('%s', (_, options, message) => {
    fails(options, message);
  });

  it('a Hessian or weights that are not finite, with the first index', () => {
    const data = identity.data.slice();
    data[4] = Infinity;
    const bad = (): unknown => gptq(w, { bits: 4, hessian: { data, shape: [3, 3] } });
    expect(bad).toThrow(NumericError);
    expect(bad).toThrow('gptq: "hessian" expected finite numbers, got Infinity at index 4');
    const weights = { data: Float32Array.of(1, NaN, 2), shape: [1, 3] };
    expect(() => gptq(weights, { bits: 4, hessian: identity })).toThrow(
      /^gptq: "w" expected finite .* got NaN at index 1/,
    );
  });

  it('a matrix that no damping makes positive', () => {
    const data = Float64Array.of(1, 9, 0, 9, 1, 0, 0, 0, 1);
    expect(() => gptq(w, { bits: 4, hessian: { data, shape: [3, 3] } })).toThrow(
      'gptq: "hessian" expected a sum of x^T x, got a matrix that is not positive even with damping 1',
    );
  });

  it('a scalar', () => {
    const scalar = { data: Float32Array.of(1), shape: [] };
    expect(() => gptq(scalar, { bits: 4, hessian: identity })).toThrow(
      'gptq: "w" expected at least one axis',
    );
  });

  it.each(NOT_TENSORS)('%s as w', (_, value) => {
    expect(() => gptq(value as Float32Array, { bits: 4, hessian: identity })).toThrow(/"w/);
  });
});
