import fc from 'fast-check';
import type { MxElement, ScaleMode } from 'tensorslim';

export const MX_ELEMENTS: readonly MxElement[] = [
  'float8_e4m3fn',
  'float8_e5m2',
  'float6_e2m3fn',
  'float6_e3m2fn',
  'float4_e2m1fn',
  'int8',
];

export const SCALE_MODES: readonly ScaleMode[] = ['floor', 'ceil', 'even', 'rceil'];

/** Every element with every mode. */
export const MX_CASES: readonly (readonly [MxElement, ScaleMode])[] = MX_ELEMENTS.flatMap((element) =>
  SCALE_MODES.map((mode) => [element, mode] as const),
);

/** Numbers of few significant bits, so that ties are common, and ordinary ones. */
const anyNumber = fc.oneof(
  fc.tuple(fc.integer({ min: -64, max: 64 }), fc.integer({ min: -8, max: 3 })).map(([n, e]) => n * 2 ** e),
  fc.double({ min: -8, max: 8, noNaN: true }),
  fc.constantFrom(0, -0),
);

/** The power of two that a whole tensor is multiplied by: mostly none, or to the ends of float32. */
const anyExponent = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: -100, max: 100 }) },
  { weight: 1, arbitrary: fc.constantFrom(-149, -140, -130, -126, -120, 118) },
);

export interface Sample {
  readonly data: Float32Array | Float64Array;
  readonly shape: number[];
}

/** Finite tensors of up to two axes, with tails, in float32 or float64. */
export const anyTensor: fc.Arbitrary<Sample> = fc
  .record({
    rows: fc.integer({ min: 0, max: 3 }),
    width: fc.oneof(fc.nat(40), fc.constantFrom(16, 32, 64)),
    exponent: anyExponent,
    isDouble: fc.boolean(),
  })
  .chain(({ rows, width, exponent, isDouble }) =>
    fc.array(anyNumber, { minLength: rows * width, maxLength: rows * width, size: 'max' }).map((values) => {
      const scaled = values.map((v) => v * 2 ** exponent);
      return { data: isDouble ? Float64Array.from(scaled) : Float32Array.from(scaled), shape: [rows, width] };
    }),
  );

/** The error at element i, or the named failure when it exceeds the bound. */
export function checkBound(x: Sample, values: Float32Array, bound: { maxAbs: number; l2: number }): void {
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const error = Math.abs(x.data[i] - values[i]);
    if (!(error <= bound.maxAbs)) {
      throw new Error(`${x.data[i]} became ${values[i]}: ${error} exceeds ${bound.maxAbs}`);
    }
    squares += error * error;
  }
  if (!(Math.sqrt(squares) <= bound.l2)) throw new Error(`${Math.sqrt(squares)} exceeds ${bound.l2}`);
}
