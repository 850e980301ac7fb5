import fc from 'fast-check';
import { biasCorrection, dequantizeAffine, quantizeAffine } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { anyLayer, type Layer } from '../../support/gptq.js';

const anyBits = fc.constantFrom(2 as const, 3 as const, 4 as const, 8 as const);

/** A layer, its quantized values and a bias. */
const anyCase = fc
  .tuple(anyLayer, anyBits, fc.double({ min: -20, max: 20, noNaN: true }))
  .map(([layer, bits, b]) => ({
    layer,
    quantized: { data: dequantizeAffine(quantizeAffine(layer.w, { bits })), shape: layer.w.shape },
    bias: Float32Array.from({ length: layer.w.shape[0] }, (_, o) => b / (o + 1)),
  }));

/** Outputs for the rows of x, one row after the other. */
function outputsOf(w: Layer['w'], bias: Float32Array, x: Layer['x']): Float64Array {
  const [outputs, n] = w.shape;
  const tokens = x.data.length / n;
  return Float64Array.from({ length: tokens * outputs }, (_, at) => {
    const [t, o] = [Math.floor(at / outputs), at % outputs];
    let sum = bias[o];
    for (let i = 0; i < n; i++) sum += w.data[o * n + i] * x.data[t * n + i];
    return sum;
  });
}

const meanSquare = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0) / a.length;

describe('biasCorrection()', () => {
  it('leaves no error on the calibration mean but the rounding of the bias', () => {
    fc.assert(
      fc.property(anyCase, ({ layer: { w, x }, quantized, bias }) => {
        const { bias: own, report } = biasCorrection(w, quantized, { activations: x, bias });
        const [outputs, n] = w.shape;
        const tokens = x.data.length / n;
        const before = outputsOf(w, bias, x);
        const after = outputsOf(quantized, own, x);
        for (let o = 0; o < outputs; o++) {
          let error = 0;
          for (let t = 0; t < tokens; t++)
            error += (before[t * outputs + o] - after[t * outputs + o]) / tokens;
          const rounding = 2 ** -24 * Math.max(Math.abs(own[o]), 2 ** -126);
          expect(Math.abs(error)).toBeLessThanOrEqual(rounding + 1e-12);
          expect(Math.abs(error)).toBeLessThanOrEqual(report.maxShiftAfter + 1e-12);
        }
        expect(report.tokens).toBe(tokens);
      }),
      { numRuns: 1000 },
    );
  });

  it('is never worse in the error of the mean, nor in the mean squared error of the outputs', () => {
    fc.assert(
      fc.property(anyCase, ({ layer: { w, x }, quantized, bias }) => {
        const { bias: own, report } = biasCorrection(w, quantized, { activations: x, bias });
        expect(report.rmsShiftAfter).toBeLessThanOrEqual(report.rmsShiftBefore);
        expect(report.maxShiftAfter).toBeLessThanOrEqual(report.maxShiftBefore);
        const wanted = outputsOf(w, bias, x);
        expect(meanSquare(wanted, outputsOf(quantized, own, x))).toBeLessThanOrEqual(
          meanSquare(wanted, outputsOf(quantized, bias, x)) + 1e-12,
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the same from activations and from their mean, from a matrix and its transpose, and changes no input', () => {
    fc.assert(
      fc.property(anyCase, ({ layer: { w, x }, quantized, bias }) => {
        const [outputs, n] = w.shape;
        const tokens = x.data.length / n;
        const mean = new Float64Array(n);
        x.data.forEach((v, i) => (mean[i % n] += v / tokens));
        const copies = [w.data, quantized.data, x.data, bias].map((a) => a.slice());
        const fromRows = biasCorrection(w, quantized, { activations: x, bias });
        const fromMean = biasCorrection(w, quantized, { activationMean: mean, bias });
        expect(fromMean.bias).toEqual(fromRows.bias);
        expect(fromMean.report).toEqual({ ...fromRows.report, tokens: null });
        const turned = (data: Float32Array): { data: Float32Array; shape: number[] } => ({
          data: data.map((_, i) => data[(i % outputs) * n + Math.floor(i / outputs)]),
          shape: [n, outputs],
        });
        const axes = { outputAxis: -1, inputAxis: -2 };
        const columns = biasCorrection(turned(w.data), turned(quantized.data), {
          ...axes,
          activations: x,
          bias,
        });
        expect(columns).toEqual(fromRows);
        expect([w.data, quantized.data, x.data, bias]).toEqual(copies);
      }),
      { numRuns: 500 },
    );
  });
});
