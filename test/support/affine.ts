import fc from 'fast-check';
import type { AffineOptions, Bits, Granularity, Mapping, QParams } from 'tensorslim';

export const ALL_BITS: readonly Bits[] = [1, 2, 3, 4, 5, 6, 7, 8, 16];
export const MAPPINGS: readonly Mapping[] = ['symmetric', 'symmetricFull', 'asymmetric'];
export const ROUNDINGS = ['halfEven', 'halfAwayFromZero', 'halfUp', 'truncate', 'stochastic'] as const;
export const SCALE_DTYPES = ['float32', 'float16', 'bfloat16'] as const;
export const LARGEST_FLOAT32 = 3.4028234663852886e38;

/** Every pair of mapping and width that exists. */
export const SCHEMES: readonly { readonly mapping: Mapping; readonly bits: Bits }[] = MAPPINGS.flatMap(
  (mapping) =>
    ALL_BITS.filter((bits) => mapping !== 'symmetric' || bits > 1).map((bits) => ({ mapping, bits })),
);

export interface Sample {
  readonly data: Float32Array<ArrayBuffer>;
  readonly shape: number[];
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const anyShape: fc.Arbitrary<number[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<number[]>([]) },
  { weight: 3, arbitrary: fc.tuple(fc.integer({ min: 0, max: 70 })).map(([n]) => [n]) },
  { weight: 4, arbitrary: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 2 }) },
  { weight: 2, arbitrary: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom<number[][]>([3, 64], [2, 3, 40], [96], [5, 33]) },
);

/** Whole and half steps of common grids, plain fractions, zeros of both signs. */
const unit: fc.Arbitrary<number> = fc.oneof(
  { weight: 5, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }) },
  { weight: 2, arbitrary: fc.integer({ min: -255, max: 255 }).map((n) => n / 254) },
  { weight: 1, arbitrary: fc.integer({ min: -16, max: 16 }).map((n) => n / 15) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1, -1, 0.5) },
);

/** From below the smallest float32 to the largest; the types of scales end at 2^-24 and 2^16 (float16) and 2^-133 (bfloat16). */
const magnitude: fc.Arbitrary<number> = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: 0.01, max: 100, noNaN: true }) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          -149,
          -145,
          -140,
          -134,
          -127,
          -126,
          -120,
          -30,
          -24,
          -20,
          -17,
          -14,
          -9,
          15,
          23,
          100,
          127,
        ),
        fc.double({ min: 0.5, max: 1.99, noNaN: true }),
      )
      .map(([exponent, factor]) => 2 ** exponent * factor),
  },
  { weight: 1, arbitrary: fc.constantFrom(LARGEST_FLOAT32, 1, 2 ** -149) },
);

/** Finite values in float64, none beyond float32. */
export function anyValues(size: number): fc.Arbitrary<number[]> {
  const values = fc
    .tuple(fc.array(unit, { minLength: size, maxLength: size }), magnitude)
    .map(([units, factor]) =>
      units.map((u) => Math.min(Math.max(u * factor, -LARGEST_FLOAT32), LARGEST_FLOAT32)),
    );
  const anyFinite = fc.float({ noNaN: true, noDefaultInfinity: true });
  return fc.oneof(
    { weight: 8, arbitrary: values },
    { weight: 1, arbitrary: fc.array(anyFinite, { minLength: size, maxLength: size }) },
    { weight: 1, arbitrary: unit.map((u) => new Array<number>(size).fill(u)) },
  );
}

export const samplesOf = (shape: fc.Arbitrary<number[]>): fc.Arbitrary<Sample> =>
  shape.chain((axes) =>
    anyValues(sizeOf(axes)).map((values) => ({ data: Float32Array.from(values), shape: axes })),
  );

export const anySample: fc.Arbitrary<Sample> = samplesOf(anyShape);

export function granularityFor(shape: readonly number[]): fc.Arbitrary<Granularity> {
  const rank = shape.length;
  const choices: fc.Arbitrary<Granularity>[] = [fc.constant({ kind: 'tensor' })];
  if (rank > 0) {
    const axis = fc.integer({ min: -rank, max: rank - 1 });
    const groupSize = fc.integer({ min: 1, max: 40 });
    choices.push(
      axis.map((at) => ({ kind: 'axis', axis: at })),
      fc.tuple(axis, groupSize).map(([at, size]) => ({ kind: 'group', axis: at, groupSize: size })),
      fc.constantFrom(2, 16, 32).map((size) => ({ kind: 'group', groupSize: size })),
      fc.constant({ kind: 'token' }),
    );
  }
  if (rank > 1) {
    const side = fc.integer({ min: 1, max: 5 });
    choices.push(fc.tuple(side, side).map((blockShape) => ({ kind: 'block', blockShape })));
  }
  return fc.oneof(...choices);
}

export const anyScheme: fc.Arbitrary<{ mapping: Mapping; bits: Bits }> = fc.constantFrom(...SCHEMES);

