import fc from 'fast-check';
import {
  dequantizeAffine,
  errorBound,
  quantizeAffine,
  quantizeWith,
  type AffineOptions,
  type AffineTensor,
} from 'tensorslim';
import { describe, expect, it } from 'vitest';
import {
  anyCase,
  anyQParams,
  anySample,
  anyShape,
  anyValues,
  optionsFor,
  ROUNDINGS,
  SCALE_DTYPES,
  SCHEMES,
} from '../../support/affine.js';

type Options = Required<Pick<AffineOptions, 'mapping' | 'bits' | 'rounding' | 'scaleDtype'>>;

/** Throws when an element's or the whole tensor's error exceeds the bound. Differences of float32 are exact enough in float64. */
function checkBound(x: ArrayLike<number>, q: AffineTensor): void {
  const { maxAbs, l2 } = errorBound(q);
  const values = dequantizeAffine(q);
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    const error = Math.abs(x[i] - values[i]);
    if (!(error <= maxAbs))
      throw new Error(`x[${i}] = ${x[i]} became ${values[i]}: ${error} exceeds ${maxAbs}`);
    squares += error * error;
  }
  expect(Math.sqrt(squares)).toBeLessThanOrEqual(l2);
}

describe('errorBound of affine tensors', () => {
  it('is finite and never exceeded by float32 input, whatever the options', () => {
    fc.assert(
      fc.property(anyCase, ({ data, shape, options }) => {
        const q = quantizeAffine({ data, shape }, options);
        expect(errorBound(q).maxAbs).toBeLessThan(Infinity);
        checkBound(data, q);
      }),
      { numRuns: 5000 },
    );
  });

  it('is never exceeded by float64 input, whose first rounding it includes', () => {
    const cases = anyShape.chain((shape) =>
      fc.tuple(fc.constant(shape), anyValues(shape.reduce((a, b) => a * b, 1)), optionsFor(shape)),
    );
    fc.assert(
      fc.property(cases, ([shape, values, options]) => {
        const data = Float64Array.from(values);
        checkBound(data, quantizeAffine({ data, shape }, options));
      }),
      { numRuns: 3000 },
    );
  });

  it('is never exceeded under the parameters of another tool, be they ever so strange', () => {
    const values = fc.integer({ min: 0, max: 40 }).chain(anyValues);
    fc.assert(
      fc.property(values, anyQParams, fc.boolean(), (list, qparams, relative) => {
        // Half of the cases lie on the grid's own scale, where codes are not all clamped.
        const factor = relative ? Number(qparams.scale[0]) * (qparams.codeMax - qparams.codeMin) : 1;
        const x = Float32Array.from(list, (v) => v * factor).filter(Number.isFinite);
        checkBound(x, quantizeWith(x, qparams));
      }),
      { numRuns: 5000 },
    );
  });

  it('is never exceeded next to the thresholds between codes', () => {
    const scales = fc.oneof(
      fc.double({ min: 2 ** -10, max: 2 ** 10, noNaN: true }),
      fc.integer({ min: -148, max: 110 }).map((e) => 2 ** e * 1.37),
    );
    fc.assert(
      fc.property(
        anyQParams,
        scales,
        fc.array(fc.nat(65535), { minLength: 1, maxLength: 20 }),
        (qparams, s, at) => {
          const scale = qparams.scale.map(() => s) as typeof qparams.scale;
          const zero = qparams.zeroPoint?.[0] ?? 0;
          const codes = qparams.codeMax - qparams.codeMin + 1;
          const step = Number(scale[0]);
          const thresholds = at.flatMap((n) => {
            const middle = step * (qparams.codeMin + (n % codes) - zero + 0.5);
            return [-2, -1, 0, 1, 2].map((ulps) => middle * (1 + ulps * 2 ** -23));
          });
          for (const x of [Float32Array.from(thresholds), Float64Array.from(thresholds)])
            if (x.every((v) => Number.isFinite(Math.fround(v))))
              checkBound(x, quantizeWith(x, { ...qparams, scale }));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('is infinite where a level lies beyond float32, which quantizeAffine never lets happen', () => {
    const qparams = {
      ...quantizeAffine(Float32Array.of(127), { bits: 8 }),
      arithmetic: 'reciprocal',
      seed: 0,
    } as const;
    const wide = quantizeWith(Float32Array.of(3.4e38), { ...qparams, scale: Float32Array.of(2.2e38) });
    expect(dequantizeAffine(wide)[0]).toBe(Infinity);
    expect(errorBound(wide)).toEqual({ maxAbs: Infinity, l2: Infinity });
  });

  it('the l2 bound lies between that of one element and that of all elements at maxAbs', () => {
    fc.assert(
      fc.property(anyCase, ({ data, shape, options }) => {
        const { maxAbs, l2 } = errorBound(quantizeAffine({ data, shape }, options));
        expect(l2 * (1 + 2 ** -19)).toBeGreaterThanOrEqual(maxAbs);
        expect(l2).toBeLessThanOrEqual(Math.sqrt(data.length) * maxAbs * (1 + 2 ** -19));
      }),
      { numRuns: 1000 },
    );
  });

  it('with absmax and minmax nothing lies further outside the reach of the codes than half a step of the next larger scale', () => {
    fc.assert(
      fc.property(
        anySample,
        fc.constantFrom(...SCHEMES),
        fc.constantFrom('float32', 'bfloat16'),
        (x, scheme, scaleDtype) => {
          const q = quantizeAffine(x, { ...scheme, scaleDtype });
          const [scale] = q.scale;
          // Two cases are no rounding of the scale: levels that would lie beyond float32, and all values below half the least scale.
          const room =
            scale === 0
              ? 2 ** -134
              : scale * 2 ** scheme.bits > 3e38
                ? Infinity
                : scale * (0.5 + 2 ** -7) + 2 ** -133;
          expect(q.overflow).toBeLessThanOrEqual(room);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('errorBound is reached within 1 %', () => {
  const granularities = [
    { kind: 'tensor' },
    { kind: 'axis', axis: 0 },
    { kind: 'group', groupSize: 4 },
    { kind: 'group', groupSize: 3, axis: 0 },
    { kind: 'block', blockShape: [2, 3] },
    { kind: 'token' },
  ] as const;

  for (const { mapping, bits } of SCHEMES) {
    it(`by some input: ${mapping}, ${bits} bits, every rounding, granularity and type of scale`, () => {
      for (const rounding of ROUNDINGS) {
        for (const scaleDtype of SCALE_DTYPES) {
          for (const granularity of granularities) {
            expect(share(granularity, { mapping, bits, rounding, scaleDtype })).toBeGreaterThan(0.99);
          }
        }
      }
    });
  }

  /** Largest error over bound for values just below the next code, on a grid of step 1. */
  function share(granularity: (typeof granularities)[number], options: Options): number {
    const { mapping, bits, rounding } = options;
    const half = 2 ** (bits - 1);
    const top = { symmetric: half - 1, symmetricFull: half - 0.5, asymmetric: 2 * half - 1 }[mapping];
    // 0 and 1 are levels, but for the two of symmetricFull with 1 bit: -1 and 0.
    const between = { truncate: 0.999, stochastic: 0.995 }[rounding as string] ?? 0.5;
    const isNegative = mapping === 'symmetricFull' && bits === 1;
    const value = isNegative ? (rounding === 'truncate' ? -between : between - 1) : between;
    const data = new Float32Array(72).fill(value);
    let best = 0;
    for (let seed = 0; seed < (rounding === 'stochastic' ? 100 : 1) && best < 0.99; seed++) {
      const range = { rangeMin: mapping === 'asymmetric' ? 0 : -top, rangeMax: top };
      const q = quantizeAffine({ data, shape: [6, 12] }, { ...options, ...range, granularity, seed });
      const { maxAbs } = errorBound(q);
      for (const restored of dequantizeAffine(q)) best = Math.max(best, Math.abs(value - restored) / maxAbs);
    }
    return best;
  }

  it('also at the widest codes with a scale that is no power of two', () => {
    let best = 0;
    for (let i = 1; i < 2000; i++) {
      const scale = Math.fround(1 + i * 2 ** -11);
      const x = Float32Array.of(scale * 65535, 0, scale * 65533.5);
      const q = quantizeAffine(x, { bits: 16, mapping: 'asymmetric' });
      const values = dequantizeAffine(q);
      best = Math.max(best, Math.abs(x[2] - values[2]) / errorBound(q).maxAbs);
    }
    expect(best).toBeGreaterThan(0.99);
  });
});
