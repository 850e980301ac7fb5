import { NumericError, smoothQuant, type SmoothQuantOptions } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { NOT_TENSORS } from '../../support/wrong-types.js';

const w = { data: Float32Array.of(0.5, -0.25, 0.5, 2, 4, -1), shape: [2, 3] };
const x = { data: Float32Array.of(1, 64, 3, 0.5, -100, -1, 0.25, 80, 0.7), shape: [3, 3] };
const activationMax = Float32Array.of(1, 100, 3);

describe('smoothQuant()', () => {
  it('gives the scales that the formula says', () => {
    const { inputScale, weights, report } = smoothQuant(w, { activationMax });
    // max|w|^(1/2) / max|x|^(1/2), columns 2, 4, 1.
    expect(Array.from(inputScale)).toEqual(
      [Math.sqrt(2 / 1), Math.sqrt(4 / 100), Math.sqrt(1 / 3)].map((v) => expect.closeTo(v, 6) as number),
    );
    expect(Number(weights[0].data[1])).toBeCloseTo(-0.25 / 0.2, 6);
    expect(report).toMatchObject({
      alpha: 0.5,
      kept: 'smoothed',
      loss: null,
      unsmoothedLoss: null,
      deadInputs: 0,
    });
  });

  it.each<[number, number[]]>([
    [0, [2, 4, 1]],
    [1, [1, 1 / 100, 1 / 3]],
  ])('moves nothing of the inputs with alpha 0 and all with 1: %j', (alpha, expected) => {
    const { inputScale } = smoothQuant(w, { activationMax, alpha });
    expect(inputScale).toEqual(Float32Array.from(expected));
  });

  it('rounds to powers of two by ratio', () => {
    const { inputScale } = smoothQuant(w, { activationMax, powerOfTwo: true });
    expect(inputScale).toEqual(Float32Array.of(1, 0.25, 0.5));
  });

  it('halves the error where one input is an outlier, and says so', () => {
    const { report } = smoothQuant(w, { activations: x, alpha: 'auto' });
    expect(report.kept).toBe('smoothed');
    expect(report.loss).toBeLessThan((report.unsmoothedLoss ?? NaN) / 2);
    expect(report.alpha).toBeGreaterThan(0);
  });

  it('leaves inputs that were always 0 alone, and all where weights or inputs are 0', () => {
    const dead = smoothQuant(w, { activationMax: Float32Array.of(1, 0, 3) });
    expect(dead.inputScale[1]).toBe(1);
    expect(dead.report.deadInputs).toBe(1);
    const zeros = { data: new Float32Array(6), shape: [2, 3] };
    const ones = Float32Array.of(1, 1, 1);
    expect(smoothQuant(zeros, { activationMax }).inputScale).toEqual(ones);
    expect(smoothQuant(w, { activationMax: new Float32Array(3) }).inputScale).toEqual(ones);
    const all = smoothQuant(w, { activations: { data: new Float32Array(6), shape: [2, 3] }, alpha: 'auto' });
    expect(all.report).toEqual({
      alpha: null,
      kept: 'unsmoothed',
      loss: 0,
      unsmoothedLoss: 0,
      deadInputs: 3,
      workingBytes: all.report.workingBytes,
    });
    expect(all.inputScale).toEqual(ones);
  });

  it('makes inputs small that only weights of 0 read', () => {
    const column = { data: Float32Array.of(1, 0, 1, 1, 0, 1), shape: [2, 3] };
    const { inputScale } = smoothQuant(column, { activationMax: Float32Array.of(1, 1, 1) });
    expect(inputScale[1]).toBeCloseTo(Math.sqrt(1e-5), 8);
  });

  it('does not scale inputs for which a power of two would round, and keeps all numbers finite', () => {
    const tiny = { data: Float32Array.of(3e-45, 1, 1e-44, 1), shape: [2, 2] };
    // Times 2^k with k > 0 these weights are exact, divided by it they are not.
    const { inputScale } = smoothQuant(tiny, { activationMax: Float32Array.of(1e-30, 1), powerOfTwo: true });
    expect(inputScale[0]).toBe(1);
    const large = { data: Float32Array.of(3e38, 1), shape: [1, 2] };
    for (const alpha of [0, 0.5, 1]) {
      const result = smoothQuant(large, { activationMax: Float32Array.of(3e38, 1e-30), alpha });
      expect(Array.from(result.weights[0].data as Float32Array).every(Number.isFinite)).toBe(true);
      expect(Math.fround(3e38 * result.inputScale[0])).toBeLessThan(Infinity);
    }
  });

  it.each<[string, number[], number]>([
    ['one line', [1, 3], 3],
    ['one axis', [3], 3],
    ['four axes', [1, 2, 1, 3], 6],
    ['no lines', [0, 3], 0],
  ])('takes %s', (_, shape, size) => {
    const { weights } = smoothQuant(
      { data: w.data.slice(0, size), shape },
      { activations: x, alpha: 'auto' },
    );
    expect(weights[0].shape).toEqual(shape);
  });

  it('takes one input and no inputs', () => {
    const one = smoothQuant(
      { data: w.data, shape: [6, 1] },
      { activations: { data: x.data, shape: [9, 1] }, alpha: 'auto' },
    );
    expect(one.inputScale.length).toBe(1);
    const none = smoothQuant(
      { data: new Float32Array(0), shape: [2, 0] },
      { activations: { data: new Float32Array(0), shape: [4, 0] } },
    );
    expect(none.inputScale).toEqual(new Float32Array(0));
    expect(none.report.kept).toBe('unsmoothed');
  });

  it('leaves its inputs as they are', () => {
    const before = [w.data.slice(), x.data.slice()];
    smoothQuant([w, w], { activations: x, alpha: 'auto' });
    expect([w.data, x.data]).toEqual(before);
  });
});

