/** Tensors in the affine types of tfjs, as compressed tensors: made, decoded, and with a proved bound of their error. */
import { arrayTag } from '../../core/array-tag.js';
import type { F32, FloatArray, U16, U8 } from '../../core/arrays.js';
import { DTYPES } from '../../core/dtype.js';
import { describe, NumericError, rangeError, typeError } from '../../core/errors.js';
import { picturedAs, type Pictured } from '../../core/inspect.js';
import { checkAttached, outputFloats } from '../../core/numbers.js';
import { checkChoice, checkOptions, isPlainObject } from '../../core/options.js';
import { elementCount } from '../../core/shape.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { kernels } from '../../kernels/dispatch.js';
import { decodeAffine, decodesFinite, encodeAffine, rangeOf, TOP } from './affine.js';
import { tfjsViews } from './tfjs-view.js';
import { TFJS_AFFINE, type TfjsAffineType, type TfjsTensor } from './types.js';

export interface QuantizeTfjsOptions {
  /** Type of the codes. */
  readonly dtype: TfjsAffineType;
}

/**
 * Returns `x` in an affine type of tfjs, as tfjs-converter stores it: one scale and one minimum for the whole tensor.
 *
 * Formula: scale = (max - min) / (2^bits - 1); where 0 lies in [min, max], min becomes -round(-min / scale) * scale, so that 0 is
 * a code; code = round((clip(x) - min) / scale), half to even; x is restored as code * scale + min.
 *
 * Numerics: float64 input is rounded to float32 first, everything after that is float64. 0 stays exactly 0 where it lies in the
 * range. A constant tensor is exact, with scale 1. An empty one has scale 1 and min 0. Bound: `errorBound`, half a step.
 *
 * Cost: three passes, about 3 ns per element.
 *
 * Compatible with: tfjs-converter 4.22 under numpy 2, codes, scale and min to the bit, a min of -0 apart, which becomes 0. Under numpy
 * 1 the converter rounds to float32 after every step, and codes near ties can differ by one.
 *
 * @param x a tensor of real numbers; never changed
 * @param options dtype
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value, OVERFLOW when
 * the range comes within half a step of float32's largest number, where tfjs would decode infinities.
 * @example
 * const q = quantizeTfjs(Float32Array.of(-1, 0, 0.5, 1), { dtype: 'uint8' });
 * q.codes; // Uint8Array [0, 128, 192, 255]
 * @see dequantizeTfjs
 */
export function quantizeTfjs(x: TensorLike, options: QuantizeTfjsOptions): TfjsTensor & Pictured {
  const fn = 'quantizeTfjs';
  const given = checkOptions<QuantizeTfjsOptions>(fn, options, ['dtype']);
  const dtype = checkChoice(fn, 'dtype', given.dtype, TFJS_AFFINE);
  const { data, shape } = toContiguous(x, fn);
  return tfjsTensor({ kind: 'tfjs', ...quantizeValues(fn, toFloat32(data), dtype), dtype, shape });
}

