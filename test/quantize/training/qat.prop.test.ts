import fc from 'fast-check';
import {
  chooseLsqQParams,
  chooseQParams,
  dequantizeAffine,
  fakeQuantize,
  fakeQuantizeBackward,
  quantizeWith,
  type AffineOptions,
  type QParams,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import { codesOf, granularityFor, regionOfElements } from '../../support/affine.js';

interface Case {
  readonly data: Float32Array<ArrayBuffer>;
  readonly gradient: Float64Array<ArrayBuffer>;
  readonly shape: number[];
  readonly qparams: QParams;
}

const anyShape = fc.constantFrom<number[][]>([], [1], [37], [5, 7], [3, 40], [2, 3, 5], [0], [4, 0]);

/** Numbers of about 1, a third of them clamped: scales are those of the range -1 .. 1.5, or of the shape's own. */
const anyTraining: fc.Arbitrary<Case> = anyShape.chain((shape) => {
  const size = shape.reduce((a, b) => a * b, 1);
  const list = (max: number): fc.Arbitrary<number[]> =>
    fc.array(fc.double({ min: -max, max, noNaN: true }), { minLength: size, maxLength: size });
  const options: fc.Arbitrary<AffineOptions> = fc.record({
    bits: fc.constantFrom(1, 2, 3, 4, 8, 16),
    mapping: fc.constantFrom('symmetricFull', 'asymmetric'),
    granularity: granularityFor(shape),
    rounding: fc.constantFrom('halfEven', 'halfAwayFromZero', 'truncate', 'stochastic'),
    arithmetic: fc.constantFrom('reciprocal', 'division'),
    seed: fc.nat(99),
    rangeMin: fc.constantFrom(-1, -0.3),
    rangeMax: fc.constantFrom(1.5, 0.7),
  });
  return fc.tuple(list(3), list(2), options).map(([x, gradient, how]) => {
    const data = Float32Array.from(x);
    const qparams = chooseQParams({ data, shape }, how);
    return { data, gradient: Float64Array.from(gradient, Math.fround), shape, qparams };
  });
});

const backward = (
  { data, shape, gradient, qparams }: Case,
  options?: Parameters<typeof fakeQuantizeBackward>[3],
): ReturnType<typeof fakeQuantizeBackward> =>
  fakeQuantizeBackward({ data, shape }, qparams, { data: gradient, shape }, options);

/** The loss that is differentiated: the sum over elements of gradient times value, as a function of everything. */
type Loss = (x: Float64Array, scale: Float64Array, zero: Float64Array) => number;

/**
 * The straight-through surrogate at a point. The quantizer is piecewise constant in x, so its own differences say nothing; what straight through
 * means is that the remainder of rounding, round(t) - t, and which elements are clamped are held while the parameters move:
 * scale * (t + remainder) inside, scale * (end - zero point) where clamped. That is a smooth function with the quantizer's values.
 */
function surrogateOf({ data, shape, gradient, qparams }: Case): Loss {
  const { granularity, codeMin, codeMax, scale: scales, zeroPoint } = qparams;
  const regions = regionOfElements(shape, granularity);
  const codes = codesOf(quantizeWith({ data, shape }, qparams), data.length);
  const { gradMask } = fakeQuantize({ data, shape }, qparams);
  const zeroOf = (r: number): number => zeroPoint?.[r] ?? 0;
  const remainders = codes.map((code, i) => code - zeroOf(regions[i]) - data[i] / scales[regions[i]]);
  return (x, scale, zero) => {
    let loss = 0;
    regions.forEach((r, i) => {
      const end = codes[i] === codeMax ? codeMax : codeMin;
      const isInside = gradMask[i] === 1;
      const value = isInside ? scale[r] * (x[i] / scale[r] + remainders[i]) : scale[r] * (end - zero[r]);
      loss += gradient[i] * value;
    });
    return loss;
  };
}

interface Point {
  readonly x: Float64Array;
  readonly scale: Float64Array;
  readonly zero: Float64Array;
}

const pointOf = ({ data, qparams }: Case): Point => ({
  x: Float64Array.from(data),
  scale: Float64Array.from(qparams.scale),
  zero: Float64Array.from(qparams.zeroPoint ?? new Int32Array(qparams.scale.length)),
});

/** The central difference of the loss in entry `i` of one of its arguments. */
function difference(loss: Loss, point: Point, key: keyof Point, i: number): number {
  const step = 2 ** -12 * (key === 'scale' ? point.scale[i] : 1);
  const at = (offset: number): number => {
    const moved = { ...point, [key]: point[key].map((v, j) => (j === i ? v + offset : v)) };
    return loss(moved.x, moved.scale, moved.zero);
  };
  return (at(step) - at(-step)) / (2 * step);
}

/** Sums over at most 120 elements, of terms up to 2 * 2^16: rounding of float64 over a step of 2^-12. */
function expectNear(ours: number, theirs: number, magnitude: number): void {
  expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(1e-7 * (Math.abs(theirs) + magnitude));
}

describe('gradients of fakeQuantize', () => {
  it('are finite differences of the straight-through surrogate in x, scale and zero point', () => {
    fc.assert(
      fc.property(anyTraining, fc.nat(), fc.nat(), (given, elementAt, regionAt) => {
        const { x, scale, zeroPoint } = backward(given);
        const point = pointOf(given);
        const loss = surrogateOf(given);
        if (x.length > 0) {
          const i = elementAt % x.length;
          expectNear(x[i], difference(loss, point, 'x', i), 10);
        }
        const r = regionAt % Math.max(scale.length, 1);
        if (!(given.qparams.scale[r] > 0)) return;
        expectNear(scale[r], difference(loss, point, 'scale', r), 100 / point.scale[r]);
        if (zeroPoint !== null) expectNear(zeroPoint[r], difference(loss, point, 'zero', r), 100);
      }),
      { numRuns: 3000 },
    );
  });

  it('are true derivatives of the values where every element is clamped', () => {
    fc.assert(
      fc.property(anyTraining, (given) => {
        const { qparams, shape } = given;
        // 1000 is 70,000 times the largest scale away from every end but those of 16 bits.
        fc.pre(qparams.bits <= 8);
        const data = given.data.map((v) => (v < 0 ? -1000 : 1000));
        const clamped = { ...given, data };
        const { x, scale } = backward(clamped);
        expect(x.every((v) => v === 0)).toBe(true);
        const valueAt = (factor: number): number => {
          const moved = { ...qparams, scale: Float64Array.from(qparams.scale, (s) => s * factor) };
          const values = dequantizeAffine(quantizeWith({ data, shape }, { ...moved, scaleDtype: 'float64' }));
          return values.reduce((sum, v, i) => sum + v * given.gradient[i], 0);
        };
        // All scales by the same factor: the sum of scale times its gradient. A factor of 1 +- 2^-8 keeps float32's rounding small.
        const slope = (valueAt(1 + 2 ** -8) - valueAt(1 - 2 ** -8)) * 2 ** 7;
        const sum = scale.reduce((total, g, r) => total + g * qparams.scale[r], 0);
        expect(Math.abs(slope - sum)).toBeLessThanOrEqual(2e-3);
      }),
      { numRuns: 1000 },
    );
  });

  it('for x are the gradient times the mask of fakeQuantize', () => {
    fc.assert(
      fc.property(anyTraining, (given) => {
        const { gradMask } = fakeQuantize({ data: given.data, shape: given.shape }, given.qparams);
        expect(backward(given).x).toEqual(Float32Array.from(given.gradient, (g, i) => g * gradMask[i]));
      }),
      { numRuns: 1000 },
    );
  });

  it('of each region are those of its elements alone', () => {
    fc.assert(
      fc.property(anyTraining, fc.nat(), (given, at) => {
        fc.pre(given.qparams.rounding !== 'stochastic' && given.qparams.scale.length > 0);
        const regions = regionOfElements(given.shape, given.qparams.granularity);
        const region = at % given.qparams.scale.length;
        const members = regions.flatMap((r, i) => (r === region ? [i] : []));
        const { scale, zeroPoint } = given.qparams;
        const alone: Case = {
          data: Float32Array.from(members, (i) => given.data[i]),
          gradient: Float64Array.from(members, (i) => given.gradient[i]),
          shape: [members.length],
          qparams: {
            ...given.qparams,
            scale: scale.slice(region, region + 1),
            zeroPoint: zeroPoint === null ? null : zeroPoint.slice(region, region + 1),
            granularity: { kind: 'tensor' },
          },
        };
        for (const gradientScale of [1, 'lsq'] as const) {
          if (gradientScale === 'lsq' && given.qparams.codeMax === 0) continue;
          const all = backward(given, { gradientScale });
          const one = backward(alone, { gradientScale });
          expect(Array.from(one.x)).toEqual(members.map((i) => all.x[i]));
          expect(one.scale[0]).toBe(all.scale[region]);
          expect(one.zeroPoint?.[0]).toBe(all.zeroPoint?.[region]);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('learned step size quantization', () => {
  it('has the gradients of the paper: equation 3 for the step, equation 5 for x, 1 / sqrt(N Qp) before them', () => {
    fc.assert(
      fc.property(anyTraining, (given) => {
        const { shape, data, gradient, qparams } = given;
        fc.pre(qparams.codeMax > 0);
        const regions = regionOfElements(shape, qparams.granularity);
        // The paper has no zero point, and rounds to nearest.
        const zeroPoint = qparams.zeroPoint === null ? null : new Int32Array(qparams.scale.length);
        const lsq = { ...qparams, zeroPoint, rounding: 'halfEven', arithmetic: 'division' } as const;
        const [low, high] = [qparams.codeMin, qparams.codeMax];
        const sums = new Float64Array(qparams.scale.length);
        const counts = sums.map((_, r) => regions.filter((region) => region === r).length);
        const ofX = data.map((v, i) => {
          const ratio = v / qparams.scale[regions[i]];
          const isInside = ratio > low && ratio < high;
          const code = quantizeWith(Float32Array.of(v), {
            ...lsq,
            scale: Float32Array.of(qparams.scale[regions[i]]),
            zeroPoint: zeroPoint === null ? null : Int32Array.of(0),
            granularity: { kind: 'tensor' },
          });
          const rounded = codesOf(code, 1)[0];
          const slope = isInside ? rounded - ratio : ratio <= low ? low : high;
          sums[regions[i]] += gradient[i] * slope;
          return isInside ? gradient[i] : 0;
        });
        const ours = backward({ ...given, qparams: lsq }, { clampBy: 'value', gradientScale: 'lsq' });
        expect(Array.from(ours.x, (g) => g + 0)).toEqual(Array.from(ofX, (g) => g + 0));
        sums.forEach((sum, r) => {
          const expected = counts[r] === 0 ? 0 : sum / Math.sqrt(counts[r] * high);
          expect(Math.abs(ours.scale[r] - expected)).toBeLessThanOrEqual(
            1e-12 * (1 + 1e6 * Math.abs(expected)),
          );
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('starts at 2 mean|x| / sqrt(Qp) of every region', () => {
    const cases = anyTraining.chain(({ data, shape }) =>
      fc.record({
        data: fc.constant(data),
        shape: fc.constant(shape),
        bits: fc.constantFrom(2, 3, 4, 8, 16),
        mapping: fc.constantFrom('symmetric', 'symmetricFull', 'asymmetric'),
        granularity: granularityFor(shape),
      }),
    );
    fc.assert(
      fc.property(cases, ({ data, shape, ...options }) => {
        const q = chooseLsqQParams({ data, shape }, options);
        const regions = regionOfElements(shape, options.granularity);
        for (let r = 0; r < q.scale.length; r++) {
          const mine = Array.from(data).filter((_, i) => regions[i] === r);
          const mean = mine.reduce((sum, v) => sum + Math.abs(v), 0) / mine.length;
          expect(q.scale[r]).toBe(mine.length === 0 ? 0 : Math.fround((2 * mean) / Math.sqrt(q.codeMax)));
        }
        expect(q.zeroPoint?.some((z) => z !== 0) ?? false).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('brings a scale that is four times too large or too small to less than 1.3 times the least error of any scale', () => {
    const x = Float32Array.from({ length: 600 }, (_, i) => 1.7 * Math.cbrt(((i * 359) % 600) / 300 - 1));
    const start = chooseLsqQParams(x, { bits: 3 });
    const errorAt = (scale: number): number => {
      const { values } = fakeQuantize(x, { ...start, scale: Float32Array.of(scale) });
      return values.reduce((sum, v, i) => sum + (v - x[i]) ** 2, 0);
    };
    const grid = Array.from({ length: 2000 }, (_, i) => errorAt(0.001 * (i + 1)));
    const best = Math.min(...grid);
    for (const factor of [0.25, 1, 4]) {
      let scale = start.scale[0] * factor;
      if (factor !== 1) expect(errorAt(scale)).toBeGreaterThan(1.6 * best);
      for (let step = 0; step < 400; step++) {
        const qparams = { ...start, scale: Float32Array.of(scale) };
        const { values } = fakeQuantize(x, qparams);
        const gradient = values.map((v, i) => 2 * (v - x[i]));
        const ofScale = fakeQuantizeBackward(x, qparams, gradient, { gradientScale: 'lsq' }).scale[0];
        scale -= 0.02 * ofScale;
      }
      // Not the least: inside, the surrogate's slope is 2 (value - x)^2 / scale, which always asks for smaller steps.
      expect(errorAt(scale)).toBeLessThan(1.3 * best);
    }
  });

  it('gives the gradients of LSQ+ for scale and offset by the chain rule of its docstring', () => {
    fc.assert(
      fc.property(anyTraining, fc.nat(), (given, at) => {
        const { qparams } = given;
        fc.pre(qparams.zeroPoint !== null && qparams.scale.length > 0);
        const r = at % qparams.scale.length;
        const s = qparams.scale[r];
        fc.pre(s > 0);
        const z = qparams.zeroPoint?.[r] as number;
        const ours = backward(given);
        const ofZero = ours.zeroPoint?.[r] as number;
        const loss = surrogateOf(given);
        const point = pointOf(given);
        // The same surrogate as a function of scale and offset = -scale * zero point.
        const at2 = (scale: number, offset: number): number =>
          loss(
            point.x,
            point.scale.map((v, j) => (j === r ? scale : v)),
            point.zero.map((v, j) => (j === r ? -offset / scale : v)),
          );
        const step = s * 2 ** -12;
        const byScale = (at2(s + step, -s * z) - at2(s - step, -s * z)) / (2 * step);
        const byOffset = (at2(s, -s * z + step) - at2(s, -s * z - step)) / (2 * step);
        expectNear(ours.scale[r] - (z * ofZero) / s, byScale, 1000 / s);
        expectNear(-ofZero / s, byOffset, 1000 / s);
      }),
      { numRuns: 1000 },
    );
  });
});
