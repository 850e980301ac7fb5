import fc from 'fast-check';
import {
  awq,
  dequantizeAffine,
  errorBound,
  hessianAccumulator,
  measureError,
  quantizeAffine,
  scaleAxis,
  type AwqOptions,
  type AwqResult,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { anyGptqOptions, anyLayer, gramOf, quadraticLosses, type Layer } from '../../support/gptq.js';

const total = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

/** Options for a matrix [outputs, inputs], with everything said but what is known of the inputs. */
const anyOptions: fc.Arbitrary<AwqOptions> = fc
  .record({
    gptq: anyGptqOptions,
    ratios: fc.constantFrom(1, 2, 5, 20),
    clip: fc.boolean(),
    powerOfTwo: fc.boolean(),
  })
  .map(({ gptq: { bits, mapping, granularity, scaleDtype }, ...own }) => ({
    ...own,
    bits,
    mapping,
    granularity,
    scaleDtype,
  }));

/** What the tensor and its input scales stand for. */
const effective = ({ tensor, inputScale }: AwqResult): Float64Array => {
  const data = Float64Array.from(dequantizeAffine(tensor));
  return scaleAxis({ data, shape: tensor.shape }, inputScale).data as Float64Array;
};

const lossOf = ({ w, x }: Layer, values: ArrayLike<number>): number =>
  total(quadraticLosses(w.data, Float64Array.from(values), gramOf(x), w.shape[1]));

describe('awq()', () => {
  it('is never worse than round to nearest under its own objective, which it reports', () => {
    fc.assert(
      fc.property(anyLayer, anyOptions, (layer, options) => {
        const result = awq(layer.w, { ...options, activations: layer.x });
        const { report } = result;
        const {
          bits,
          mapping = 'symmetric',
          granularity = { kind: 'tensor' },
          scaleDtype = 'float32',
        } = options;
        const nearest = quantizeAffine(layer.w, { bits, mapping, granularity, scaleDtype });
        const size = 1e-12 * total(Array.from(gramOf(layer.x), Math.abs)) + 1e-13;
        expect(report.loss).toBeLessThanOrEqual(report.roundToNearestLoss);
        expect(Math.abs(report.loss - lossOf(layer, effective(result)))).toBeLessThanOrEqual(size);
        const lossOfNearest = lossOf(layer, dequantizeAffine(nearest));
        expect(Math.abs(report.roundToNearestLoss - lossOfNearest)).toBeLessThanOrEqual(size);
        if (report.kept === 'awq') expect(report.loss).toBeLessThan(report.roundToNearestLoss);
        else expect(result.tensor).toEqual(nearest);
      }),
      { numRuns: 500 },
    );
  });

  it('gets better, never worse, with ratios and with cuts', () => {
    fc.assert(
      fc.property(anyLayer, anyOptions, ({ w, x }, options) => {
        const loss = (more: Partial<AwqOptions>): number =>
          awq(w, { ...options, ...more, activations: x }).report.loss;
        expect(loss({ ratios: 20, clip: false })).toBeLessThanOrEqual(loss({ ratios: 5, clip: false }));
        expect(loss({ ratios: 20, clip: true })).toBeLessThanOrEqual(loss({ ratios: 20, clip: false }));
        expect(loss({ ratios: 20, clip: true })).toBeLessThanOrEqual(loss({ ratios: 1, clip: true }));
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same for activations and the Hessian with their mean magnitudes', () => {
    fc.assert(
      fc.property(anyLayer, anyOptions, ({ w, x }, options) => {
        const n = w.shape[1];
        const sums = hessianAccumulator(n);
        sums.add(x);
        const norm = new Float64Array(n);
        x.data.forEach((v, i) => (norm[i % n] += Math.abs(v)));
        const rows = x.data.length / n;
        const activationNorm = norm.map((v) => v / rows);
        const { report, ...summed } = awq(w, { ...options, activations: x });
        // The sums are the solver's own, and twice while they are made.
        const workingBytes = report.workingBytes - 16 * n * n;
        const given = awq(w, { ...options, hessian: sums.matrix, activationNorm });
        expect(given).toEqual({ ...summed, report: { ...report, workingBytes } });
      }),
      { numRuns: 150 },
    );
  });

  it('gives the same for a diagonal Hessian and for the norms that it is the squares of', () => {
    fc.assert(
      fc.property(
        anyLayer,
        anyOptions,
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 12, maxLength: 12 }),
        ({ w }, options, list) => {
          const n = w.shape[1];
          const activationNorm = Float64Array.from(list.slice(0, n));
          const hessian = new Float64Array(n * n);
          activationNorm.forEach((v, i) => (hessian[i * n + i] = v * v));
          const alone = awq(w, { ...options, activationNorm });
          const full = awq(w, { ...options, hessian: { data: hessian, shape: [n, n] } });
          expect(alone.tensor).toEqual(full.tensor);
          expect(alone.inputScale).toEqual(full.inputScale);
          expect(Math.abs(alone.report.loss - full.report.loss)).toBeLessThanOrEqual(
            1e-12 * full.report.loss,
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gives the same for a matrix and its transpose', () => {
    fc.assert(
      fc.property(anyLayer, anyOptions, ({ w, x }, options) => {
        const [outputs, inputs] = w.shape;
        const at = (i: number): number => (i % outputs) * inputs + Math.floor(i / outputs);
        const data = Float32Array.from(w.data, (_, i) => w.data[at(i)]);
        const { granularity: own = { kind: 'tensor' } } = options;
        const granularity = 'axis' in own ? { ...own, axis: 1 - (own.axis ?? 1) } : own;
        const rows = awq(w, { ...options, activations: x });
        const columns = awq(
          { data, shape: [inputs, outputs] },
          { ...options, granularity, inputAxis: -2, activations: x },
        );
        const [own0, other] = [dequantizeAffine(rows.tensor), dequantizeAffine(columns.tensor)];
        expect(Array.from(other)).toEqual(Array.from(own0, (_, i) => own0[at(i)]));
        expect(columns.inputScale).toEqual(rows.inputScale);
        expect(columns.report).toEqual(rows.report);
      }),
      { numRuns: 150 },
    );
  });

  it('gives finite positive scales, powers of two where asked, and tensors that hold their bound', () => {
    fc.assert(
      fc.property(anyLayer, anyOptions, ({ w, x }, options) => {
        const { tensor, inputScale } = awq(w, { ...options, activations: x });
        expect(inputScale.every((t) => t > 0 && t < Infinity)).toBe(true);
        const n = w.shape[1];
        const scaled = { data: w.data.map((v, i) => v / inputScale[i % n]), shape: w.shape };
        const { maxAbs, l2 } = measureError(scaled, tensor);
        expect(maxAbs).toBeLessThanOrEqual(errorBound(tensor).maxAbs);
        expect(l2).toBeLessThanOrEqual(errorBound(tensor).l2);
        if (options.powerOfTwo === true)
          inputScale.forEach((t) => expect(Math.log2(t)).toBe(Math.floor(Math.log2(t))));
      }),
      { numRuns: 500 },
    );
  });
});
