/** Casts to small floats, and compressed tensors that hold such codes: the public functions. */
import type { F32, FloatArray, U16, U8 } from '../../core/arrays.js';
import { DTYPES } from '../../core/dtype.js';
import {
  FLOAT_FORMATS,
  OVERFLOWS,
  SMALL_FLOATS,
  type Overflow,
  type SmallFloat,
} from '../../core/float-formats.js';
import type { Pictured } from '../../core/inspect.js';
import type { EncodeRule } from '../../core/minifloat.js';
import { allocateFloats, checkIntegers, integerRange } from '../../core/numbers.js';
import { checkChoice, checkOptions } from '../../core/options.js';
import { checkSeed } from '../../core/random.js';
import { ROUNDINGS, type Rounding } from '../../core/rounding.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { coveredMagnitude } from './float-bound.js';
import { decodeFloats, encodeFloats } from './float-codes.js';
import type { FloatTensor } from './float-types.js';
import { checkCodesArray, floatTensor, floatValues, packFloats } from './float-tensor.js';

/** How castFloat rounds and what it does with numbers beyond the type's range. */
export interface CastOptions {
  /** Default 'halfEven'. */
  readonly rounding?: Rounding;
  /**
   * What a number beyond the largest finite value becomes: that value ('saturate'), infinity, or NaN where the type has no
   * infinity ('infinity'), or an error ('throw'). Default: what torch and ml_dtypes do, 'infinity' for the types of 16 and
   * 8 bits and 'saturate' for those of 6 and 4 bits, which have neither infinity nor NaN.
   */
  readonly overflow?: Overflow;
  /** Stochastic rounding only: a whole number from 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
}

export interface QuantizeFloatOptions extends CastOptions {
  /** The element type of the codes. */
  readonly dtype: SmallFloat;
}

const CAST_KEYS: readonly (keyof CastOptions)[] = ['rounding', 'overflow', 'seed'];

/**
 * Returns the codes of `x` in a small float type, one per element.
 *
 * Formula: code = round(|x| / unit) with unit = 2^(exponent of x - mantissa bits), not below that of subnormals.
 *
 * Shapes: any; the codes are in row-major order.
 *
 * Numerics: every value is rounded once, also from float64 (which torch would round to float32 first). Subnormals are
 * exact, -0 and the sign of NaN are kept. NaN in a type that has none is an error. float8_e8m0fnu holds powers of two
 * only: zero and negative numbers become NaN (with 'saturate' zero becomes 2^-127). Stochastic rounding goes up with
 * probability equal to the fraction, by hash32(seed, index); for float64 input that fraction is cut to float32's bits.
 *
 * Cost: one pass; float16 and bfloat16 by the kernels in use, the smaller types by a table of 16 KiB entries, other
 * roundings of 16-bit types about ten times slower.
 *
 * Compatible with: torch 2.13 `Tensor.to` (16 and 8 bits) and ml_dtypes 0.5 (6 and 4 bits, float8_e8m0fnu), to the bit.
 *
 * @param x a tensor of real numbers
 * @param dtype a float type of 16 bits or fewer
 * @param options rounding, overflow, seed
 * @returns a Uint16Array for 16-bit types, else a Uint8Array; codes of 6 and 4 bits in the low bits of a byte
 * @throws TypeError or RangeError for arguments; NumericError with the index of a value that the type cannot hold.
 * @example
 * castFloat(Float32Array.of(1, -2.5, 1e9), 'float16'); // Uint16Array [0x3c00, 0xc100, 0x7c00]
 * castFloat(Float32Array.of(500), 'float8_e4m3fn', { overflow: 'saturate' }); // Uint8Array [0x7e], 448
 * @see decodeFloat
 * @see OCP 8-bit floating point 1.0, OCP microscaling formats 1.0
 */
export function castFloat(x: TensorLike, dtype: 'float16' | 'bfloat16', options?: CastOptions): U16;
export function castFloat(
  x: TensorLike,
  dtype: Exclude<SmallFloat, 'float16' | 'bfloat16'>,
  options?: CastOptions,
): U8;
export function castFloat(x: TensorLike, dtype: SmallFloat, options?: CastOptions): U16 | U8;
export function castFloat(x: TensorLike, dtype: SmallFloat, options?: CastOptions): U16 | U8 {
  const fn = 'castFloat';
  const format = FLOAT_FORMATS[checkChoice(fn, 'dtype', dtype, SMALL_FLOATS)];
  const rule = ruleOf(fn, format.overflow, checkOptions(fn, options, CAST_KEYS));
  return encodeFloats(toContiguous(x, fn), format, rule, fn);
}

