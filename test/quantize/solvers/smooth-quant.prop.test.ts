import fc from 'fast-check';
import {
  dequantizeAffine,
  quantizeAffine,
  smoothQuant,
  type Bits,
  type SmoothQuantOptions,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { anyLayer, type Layer } from '../../support/gptq.js';

const anyOptions: fc.Arbitrary<SmoothQuantOptions> = fc.record({
  alpha: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.5, 1, 'auto' as const)),
  weightBits: fc.integer({ min: 2, max: 8 }),
  activationBits: fc.integer({ min: 2, max: 8 }),
  weightGranularity: fc.constantFrom('channel' as const, 'tensor' as const),
  activationGranularity: fc.constantFrom('token' as const, 'tensor' as const),
  powerOfTwo: fc.boolean(),
});

/** Some inputs are a hundred times as large as others. */
const anyOutliers: fc.Arbitrary<Layer> = fc
  .tuple(anyLayer, fc.integer({ min: 0, max: 11 }))
  .map(([{ w, x }, j]) => {
    const n = w.shape[1];
    return { w, x: { data: x.data.map((v, i) => (i % n === j % n ? 100 * v : v)), shape: x.shape } };
  });

/** Squared error of the outputs of weights [lines, n] and inputs [rows, n], both quantized as the options say. */
function errorOf(
  { w, x }: Layer,
  weights: Float32Array,
  scale: Float32Array,
  options: SmoothQuantOptions,
): number {
  const n = w.shape[1];
  const { weightBits = 8, activationBits = 8 } = options;
  const rounded = (data: Float32Array, bits: number, isPerRow: boolean): Float32Array =>
    dequantizeAffine(
      quantizeAffine(
        { data, shape: [data.length / n, n] },
        { bits: bits as Bits, granularity: isPerRow ? { kind: 'axis', axis: 0 } : { kind: 'tensor' } },
      ),
    );
  const v = rounded(weights, weightBits, options.weightGranularity !== 'tensor');
  const inputs = x.data.map((value, i) => value * scale[i % n]);
  const y = rounded(inputs, activationBits, options.activationGranularity !== 'tensor');
  let loss = 0;
  for (let l = 0; l < v.length; l += n)
    for (let r = 0; r < y.length; r += n) {
      let error = 0;
      for (let k = 0; k < n; k++) error += w.data[l + k] * x.data[r + k] - v[l + k] * y[r + k];
      loss += error * error;
    }
  return loss;
}

describe('smoothQuant()', () => {
  it('is never worse than no smoothing, and reports the error of both', () => {
    fc.assert(
      fc.property(anyOutliers, anyOptions, (layer, options) => {
        const { weights, inputScale, report } = smoothQuant(layer.w, { ...options, activations: layer.x });
        const [loss, unsmoothed] = [report.loss ?? NaN, report.unsmoothedLoss ?? NaN];
        expect(loss).toBeLessThanOrEqual(unsmoothed);
        const ones = new Float32Array(inputScale.length).fill(1);
        const energy = errorOf(layer, new Float32Array(layer.w.data.length), ones, options);
        const expected = errorOf(layer, weights[0].data as Float32Array, inputScale, options);
        expect(Math.abs(loss - expected)).toBeLessThanOrEqual(1e-11 * energy);
        const without = errorOf(layer, layer.w.data, ones, options);
        expect(Math.abs(unsmoothed - without)).toBeLessThanOrEqual(1e-11 * energy);
        expect(report.kept).toBe(report.alpha === null ? 'unsmoothed' : 'smoothed');
        if (report.alpha === null) expect(inputScale).toEqual(ones);
      }),
      { numRuns: 500 },
    );
  });

  it("finds with 'auto' what is no worse than any alpha of the grid", () => {
    fc.assert(
      fc.property(anyOutliers, anyOptions, fc.integer({ min: 0, max: 10 }), ({ w, x }, options, k) => {
        const auto = smoothQuant(w, { ...options, alpha: 'auto', alphaSteps: 10, activations: x });
        const one = smoothQuant(w, { ...options, alpha: k / 10, activations: x });
        expect(auto.report.loss).toBeLessThanOrEqual(one.report.loss ?? NaN);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps every product, to the bit with powers of two and else within the two roundings', () => {
    fc.assert(
      fc.property(anyOutliers, anyOptions, ({ w, x }, { powerOfTwo = false, alpha }) => {
        const n = w.shape[1];
        const { weights, inputScale } = smoothQuant(w, {
          activationMax: largest(x.data, n),
          ...(alpha === 'auto' ? {} : { alpha }),
          powerOfTwo,
        });
        for (let i = 0; i < x.data.length; i++) {
          const j = i % n;
          const original = w.data[j] * x.data[i];
          const smoothed = Number(weights[0].data[j]) * Math.fround(x.data[i] * inputScale[j]);
          // Tests' lists have no subnormal numbers but those near 1e-320, whose products are below all tolerance.
          if (powerOfTwo && Math.abs(x.data[i]) > 1e-20) expect(smoothed).toBe(original);
          else
            expect(Math.abs(smoothed - original)).toBeLessThanOrEqual(2 ** -22 * Math.abs(original) + 1e-37);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('treats weights that share their inputs as the one that they are the rows of', () => {
    fc.assert(
      fc.property(anyOutliers, anyOptions, ({ w, x }, given) => {
        const options = { ...given, weightGranularity: 'channel', activations: x } as const;
        const [lines, n] = w.shape;
        const parts = Array.from({ length: lines }, (_, l) => ({
          data: w.data.slice(l * n, (l + 1) * n),
          shape: [1, n],
        }));
        const together = smoothQuant(w, options);
        const apart = smoothQuant(parts, options);
        expect(apart.inputScale).toEqual(together.inputScale);
        expect(apart.report.alpha).toBe(together.report.alpha);
        expect(apart.weights.flatMap(({ data }) => Array.from(data as Float32Array))).toEqual(
          Array.from(together.weights[0].data as Float32Array),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same for a matrix and its transpose', () => {
    fc.assert(
      fc.property(anyOutliers, anyOptions, ({ w, x }, options) => {
        const [lines, n] = w.shape;
        const at = (i: number): number => (i % lines) * n + Math.floor(i / lines);
        const transposed = { data: Float32Array.from(w.data, (_, i) => w.data[at(i)]), shape: [n, lines] };
        const rows = smoothQuant(w, { ...options, activations: x });
        const columns = smoothQuant(transposed, { ...options, activations: x, inputAxis: -2 });
        expect(columns.inputScale).toEqual(rows.inputScale);
        expect(columns.report).toEqual(rows.report);
        expect(columns.weights[0].data).toEqual(
          Float32Array.from(w.data, (_, i) => Number(rows.weights[0].data[at(i)])),
        );
      }),
      { numRuns: 200 },
    );
  });
});

function largest(x: Float32Array, n: number): Float32Array {
  const most = new Float32Array(n);
  x.forEach((v, i) => (most[i % n] = Math.max(most[i % n], Math.abs(v))));
  return most;
}
