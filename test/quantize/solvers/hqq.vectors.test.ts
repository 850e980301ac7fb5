import { clipSearch, dequantizeAffine, hqq, type quantizeAffine } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { roundTo } from '../../../src/core/rounding.js';
import { readGolden } from '../../support/golden.js';

const golden = readGolden('hqq.safetensors');
const read = (name: string): Float32Array => golden.get(name)?.data as Float32Array;

/** The values that HQQ's own scales and zero points give. */
function valuesOfHqq(x: Float32Array, name: string, bits: number): Float32Array {
  const inverse = read(`${name}/${bits}/inverse_scale`);
  const zero = read(`${name}/${bits}/zero`);
  return x.map((v, i) => {
    const g = Math.floor(i / 64);
    const code = roundTo(Math.fround(Math.fround(v * inverse[g]) + zero[g]), 'halfEven');
    return (Math.min(2 ** bits - 1, Math.max(0, code)) - zero[g]) / inverse[g];
  });
}

const meanPower = (x: Float32Array, values: Float32Array, p: number): number =>
  x.reduce((sum, v, i) => sum + Math.abs(v - values[i]) ** p, 0) / x.length;

const CASES = ['normal', 'student4', 'outliers', 'layer'].flatMap((name) =>
  ([2, 3, 4] as const).map((bits) => [name, bits] as const),
);

describe('hqq() beside HQQ itself, whose zero points are real', () => {
  it.each(CASES)('has a smaller mean |error|^0.7 on %s numbers at %i bits', (name, bits) => {
    const x = read(`${name}/x`);
    const theirs = meanPower(x, valuesOfHqq(x, name, bits), 0.7);
    const { tensor, report } = hqq({ data: x, shape: [64, 64] }, { bits });
    const own = meanPower(x, dequantizeAffine(tensor), 0.7);
    expect(own).toBeLessThan(theirs);
    expect(report.objective).toBeCloseTo(own, 9);
    expect(report.roundToNearestObjective).toBeGreaterThan(theirs * (bits === 2 ? 0.9 : 1));
  });

  it.each(CASES)('has a mean |error| that is at most 2 %% larger, on %s numbers at %i bits', (name, bits) => {
    const x = read(`${name}/x`);
    const own = meanPower(x, dequantizeAffine(hqq({ data: x, shape: [64, 64] }, { bits }).tensor), 1);
    expect(own).toBeLessThan(1.02 * meanPower(x, valuesOfHqq(x, name, bits), 1));
  });

  it.each(CASES)(
    'clip search under the same norm goes further still on %s numbers at %i bits',
    (name, bits) => {
      const w = { data: read(`${name}/x`), shape: [64, 64] };
      const granularity = { kind: 'group', groupSize: 64 } as const;
      const options = { bits, mapping: 'asymmetric', granularity, norm: 0.7 } as const;
      expect(clipSearch(w, options).report.objective).toBeLessThan(hqq(w, options).report.objective);
      // What it gives up for that: the squared error of the values beyond the range.
      const squares = (q: ReturnType<typeof quantizeAffine>): number =>
        meanPower(w.data, dequantizeAffine(q), 2);
      if (bits === 4)
        expect(squares(clipSearch(w, options).tensor)).toBeGreaterThan(squares(hqq(w, options).tensor));
    },
  );
});
