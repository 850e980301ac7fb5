import { clipSearch, createRandom, dequantizeAffine, hqq, NumericError, quantizeAffine } from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { roundTo } from '../../../src/core/rounding.js';
import { NOT_TENSORS } from '../../support/wrong-types.js';

const random = createRandom(5);
const normals = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
const layer = { data: normals(16 * 128), shape: [16, 128] };

/** Scale and zero point of one group, codes 0 to codeMax: the method in float64 and the engine's own powers. */
function plainHqq(
  x: Float32Array,
  codeMax: number,
  norm: number,
  beta: number,
  kappa: number,
): [number, number] {
  const clamp = (k: number): number => Math.min(codeMax, Math.max(0, k));
  const whole = (v: number): number => roundTo(v, 'halfEven');
  const range = Math.max(...x) - Math.min(...x);
  const unit = range / codeMax;
  let [best, least]: [[number, number], number] = [[0, 0], Infinity];
  for (const start of [1, 0.9]) {
    let scale = unit * start;
    let zero = clamp(whole(-Math.min(...x) / unit));
    let previous = Infinity;
    for (let i = 0; i < 20; i++) {
      const steps = Array.from(x, (v) => clamp(whole(v / scale) + zero) - zero);
      const errors = Array.from(x, (v, j) => v - scale * steps[j]);
      const loss = errors.reduce((sum, e) => sum + Math.abs(e) ** norm, 0);
      if (loss >= previous) break;
      previous = loss;
      if (loss < least) [least, best] = [loss, [scale, zero]];
      const targets = errors.map((e, j) => {
        const u = Math.abs(e) / unit;
        const shrunk = Math.max(0, u - u ** (norm - 1) / (beta * kappa ** i)) * unit;
        return x[j] - Math.sign(e) * shrunk;
      });
      const products = targets.reduce((sum, t, j) => sum + t * steps[j], 0);
      scale = products / steps.reduce((sum, k) => sum + k * k, 0);
      const shift = targets.reduce((sum, t, j) => sum + steps[j] - t / scale, 0) / x.length;
      zero = clamp(zero + whole(shift));
    }
  }
  return best;
}

describe('hqq()', () => {
  it('rounds groups of 64 along the last axis to asymmetric codes unless told otherwise', () => {
    const { tensor, report } = hqq(layer, { bits: 4 });
    expect(tensor.granularity).toEqual({ kind: 'group', axis: 1, groupSize: 64 });
    expect([tensor.mapping, tensor.zeroPoint?.length, tensor.scale.length]).toEqual(['asymmetric', 32, 32]);
    expect([report.regions, report.norm]).toEqual([32, 0.7]);
  });

  it('lowers the mean |error|^0.7 of normal numbers by 6, 10 and 22 % at 4, 3 and 2 bits', () => {
    const gain = (bits: 4 | 3 | 2): number => {
      const { report } = hqq(layer, { bits });
      return 1 - report.objective / report.roundToNearestObjective;
    };
    expect(gain(4)).toBeGreaterThan(0.06);
    expect(gain(3)).toBeGreaterThan(0.09);
    expect(gain(2)).toBeGreaterThan(0.2);
  });

  it('follows the half-quadratic iteration written out plainly', () => {
    for (let line = 0; line < 16; line++)
      // Not 1: absolute errors are often the same for a whole interval of scales, and rounding decides.
      for (const norm of [0.7, 0.5, 1.5]) {
        const x = layer.data.slice(line * 128, line * 128 + 64);
        const { tensor } = hqq(x, { bits: 3, norm, beta: 6, kappa: 1.05 });
        const [scale, zero] = plainHqq(x, 7, norm, 6, 1.05);
        expect(tensor.scale[0]).toBeCloseTo(scale, 6);
        expect(tensor.zeroPoint?.[0]).toBe(zero);
      }
  });

  it('solves for the scale alone where the mapping has no zero points', () => {
    for (const mapping of ['symmetric', 'symmetricFull'] as const) {
      const { tensor, report } = hqq(layer, { bits: 3, mapping });
      expect(tensor.zeroPoint).toBeNull();
      expect(report.objective).toBeLessThan(0.95 * report.roundToNearestObjective);
    }
  });

  it('counts passes, and makes no more than it may', () => {
    const once = hqq(layer, { bits: 3, iterations: 1 }).report;
    expect(once.meanPasses).toBe(2);
    const usual = hqq(layer, { bits: 3 }).report;
    expect(usual.meanPasses).toBeGreaterThan(8);
    expect(usual.meanPasses).toBeLessThanOrEqual(40);
    expect(usual.objective).toBeLessThan(once.objective);
  });

  it('leaves errors of 0 alone and stops where nothing is lost', () => {
    const exact = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7);
    const { tensor, report } = hqq(exact, { bits: 3 });
    expect(dequantizeAffine(tensor)).toEqual(exact);
    expect(report).toEqual({
      norm: 0.7,
      objective: 0,
      roundToNearestObjective: 0,
      kept: 'roundToNearest',
      roundToNearestRegions: 1,
      regions: 1,
      unweightedRegions: 0,
      workingBytes: 24 + 8 + 4 * 8 + 128,
      meanPasses: 0,
    });
    const almost = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7, 3.3);
    expect(hqq(almost, { bits: 3 }).report.objective).toBeGreaterThan(0);
  });

  it.each([[[0]], [[0, 3]], [[2, 0]]])('gives an empty tensor for the shape %j', (shape) => {
    for (const search of [hqq, clipSearch]) {
      const { tensor, report } = search({ data: new Float32Array(0), shape }, { bits: 4 });
      expect(tensor.codes.length).toBe(0);
      expect([report.objective, report.roundToNearestObjective]).toEqual([0, 0]);
    }
  });

  it('stays finite from the smallest to the largest numbers, zeros, one element and short groups', () => {
    const hard = Float32Array.of(3.4e38, -3.4e38, 1, 1e-45, -1e-45, 0, -0);
    for (const data of [hard, new Float32Array(7), Float32Array.of(5), Float32Array.of(1e-45), normals(65)])
      for (const scaleDtype of ['float32', 'float16', 'bfloat16'] as const)
        for (const search of [hqq, clipSearch]) {
          const { tensor, report } = search(data, {
            bits: 3,
            scaleDtype,
            granularity: { kind: 'group', groupSize: 64 },
          });
          for (const v of dequantizeAffine(tensor)) expect(Number.isFinite(v)).toBe(true);
          expect(report.objective).toBeLessThanOrEqual(report.roundToNearestObjective);
        }
  });

  it('rounds scales to their type before it makes codes', () => {
    const { tensor } = hqq(layer, { bits: 3, scaleDtype: 'bfloat16' });
    const bits = new Uint32Array(Float32Array.from(tensor.scale).buffer);
    expect(bits.every((b) => (b & 0xffff) === 0)).toBe(true);
  });
});

