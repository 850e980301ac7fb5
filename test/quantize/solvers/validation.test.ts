import { awq, dequantizeAffine, gptq, hessianAccumulator, quantizeAffine, scaleAxis } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { gramOf, quadraticLosses } from '../../support/gptq.js';

const w = { data: Float32Array.of(0.9, -0.4, 0.3, 0.2, 0.7, -1), shape: [2, 3] };
const activations = { data: Float32Array.of(1, 20, 3, 3, -22, 1, 1, 21, 1.1), shape: [3, 3] };
const validation = { data: Float32Array.of(2, 18, 2, -1, 19, 0.5), shape: [2, 3] };

const lossOf = (values: ArrayLike<number>): number =>
  quadraticLosses(w.data, Float64Array.from(values), gramOf(validation), 3).reduce((a, b) => a + b);
const nearest = dequantizeAffine(
  quantizeAffine(w, { bits: 3, granularity: { kind: 'group', groupSize: 128 } }),
);

describe('validation', () => {
  it('changes nothing but the report, which says what is lost on rows that chose nothing', () => {
    const plain = gptq(w, { bits: 3, activations });
    const { tensor, report } = gptq(w, { bits: 3, activations, validation });
    const { validation: losses, workingBytes, ...others } = report;
    expect(tensor).toEqual(plain.tensor);
    // The sums over the validation's rows are held beside those of the calibration.
    expect({ ...others, workingBytes: workingBytes - 8 * 3 * 3 }).toEqual(plain.report);
    expect(losses?.loss).toBeCloseTo(lossOf(dequantizeAffine(tensor)), 10);
    expect(losses?.roundToNearestLoss).toBeCloseTo(lossOf(nearest), 10);
  });

  it('counts the input scales of AWQ', () => {
    const { tensor, inputScale, report } = awq(w, { bits: 3, activations, validation });
    expect(report.ratio).toBeGreaterThan(0);
    const values = scaleAxis(
      { data: Float64Array.from(dequantizeAffine(tensor)), shape: [2, 3] },
      inputScale,
    );
    expect(report.validation?.loss).toBeCloseTo(lossOf(values.data as Float64Array), 10);
    expect(report.validation?.roundToNearestLoss).toBeCloseTo(lossOf(nearest), 10);
    expect(awq(w, { bits: 3, activations })).not.toHaveProperty('report.validation');
    const norms = { bits: 3, activationNorm: Float32Array.of(1, 20, 3), validation } as const;
    expect(awq(w, norms).report.validation?.loss).toBeGreaterThan(0);
  });

  const reversed = { data: activations.data.slice().reverse(), shape: [3, 3] };
  const sums = hessianAccumulator(3);
  for (let row = 2; row >= 0; row--)
    sums.add({ data: activations.data.slice(row * 3, row * 3 + 3), shape: [1, 3] });

  it.each([
    ['gptq', gptq],
    ['awq', awq],
  ] as const)(
    'of %s refuses the calibration itself, whatever the order of its rows, and no rows',
    (name, solve) => {
      const message = `${name}: "validation" expected other rows than the calibration, got an object (Object) - split the rows in two`;
      expect(() => solve(w, { bits: 4, activations, validation: activations })).toThrow(RangeError);
      expect(() => solve(w, { bits: 4, activations, validation: activations })).toThrow(message);
      expect(() => solve(w, { bits: 4, hessian: sums.matrix, validation: activations })).toThrow(message);
      expect(() => solve(w, { bits: 4, activations, validation: reversed })).not.toThrow();
      const none = { data: new Float32Array(0), shape: [0, 3] };
      expect(() => solve(w, { bits: 4, activations, validation: none })).toThrow(
        `${name}: "validation" expected at least one row`,
      );
      expect(() => solve(w, { bits: 4, activations, validation: Float32Array.of(1) })).toThrow(
        /"activations.shape" expected a last axis of 3/,
      );
    },
  );
});