function toFloat32(data: FloatArray): F32 {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

/** Codes, scale and minimum of values that are checked to be finite. */
export function quantizeValues(
  fn: string,
  x: F32,
  dtype: TfjsAffineType,
): { codes: U8 | U16; scale: number; min: number } {
  checkFinite(fn, x);
  const range = rangeOf(fn, x, TOP[dtype]);
  const codes = dtype === 'uint8' ? new Uint8Array(x.length) : new Uint16Array(x.length);
  encodeAffine(codes, x, range);
  return { codes, scale: range.scale, min: range.min };
}

export function checkFinite(fn: string, x: F32): void {
  const bad = kernels().firstNonFinite(x);
  if (bad < 0) return;
  const message = `${fn}: "x" expected finite values, got ${describe(x[bad])} at index ${bad} - repair the weight`;
  throw new NumericError('NON_FINITE', message, bad);
}

/** Gives the record its printed form and pictures. */
export function tfjsTensor(q: TfjsTensor): TfjsTensor & Pictured {
  return picturedAs(q, tfjsViews(checkTfjsTensor, tfjsErrorBound));
}

/**
 * Returns the float32 values of a TfjsTensor in row-major order: fround(code * scale + min), as tfjs itself decodes them.
 *
 * @param q what quantizeTfjs returned
 * @param options `out`: a Float32Array of the tensor's size to write to, instead of a new one
 * @throws TypeError when `q` is no TfjsTensor, RangeError when its parts or `out` do not fit together.
 * @example
 * dequantizeTfjs(quantizeTfjs(Float32Array.of(0, 1), { dtype: 'uint16' })); // Float32Array [0, 1]
 * @see quantizeTfjs
 */
export function dequantizeTfjs(q: TfjsTensor, options?: { readonly out?: Float32Array }): F32 {
  const fn = 'dequantizeTfjs';
  const size = checkTfjsTensor(fn, q);
  const { out } = checkOptions(fn, options, ['out']);
  const values = outputFloats(out, size, fn);
  decodeAffine(values, q.codes, q.scale, q.min);
  return values;
}

/** The number of elements of `q`, after checking that its parts fit together and decode to finite numbers. */
export function checkTfjsTensor(fn: string, q: TfjsTensor): number {
  if (!isPlainObject(q) || q.kind !== 'tfjs') {
    throw typeError(fn, 'q', 'a TfjsTensor', q, 'make one with quantizeTfjs');
  }
  const { codes, dtype, scale, min, shape } = q;
  checkChoice(fn, 'q.dtype', dtype, TFJS_AFFINE);
  const wanted = DTYPES[dtype].array.name;
  if (arrayTag(codes) !== wanted) {
    throw typeError(fn, 'q.codes', `a ${wanted} for ${dtype}`, codes, 'make q with quantizeTfjs');
  }
  checkAttached(codes, fn, 'q.codes');
  const size = elementCount(shape, fn, 'q.shape');
  if (codes.length !== size)
    throw rangeError(fn, 'q.codes', `${size} elements`, codes.length, 'correct q.shape');
  if (!Number.isFinite(scale) || scale <= 0) {
    throw rangeError(fn, 'q.scale', 'a finite number above 0', scale, 'make q with quantizeTfjs');
  }
  if (!Number.isFinite(min) || Object.is(min, -0)) {
    throw rangeError(fn, 'q.min', 'a finite number, 0 without a sign', min, 'make q with quantizeTfjs');
  }
  // A constant tensor near float32's largest number has scale 1, which is lost in the sum: its other codes are finite too.
  if (!decodesFinite(scale, min, TOP[dtype])) {
    const expected = 'a scale and a min whose codes decode to finite float32 numbers';
    throw rangeError(fn, 'q.scale', expected, scale, 'make q with quantizeTfjs');
  }
  return size;
}

/** Unit roundoff of float64, half to even. */
const U = 2 ** -53;

/**
 * Returns a bound of the error of `q` that holds for every finite float32 input that quantizeTfjs turns into `q`.
 *
 * Proof. Let Q = 2^bits - 1, s the scale, m the minimum, c a code, and lo, hi the true extremes of x. Each float64 operation is off by
 * at most U relative; none underflows, since a difference of float32 numbers is 0 or at least 2^-149, and s at least 2^-149 / Q.
 * Terms of order U^2 are covered by rounding constants up.
 * (1) s = (hi - lo) / Q to within 2U relative, so |(hi - lo) - Q*s| <= Q*s * 3U.
 * (2) Where 0 is inside, m is -z*s for the whole number z nearest to -lo / s, whose computed value is off by at most Q * 3U, and the
 *     product by Q*s * U: |m - lo| <= s/2 + Q*s * 5U. Else m = lo.
 * (3) The clip's upper end is m + Q*s to within Q*s * 3U, and by (1) and (2) hi lies within s/2 + Q*s * 8U of m + Q*s.
 * (4) An element inside the clip has a quotient (x - m) / s <= Q + 1, computed to within (Q + 1) * 3U, and a code within 1/2 of that:
 *     |x - (m + c*s)| <= s/2 + (Q + 1)*s * 3U. An element clipped to m has code 0 and by (2) lies within s/2 + Q*s * 5U of m; one clipped
 *     to the upper end has code Q and by (3) lies within s/2 + Q*s * 11U of m + Q*s. In every case e = s/2 + (Q + 1)*s * 11U.
 * (5) Decoding computes m + c*s in float64 to within Q*s * U + B * 2U, where B = max(|m|, |m + Q*s|), and rounds that to float32
 *     once: half a unit of B in its last place at most.
 * Together |x - value| <= s/2 + (Q + 1)*s * 12U + B * 2U + half a unit of B. When all codes are 0, x is constant (else the code of hi
 * would be at least Q - 1), min is that constant, and the error is 0.
 *
 * Numerics: computed in float64, rounded up by 2^-40 relative. Tight: inputs halfway between two levels reach more than 99 % of
 * it unless the range is narrow and far from 0, where rounding to float32 weighs more than the step.
 *
 * @returns maxAbs: largest |error| of an element; l2: root of the sum of squares over the tensor
 */
export function tfjsErrorBound(q: TfjsTensor): { maxAbs: number; l2: number } {
  const size = checkTfjsTensor('errorBound', q);
  if (isAllZero(q.codes)) return { maxAbs: 0, l2: 0 };
  const { scale, min } = q;
  const top = TOP[q.dtype];
  const largest = Math.max(Math.abs(min), Math.abs(min + top * scale)) * (1 + 8 * U);
  const slack = (top + 1) * scale * 12 * U + largest * 2 * U;
  const maxAbs = (scale / 2 + slack + halfUnit(largest)) * (1 + 2 ** -40);
  return { maxAbs, l2: maxAbs * Math.sqrt(size) * (1 + 2 ** -40) };
}

function isAllZero(codes: U8 | U16): boolean {
  for (let i = 0; i < codes.length; i++) if (codes[i] !== 0) return false;
  return true;
}

/** Half the distance of the float32 numbers around `magnitude`: what rounding to float32 can lose. */
function halfUnit(magnitude: number): number {
  let unit = 2 ** -149;
  // 2^24 units are the end of a binade; at most 277 steps.
  while (unit * 2 ** 24 <= magnitude) unit *= 2;
  return unit / 2;
}
