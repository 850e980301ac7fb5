import fc from 'fast-check';
import { quantizeAffine, type Bits, type GptqOptions, type Granularity } from 'tensorslim';
import { SCALE_DTYPES, SCHEMES } from './affine.js';

export type SmallBits = Exclude<Bits, 16>;

/** A layer with its calibration: w [outputs, inputs], x [tokens, inputs]. */
export interface Layer {
  readonly w: { readonly data: Float32Array; readonly shape: readonly number[] };
  readonly x: { readonly data: Float32Array; readonly shape: readonly number[] };
}

/** Inputs share a common part, as real ones do; fewer tokens than inputs make the Hessian singular, dead inputs are 0 in every token. */
export const anyLayer: fc.Arbitrary<Layer> = fc
  .record({
    outputs: fc.integer({ min: 1, max: 6 }),
    inputs: fc.integer({ min: 1, max: 12 }),
    tokens: fc.integer({ min: 1, max: 20 }),
    common: fc.double({ min: 0, max: 3, noNaN: true }),
    dead: fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 3 }),
  })
  .chain(({ outputs, inputs, tokens, common, dead }) =>
    fc
      .tuple(anyNormals(outputs * inputs), anyNormals(tokens * inputs), anyNormals(tokens))
      .map(([w, own, shared]) => {
        const x = own.map((v, i) =>
          dead.includes(i % inputs) ? 0 : v + common * shared[Math.floor(i / inputs)],
        );
        return { w: { data: w, shape: [outputs, inputs] }, x: { data: x, shape: [tokens, inputs] } };
      }),
  );

function anyNormals(length: number): fc.Arbitrary<Float32Array> {
  return fc
    .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: length, maxLength: length })
    .map((list) => Float32Array.from(list));
}

/** Options with everything said but where the Hessian comes from; for a matrix [outputs, inputs]. */
export type FullOptions = Required<
  Omit<GptqOptions, 'hessian' | 'activations' | 'validation' | 'inputAxis' | 'staticGroups' | 'memoryLimit'>
> &
  Pick<GptqOptions, 'staticGroups'>;

export const anyGptqOptions: fc.Arbitrary<FullOptions> = fc
  .record({
    scheme: fc.constantFrom(...SCHEMES.filter(({ bits }) => bits <= 8)),
    granularity: fc.oneof(
      fc
        .integer({ min: 1, max: 14 })
        .map((groupSize): Granularity => ({ kind: 'group', axis: 1, groupSize })),
      fc.constantFrom<Granularity>({ kind: 'axis', axis: 0 }, { kind: 'axis', axis: 1 }, { kind: 'tensor' }),
    ),
    scaleDtype: fc.constantFrom(...SCALE_DTYPES),
    scaleMethod: fc.constantFrom('absmax' as const, 'mse' as const),
    order: fc.constantFrom('natural' as const, 'activation' as const, 'grouped' as const),
    isStatic: fc.boolean(),
    damping: fc.constantFrom(0, 0.001, 0.01, 0.3),
    refinePasses: fc.constantFrom(0, 0, 1, 3),
  })
  .map(({ scheme: { mapping, bits }, isStatic, ...rest }) => ({
    ...rest,
    ...(isStatic && { staticGroups: true }),
    mapping,
    bits: bits as SmallBits,
  }));

/** Round to nearest under the same options. */
export function nearestOf(
  w: Layer['w'],
  { bits, mapping, scaleDtype, granularity }: FullOptions,
): ReturnType<typeof quantizeAffine> {
  return quantizeAffine(w, { bits, mapping, scaleDtype, granularity });
}

/** x^T x. */
export function gramOf({ data, shape: [tokens, n] }: Layer['x']): Float64Array {
  const h = new Float64Array(n * n);
  for (let t = 0; t < tokens; t++)
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) h[i * n + j] += data[t * n + i] * data[t * n + j];
  return h;
}

/** The damped Hessian as gptq's docstring defines it. */
export function damped(h: Float64Array, n: number, damping: number): Float64Array {
  const result = h.slice();
  let mean = 0;
  for (let i = 0; i < n; i++) mean += h[i * n + i] / n;
  for (let i = 0; i < n; i++) {
    const own = h[i * n + i] > 0 ? h[i * n + i] : mean > 0 ? mean : 1;
    result[i * n + i] = own + damping * mean;
  }
  return result;
}

/** e h e^T for e = w - v, line by line. */
export function quadraticLosses(
  w: ArrayLike<number>,
  v: ArrayLike<number>,
  h: Float64Array,
  n: number,
): number[] {
  return Array.from({ length: w.length / n }, (_, l) => {
    let loss = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        loss += (w[l * n + i] - v[l * n + i]) * h[i * n + j] * (w[l * n + j] - v[l * n + j]);
    return loss;
  });
}
