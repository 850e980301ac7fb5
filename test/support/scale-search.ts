import fc from 'fast-check';
import { dequantizeAffine, type AffineTensor, type HqqOptions } from 'tensorslim';
import { granularityFor, samplesOf, SCALE_DTYPES, SCHEMES, type Sample } from './affine.js';

export interface Search {
  readonly x: Sample;
  readonly options: HqqOptions;
}

const anyShape: fc.Arbitrary<number[]> = fc.oneof(
  fc.integer({ min: 0, max: 70 }).map((n) => [n]),
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 2 }),
  fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 4 }),
  fc.constantFrom<number[][]>([3, 64], [5, 33]),
);

const anyNumber = fc.oneof(
  { weight: 5, arbitrary: fc.double({ min: 1e-6, max: 10, noNaN: true }) },
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(1e-30, 1e30, 3.4e38) },
);

/** Importances for a shape: none, one per column or one per value; the first is never 0. */
function anyImportance(shape: readonly number[]): fc.Arbitrary<HqqOptions['importance']> {
  const size = shape.reduce((a, b) => a * b, 1);
  const columns = shape[shape.length - 1];
  const list = (n: number): fc.Arbitrary<Float64Array> =>
    fc
      .array(anyNumber, { minLength: n, maxLength: n })
      .map((values) => Float64Array.from(values, (v, i) => (i === 0 && v === 0 ? 1 : v)));
  return fc.oneof(
    fc.constant(undefined),
    list(columns),
    list(size).map((data) => ({ data, shape })),
  );
}

/** Every option that both searches share. */
export const anySearch: fc.Arbitrary<Search> = samplesOf(anyShape).chain((x) =>
  fc
    .record({
      scheme: fc.constantFrom(...SCHEMES),
      granularity: granularityFor(x.shape),
      scaleDtype: fc.constantFrom(...SCALE_DTYPES),
      arithmetic: fc.constantFrom('reciprocal' as const, 'division' as const),
      norm: fc.option(fc.oneof(fc.constantFrom(0.5, 1, 2), fc.double({ min: 0.2, max: 4, noNaN: true })), {
        nil: undefined,
      }),
      importance: anyImportance(x.shape),
    })
    .map(({ scheme, norm, importance, ...rest }) => ({
      x,
      options: {
        ...rest,
        ...scheme,
        ...(norm !== undefined && { norm }),
        ...(importance !== undefined && { importance }),
      },
    })),
);

/** The importances as one number per value. */
export function pricesOf({ x, options: { importance } }: Search): ArrayLike<number> {
  if (importance === undefined) return new Float64Array(x.data.length).fill(1);
  if (importance instanceof Float64Array) {
    return Float64Array.from(x.data, (_, i) => importance[i % importance.length]);
  }
  return (importance as { data: Float64Array }).data;
}

/** Mean of |x - value|^norm, each counting by its price; computed with the engine's own power. */
export function objectiveOf(
  x: Float32Array,
  q: AffineTensor,
  prices: ArrayLike<number>,
  norm: number,
): number {
  const values = dequantizeAffine(q);
  let sum = 0;
  let weight = 0;
  for (let i = 0; i < x.length; i++) {
    sum += prices[i] * Math.abs(x[i] - values[i]) ** norm;
    weight += prices[i];
  }
  return weight === 0 ? 0 : sum / weight;
}