describe('wrong arguments of the searches', () => {
  it.each(NOT_TENSORS)('refuses %s in the place of x', (_, x) => {
    expect(() => hqq(x as Float32Array, { bits: 4 })).toThrow(/^hqq: "x/);
    expect(() => clipSearch(x as Float32Array, { bits: 4 })).toThrow(/^clipSearch: "x/);
  });

  it.each<[string, object, RegExp]>([
    [
      'an unknown option',
      { bits: 4, betta: 1 },
      /^hqq: "options" expected known keys, got "betta" - did you mean "beta"/,
    ],
    ['no bits', {}, /^hqq: "bits" expected/],
    ['9 bits', { bits: 9 }, /^hqq: "bits" expected/],
    [
      'groups of 0',
      { bits: 4, granularity: { kind: 'group', groupSize: 0 } },
      /"granularity.groupSize" expected/,
    ],
    [
      'groups of 1.5',
      { bits: 4, granularity: { kind: 'group', groupSize: 1.5 } },
      /"granularity.groupSize" expected/,
    ],
    [
      'groups that do not divide, where told to refuse them',
      { bits: 4, granularity: { kind: 'group', groupSize: 48 }, tail: 'throw' },
      /^hqq: "x.shape\[1\]" expected a multiple of 48, got 128/,
    ],
    ['norm 0', { bits: 4, norm: 0 }, /^hqq: "norm" expected a number above 0, at most 4, got 0/],
    ['norm 5', { bits: 4, norm: 5 }, /^hqq: "norm" expected/],
    ['norm NaN', { bits: 4, norm: NaN }, /^hqq: "norm" expected/],
    ['a norm in text', { bits: 4, norm: '1' }, /^hqq: "norm" expected/],
    ['beta 0', { bits: 4, beta: 0 }, /^hqq: "beta" expected/],
    ['beta NaN', { bits: 4, beta: NaN }, /^hqq: "beta" expected/],
    ['beta in text', { bits: 4, beta: '10' }, /^hqq: "beta" expected/],
    ['kappa below 1', { bits: 4, kappa: 0.99 }, /^hqq: "kappa" expected a number from 1 to 10/],
    ['no iterations', { bits: 4, iterations: 0 }, /^hqq: "iterations" expected/],
    ['half an iteration', { bits: 4, iterations: 1.5 }, /^hqq: "iterations" expected/],
    [
      'a scale method',
      { bits: 4, scaleMethod: 'mse' },
      /^hqq: "options" expected known keys, got "scaleMethod"/,
    ],
  ])('refuses %s', (_, options, message) => {
    expect(() => hqq(layer, options as Parameters<typeof hqq>[1])).toThrow(message);
  });

  it('gives an eighth of a region the same codes where two zero points are equally good', () => {
    const x = Float32Array.of(2.235265016555786, 16.76448631286621, -16.76448631286621);
    const options = { bits: 2, granularity: { kind: 'group', groupSize: 3 } } as const;
    for (let e = -30; e <= 30; e++) {
      const scaled = hqq(
        x.map((v) => v * 2 ** e),
        options,
      ).tensor;
      expect(scaled.codes).toEqual(hqq(x, options).tensor.codes);
      expect(scaled.zeroPoint).toEqual(hqq(x, options).tensor.zeroPoint);
    }
  });

  it('refuses what belongs to hqq in clipSearch, and what belongs to searches in plain methods', () => {
    expect(() => clipSearch(layer, { bits: 4, beta: 1 } as Parameters<typeof clipSearch>[1])).toThrow(
      /^clipSearch: "options" expected known keys, got "beta"/,
    );
    expect(() => quantizeAffine(layer, { bits: 4, norm: 1 })).toThrow(
      /^quantizeAffine: "norm" expected no value unless scaleMethod is 'mse' or 'hqq', got 1/,
    );
    expect(() => quantizeAffine(layer, { bits: 4, scaleMethod: 'hqq', rangeMax: 1 })).toThrow(
      /"scaleMethod" expected 'absmax' or 'minmax' beside rangeMin and rangeMax/,
    );
  });

  it('refuses a scalar, whose default granularity has no axis', () => {
    expect(() => hqq({ data: Float32Array.of(1), shape: [] }, { bits: 4 })).toThrow(
      /^hqq: "granularity" expected/,
    );
  });

  it('names the first value that is not finite', () => {
    for (const search of [hqq, clipSearch])
      try {
        search(Float32Array.of(1, NaN, Infinity), { bits: 4 });
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(NumericError);
        expect((error as NumericError).code).toBe('NON_FINITE');
        expect((error as NumericError).index).toBe(1);
      }
  });
});