/** Every option but nonFinite and tail; `rounding` may be narrowed. */
export function optionsFor(
  shape: readonly number[],
  roundings: readonly (typeof ROUNDINGS)[number][] = ROUNDINGS,
): fc.Arbitrary<AffineOptions> {
  const common = fc.record({
    scheme: anyScheme,
    granularity: granularityFor(shape),
    scaleDtype: fc.constantFrom(...SCALE_DTYPES),
    rounding: fc.constantFrom(...roundings),
    arithmetic: fc.constantFrom('reciprocal' as const, 'division' as const),
    seed: fc.nat(1000),
  });
  const range = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom({}, { scaleMethod: 'absmax' as const }) },
    { weight: 1, arbitrary: fc.constant({ scaleMethod: 'minmax' as const }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom({ scaleMethod: 'mse' as const }, { scaleMethod: 'mse' as const, norm: 1.5 }),
    },
    { weight: 1, arbitrary: fc.constant({ scaleMethod: 'hqq' as const }) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(60, 90, 99.9, 100)
        .map((percentile) => ({ scaleMethod: 'percentile' as const, percentile })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom({ rangeMax: 1 }, { rangeMin: -0.5 }, { rangeMin: -2, rangeMax: 3 }),
    },
  );
  return fc.tuple(common, range).map(([{ scheme, ...rest }, found]) => ({ ...scheme, ...rest, ...found }));
}

/** A tensor with options that fit it. */
export const anyCase: fc.Arbitrary<Sample & { options: AffineOptions }> = anySample.chain((sample) =>
  optionsFor(sample.shape).map((options) => ({ ...sample, options })),
);

/** As anyCase, by roundings whose result does not depend on an element's position. */
export const anyFixedCase: fc.Arbitrary<Sample & { options: AffineOptions }> = anySample.chain((sample) =>
  optionsFor(sample.shape, ['halfEven', 'halfAwayFromZero', 'halfUp', 'truncate']).map((options) => ({
    ...sample,
    options,
  })),
);

/** Parameters as another tool could give them, one region: any scale, any zero point, any range of codes. */
export const anyQParams: fc.Arbitrary<QParams> = fc
  .record({
    scheme: anyScheme,
    scale: fc.oneof(magnitude, fc.constant(0)),
    scaleDtype: fc.constantFrom('float32' as const, 'float64' as const),
    zero: fc.oneof(
      fc.constant(null),
      fc.integer({ min: -300, max: 300 }),
      fc.integer({ min: -(2 ** 20), max: 2 ** 20 }),
    ),
    rounding: fc.constantFrom(...ROUNDINGS),
    arithmetic: fc.constantFrom('reciprocal' as const, 'division' as const),
    seed: fc.nat(1000),
    narrow: fc.boolean(),
  })
  .map(({ scheme: { bits, mapping }, scale, scaleDtype, zero, narrow, ...rest }) => {
    const half = 2 ** (bits - 1);
    const codeMin = mapping === 'asymmetric' ? 0 : -half;
    const codeMax = codeMin + 2 * half - 1 - (narrow && bits > 1 ? 1 : 0);
    return {
      ...rest,
      bits,
      mapping,
      codeMin,
      codeMax,
      scaleDtype,
      scale: scaleDtype === 'float64' ? Float64Array.of(scale) : Float32Array.of(scale),
      zeroPoint: zero === null ? null : Int32Array.of(zero),
      granularity: { kind: 'tensor' },
    };
  });

/** For every element, in row-major order, the region it belongs to: the definition of each granularity, by its indices. */
export function regionOfElements(shape: readonly number[], granularity: Granularity): number[] {
  const size = sizeOf(shape);
  const rank = shape.length;
  const regionAt = (index: readonly number[]): number => {
    const merge = (position: readonly number[], lengths: readonly number[]): number =>
      position.reduce((sum, at, i) => sum * lengths[i] + at, 0);
    switch (granularity.kind) {
      case 'tensor':
        return 0;
      case 'token':
        return merge(index.slice(0, -1), shape.slice(0, -1));
      case 'axis':
        return index[(granularity.axis + rank) % rank];
      case 'group': {
        const axis = ((granularity.axis ?? -1) + rank) % rank;
        const cut = (list: readonly number[], round: (n: number) => number): number[] =>
          list.map((n, i) => (i === axis ? round(n / granularity.groupSize) : n));
        return merge(cut(index, Math.floor), cut(shape, Math.ceil));
      }
      case 'block': {
        const cut = (list: readonly number[], round: (n: number) => number): number[] =>
          list.map((n, i) => (i < rank - 2 ? n : round(n / granularity.blockShape[i - rank + 2])));
        return merge(cut(index, Math.floor), cut(shape, Math.ceil));
      }
    }
  };
  return Array.from({ length: size }, (_, i) => {
    const index: number[] = [];
    let rest = i;
    for (let axis = rank - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return regionAt(index);
  });
}

/** The codes one by one, read from the little-endian bit stream as AffineTensor documents it. */
export function codesOf(
  q: { bits: Bits; codeMin: number; codes: ArrayLike<number> },
  size: number,
): number[] {
  if (q.bits >= 8) return Array.from(q.codes);
  return Array.from({ length: size }, (_, i) => {
    let code = 0;
    for (let k = 0; k < q.bits; k++) {
      const bit = i * q.bits + k;
      code |= ((q.codes[Math.floor(bit / 8)] >> (bit % 8)) & 1) << k;
    }
    return code + q.codeMin;
  });
}
