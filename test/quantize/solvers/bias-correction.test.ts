import { biasCorrection, NumericError, type BiasCorrectionOptions } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { NOT_TENSORS } from '../../support/wrong-types.js';

const w = { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] };
const quantized = { data: Float32Array.of(1, 2.5, 3, 4, 4, 6), shape: [2, 3] };
const activationMean = Float32Array.of(1, 2, 3);

describe('biasCorrection()', () => {
  it('adds (W - W_q) E[x]', () => {
    const { bias, report } = biasCorrection(w, quantized, { activationMean, bias: Float32Array.of(10, 20) });
    expect(bias).toEqual(Float32Array.of(9, 22));
    expect(report).toEqual({
      outputs: 2,
      correctedOutputs: 2,
      maxShiftBefore: 2,
      maxShiftAfter: 0,
      rmsShiftBefore: Math.sqrt(2.5),
      rmsShiftAfter: 0,
      tokens: null,
    });
  });

  it('counts a missing bias as 0 and leaves outputs alone whose weights are exact', () => {
    const same = { data: Float32Array.of(1, 2.5, 3, 4, 5, 6), shape: [2, 3] };
    const { bias, report } = biasCorrection(w, same, { activationMean });
    expect(bias).toEqual(Float32Array.of(-1, 0));
    expect(report.correctedOutputs).toBe(1);
  });

  it('counts every tap of a convolution [out, in, height, width]', () => {
    const kernel = { data: new Float32Array(8).fill(1), shape: [1, 2, 2, 2] };
    const rounded = { data: Float32Array.of(0, 1, 1, 1, 1, 1, 0, 0), shape: [1, 2, 2, 2] };
    const { bias } = biasCorrection(kernel, rounded, { activationMean: Float32Array.of(5, 7) });
    expect(bias).toEqual(Float32Array.of(5 + 2 * 7));
  });

  it('takes TensorFlow kernels [height, width, in, out] and depthwise ones', () => {
    const kernel = { data: Float32Array.of(1, 1, 1, 1), shape: [1, 1, 2, 2] };
    const rounded = { data: Float32Array.of(0, 1, 1, 0.5), shape: [1, 1, 2, 2] };
    const mean = Float32Array.of(5, 8);
    expect(
      biasCorrection(kernel, rounded, { activationMean: mean, outputAxis: -1, inputAxis: -2 }).bias,
    ).toEqual(Float32Array.of(5, 4));
    const depthwise = { data: Float32Array.of(1, 1, 1, 1), shape: [2, 1, 1, 2] };
    const own = { data: Float32Array.of(0, 1, 0.5, 0.5), shape: [2, 1, 1, 2] };
    expect(biasCorrection(depthwise, own, { activationMean: mean, inputAxis: 0 }).bias).toEqual(
      Float32Array.of(5, 8),
    );
  });

  it('takes a w of one axis, and layers without inputs or outputs', () => {
    const line = Float32Array.of(1, 2);
    expect(
      biasCorrection(line, Float32Array.of(1, 1), { activationMean: Float32Array.of(3, 4) }).bias,
    ).toEqual(Float32Array.of(0, 4));
    const empty = { data: new Float32Array(0), shape: [0, 3] };
    expect(biasCorrection(empty, empty, { activationMean }).report.outputs).toBe(0);
    const none = { data: new Float32Array(0), shape: [2, 0] };
    expect(biasCorrection(none, none, { activationMean: new Float32Array(0) }).bias).toEqual(
      new Float32Array(2),
    );
  });
});

describe('wrong arguments of biasCorrection()', () => {
  it.each(NOT_TENSORS)('refuses %s in the place of a tensor', (_, x) => {
    const wrong = x as Float32Array;
    expect(() => biasCorrection(wrong, quantized, { activationMean })).toThrow(/^biasCorrection: "w/);
    expect(() => biasCorrection(w, wrong, { activationMean })).toThrow(/^biasCorrection: "quantized/);
    if (x === undefined) return;
    expect(() => biasCorrection(w, quantized, { activationMean: wrong })).toThrow(/: "activationMean/);
    expect(() => biasCorrection(w, quantized, { activations: wrong })).toThrow(/: "activations/);
    expect(() => biasCorrection(w, quantized, { activationMean, bias: wrong })).toThrow(/: "bias/);
  });

  it.each<[string, object, RegExp]>([
    [
      'neither mean nor activations',
      {},
      /"activationMean" expected either activationMean or activations, got "neither"/,
    ],
    [
      'both',
      { activationMean, activations: { data: new Float32Array(3), shape: [1, 3] } },
      /"activationMean" expected either activationMean or activations, got "both"/,
    ],
    ['an unknown option', { activationMean, axis: 1 }, /"options" expected known keys, got "axis"/],
    ['too few means', { activationMean: new Float32Array(2) }, /"activationMean" expected 3 numbers, got 2/],
    [
      'activations of another width',
      { activations: { data: new Float32Array(4), shape: [2, 2] } },
      /a last axis of 3/,
    ],
    ['no activations', { activations: { data: new Float32Array(0), shape: [0, 3] } }, /at least one row/],
    [
      'another number of biases',
      { activationMean, bias: new Float32Array(3) },
      /"bias" expected 2 numbers, got 3/,
    ],
    ['an axis that is none', { activationMean, outputAxis: 2 }, /biasCorrection: "axis"/],
  ])('refuses %s', (_, options, message) => {
    expect(() => biasCorrection(w, quantized, options as BiasCorrectionOptions)).toThrow(message);
  });

  it('refuses scalars and values of another shape', () => {
    const scalar = { data: Float32Array.of(1), shape: [] };
    expect(() => biasCorrection(scalar, scalar, { activationMean })).toThrow(
      /"w" expected at least one axis/,
    );
    expect(() => biasCorrection(w, { ...quantized, shape: [3, 2] }, { activationMean })).toThrow(
      /"quantized.shape" expected \[2, 3\]/,
    );
  });

  it('names what is not finite, and a bias beyond float32', () => {
    const bad = { data: Float32Array.of(1, 2, 3, 4, NaN, 6), shape: [2, 3] };
    const huge = Float32Array.of(1, 3.4e38, 1);
    const cases: [() => unknown, string, number][] = [
      [() => biasCorrection(bad, quantized, { activationMean }), 'NON_FINITE', 4],
      [() => biasCorrection(w, bad, { activationMean }), 'NON_FINITE', 4],
      [
        () => biasCorrection(w, quantized, { activationMean: Float32Array.of(1, Infinity, 0) }),
        'NON_FINITE',
        1,
      ],
      [
        () => biasCorrection(w, quantized, { activationMean: huge, bias: Float32Array.of(0, 3.4e38) }),
        'OVERFLOW',
        1,
      ],
    ];
    for (const [run, code, index] of cases)
      try {
        run();
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(NumericError);
        expect([(error as NumericError).code, (error as NumericError).index]).toEqual([code, index]);
      }
  });
});