function ruleOf(fn: string, overflow: Overflow, options: CastOptions): EncodeRule {
  return {
    rounding: checkChoice(fn, 'rounding', options.rounding ?? 'halfEven', ROUNDINGS),
    overflow: checkChoice(fn, 'overflow', options.overflow ?? overflow, OVERFLOWS),
    seed: checkSeed(fn, options.seed ?? 0),
    position: 0,
  };
}

/**
 * Returns the values of codes that castFloat made, exactly.
 *
 * Numerics: every value of every small float is a float32. NaN codes become NaN.
 *
 * @param codes a Uint16Array for 16-bit types, else a Uint8Array with one code per byte
 * @param dtype the type of the codes
 * @throws TypeError for the wrong kind of array, RangeError for a code that the type does not have.
 * @example
 * decodeFloat(Uint16Array.of(0x3c00, 0xfc00), 'float16'); // Float32Array [1, -Infinity]
 * @see castFloat
 */
export function decodeFloat(codes: Uint16Array | Uint8Array, dtype: SmallFloat): F32 {
  const fn = 'decodeFloat';
  checkChoice(fn, 'dtype', dtype, SMALL_FLOATS);
  checkCodesArray(fn, 'codes', codes as U16 | U8, dtype);
  if (DTYPES[dtype].bits < 8) checkIntegers(codes, ...integerRange(dtype), dtype, fn, 'codes');
  const out = allocateFloats(Float32Array, codes.length, fn, 'codes') as F32;
  decodeFloats(out, codes as U16 | U8, dtype);
  return out;
}

/**
 * Returns `x` compressed to a small float type, without scales.
 *
 * Numerics: as castFloat. The bound that errorBound gives holds for every input with these codes: half the distance to
 * the neighbouring value (the whole distance for 'truncate' and 'stochastic'), plus `overflow` where values were clamped.
 *
 * @param x a tensor of real numbers
 * @param options dtype, and what castFloat takes
 * @throws TypeError or RangeError for arguments; NumericError with the index of a value that the type cannot hold.
 * @example
 * const c = quantizeFloat({ data: Float32Array.of(0.1, 0.2, 0.3, 0.4), shape: [2, 2] }, { dtype: 'bfloat16' });
 * dequantizeFloat(c); // Float32Array [0.10009765625, 0.2001953125, 0.30078125, 0.400390625]
 * @see castFloat
 */
export function quantizeFloat(x: TensorLike, options: QuantizeFloatOptions): FloatTensor & Pictured {
  const fn = 'quantizeFloat';
  const given = checkOptions<QuantizeFloatOptions>(fn, options, ['dtype', ...CAST_KEYS]);
  const dtype = checkChoice(fn, 'dtype', given.dtype, SMALL_FLOATS);
  const format = FLOAT_FORMATS[dtype];
  const rule = ruleOf(fn, format.overflow, given);
  const input = toContiguous(x, fn);
  const codes = encodeFloats(input, format, rule, fn);
  return floatTensor({
    kind: 'float',
    codes: packFloats(codes, dtype),
    dtype,
    shape: input.shape,
    rounding: rule.rounding,
    overflow: rule.overflow === 'saturate' ? overflowOf(input.data, dtype, rule.rounding) : 0,
  });
}

/** At most 2^-50 above the truth, so that adding it to a bound in float64 cannot fall below it. */
function overflowOf(x: FloatArray, dtype: SmallFloat, rounding: Rounding): number {
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    const magnitude = Math.abs(x[i]);
    if (magnitude > largest) largest = magnitude;
  }
  return Math.max(largest - coveredMagnitude(FLOAT_FORMATS[dtype], rounding), 0) * (1 + 2 ** -50);
}

/**
 * Returns the values of a FloatTensor in row-major order, exactly.
 *
 * @param c what quantizeFloat returned
 * @param options `out`: a Float32Array of the tensor's size to write to, instead of a new one
 * @throws TypeError when `c` is no FloatTensor, RangeError when its parts or `out` do not fit together.
 * @example
 * dequantizeFloat(quantizeFloat(Float32Array.of(1, 2, 7), { dtype: 'float4_e2m1fn' })); // Float32Array [1, 2, 6]
 * @see quantizeFloat
 */
export function dequantizeFloat(c: FloatTensor, options?: { readonly out?: Float32Array }): F32 {
  const fn = 'dequantizeFloat';
  const { out } = checkOptions(fn, options, ['out']);
  return floatValues(fn, c, out);
}