describe('smoothQuant() refuses', () => {
  it.each<[string, object, string | RegExp]>([
    [
      'nothing about the inputs',
      {},
      /^smoothQuant: "activations" expected either activations or activationMax, got "neither"/,
    ],
    ['both', { activations: x, activationMax }, /expected either activations or activationMax, got "both"/],
    [
      'no rows',
      { activations: { data: new Float32Array(0), shape: [0, 3] } },
      /^smoothQuant: "activations" expected at least one row/,
    ],
    [
      'rows of another length',
      { activations: { data: new Float32Array(4), shape: [2, 2] } },
      /"activations.shape" expected a last axis of 3/,
    ],
    [
      'a scalar of activations',
      { activations: { data: new Float32Array(1), shape: [] } },
      /"activations.shape" expected a last axis of 3/,
    ],
    [
      'activations that are not finite',
      { activations: { data: Float32Array.of(1, NaN, 2), shape: [1, 3] } },
      /"activations" expected finite float32 values, got NaN at index 1/,
    ],
    [
      'magnitudes of another length',
      { activationMax: Float32Array.of(1) },
      /"activationMax.shape" expected \[3\]/,
    ],
    [
      'negative magnitudes',
      { activationMax: Float32Array.of(1, -1, 1) },
      /"activationMax\[1\]" expected a magnitude/,
    ],
    [
      'infinite magnitudes',
      { activationMax: Float32Array.of(1, Infinity, 1) },
      /"activationMax" expected finite numbers, got Infinity at index 1/,
    ],
    [
      'an alpha above 1',
      { activationMax, alpha: 1.5 },
      /"alpha" expected a number from 0 to 1, or 'auto', got 1.5/,
    ],
    ['NaN as alpha', { activationMax, alpha: NaN }, /"alpha" expected a number from 0 to 1/],
    ['another word as alpha', { activationMax, alpha: 'best' }, /"alpha" expected a number from 0 to 1/],
    [
      "'auto' without activations",
      { activationMax, alpha: 'auto' },
      /"alpha" expected a number beside activationMax/,
    ],
    [
      'steps without a search',
      { activationMax, alphaSteps: 5 },
      /"alphaSteps" expected no value unless alpha is 'auto'/,
    ],
    ['1 bit', { activationMax, weightBits: 1 }, /"weightBits" expected a whole number from 2 to 8/],
    ['another granularity', { activationMax, weightGranularity: 'chanel' }, /did you mean 'channel'/],
    ['an axis that does not exist', { activationMax, inputAxis: 2 }, /"axis" expected/],
    ['unknown options', { activationMax, alphaStep: 1 }, /did you mean "alphaSteps"/],
  ])('%s', (_, options, message) => {
    expect(() => smoothQuant(w, options as SmoothQuantOptions)).toThrow(message);
  });

  it('no weights, and weights with different inputs', () => {
    expect(() => smoothQuant([], { activationMax })).toThrow(
      'smoothQuant: "weights" expected at least one tensor',
    );
    const other = { data: new Float32Array(4), shape: [2, 2] };
    expect(() => smoothQuant([w, other], { activationMax })).toThrow(
      'smoothQuant: "weights[1].shape" expected 3 inputs like weights[0], got 2',
    );
    expect(() => smoothQuant({ data: Float32Array.of(1), shape: [] }, { activationMax })).toThrow(
      'smoothQuant: "weights" expected at least one axis',
    );
  });

  it('weights that are not finite, with the first index', () => {
    const bad = (): unknown =>
      smoothQuant([w, { data: Float32Array.of(1, Infinity, 2), shape: [1, 3] }], { activationMax });
    expect(bad).toThrow(NumericError);
    expect(bad).toThrow('smoothQuant: "weights[1]" expected finite float32 values, got Infinity at index 1');
  });

  it.each(NOT_TENSORS.filter(([, value]) => !Array.isArray(value)))('%s as a weight', (_, value) => {
    expect(() => smoothQuant(value as Float32Array, { activationMax })).toThrow(/"weights/);
    expect(() => smoothQuant([value as Float32Array], { activationMax })).toThrow(/"weights\[0\]/);
  });
});
