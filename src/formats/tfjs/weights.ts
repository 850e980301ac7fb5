/**
 * Single tfjs weights: encoded as tfjs-converter's quantization.py does, decoded as tfjs-core's io_utils.ts does.
 *
 * Affine (uint8, uint16): real = code * scale + min, one scale and minimum per weight.
 */
import type { F32, I32, TypedArray, U16, U8 } from '../../core/arrays.js';
import { describe, NumericError } from '../../core/errors.js';
import { checkChoice } from '../../core/options.js';
import { roundHalfEven } from '../../core/rounding.js';
import { kernels } from '../../kernels/dispatch.js';

export const TFJS_QUANTIZED = ['uint8', 'uint16', 'float16'] as const;
export type TfjsQuantizedType = (typeof TFJS_QUANTIZED)[number];

/** The `quantization` entry of a weight in model.json. */
export type TfjsQuantization =
  | { readonly dtype: 'uint8' | 'uint16'; readonly scale: number; readonly min: number }
  | { readonly dtype: 'float16' };

export interface TfjsEncoded {
  readonly codes: U8 | U16;
  readonly quantization: TfjsQuantization;
}

const f = Math.fround;

/**
 * Returns a float32 weight in one of tfjs' quantized types.
 *
 * Formula: scale = (max - min) / (2^b - 1); where 0 lies inside [min, max] the minimum moves to a multiple of the scale, so that 0 is a
 * code; code = round((clip(x) - min) / scale), half to even. A constant weight has scale 1 and codes 0.
 *
 * Numerics: minimum and maximum are float32, scale and nudged minimum float64, codes from float32 arithmetic, as numpy does
 * with a float32 array and float64 numbers. Error: half a scale, a whole one at the end that the nudge cut off.
 *
 * Compatible with: tfjs-converter 4.22 (Python) under numpy 2, to the byte.
 *
 * @throws NumericError NON_FINITE with the index of the first NaN or infinity.
 * @example
 * encodeTfjsWeight(Float32Array.of(0, 1), 'uint8').codes; // Uint8Array [0, 255]
 */
export function encodeTfjsWeight(x: F32, dtype: TfjsQuantizedType): TfjsEncoded {
  const fn = 'encodeTfjsWeight';
  checkChoice(fn, 'dtype', dtype, TFJS_QUANTIZED);
  const bad = kernels().firstNonFinite(x);
  if (bad >= 0) {
    const message = `${fn}: "x" expected finite values, got ${describe(x[bad])} at index ${bad} - repair the weight`;
    throw new NumericError('NON_FINITE', message, bad);
  }
  if (dtype === 'float16') {
    const codes = new Uint16Array(x.length);
    kernels().encodeFloat16(codes, x);
    return { codes, quantization: { dtype } };
  }
  const codes = dtype === 'uint8' ? new Uint8Array(x.length) : new Uint16Array(x.length);
  const top = dtype === 'uint8' ? 255 : 65535;
  const { min, max } = rangeOf(x);
  if (min === max) return { codes, quantization: { dtype, scale: 1, min } };
  const scale = (max - min) / top;
  const [low, high] = nudged(min, max, scale, top);
  const lowest = f(low);
  const highest = f(high);
  const step = f(scale);
  for (let i = 0; i < x.length; i++) {
    const clipped = x[i] < lowest ? lowest : x[i] > highest ? highest : x[i];
    codes[i] = roundHalfEven(f(f(clipped - lowest) / step));
  }
  return { codes, quantization: { dtype, scale, min: low } };
}

function rangeOf(x: F32): { min: number; max: number } {
  if (x.length === 0) return { min: 0, max: 0 };
  const min = new Float32Array(1);
  const max = new Float32Array(1);
  kernels().minmaxRuns(min, max, x, 1, x.length, x.length);
  return { min: min[0], max: max[0] };
}

/** The range moved so that 0, where it lies inside, is a whole number of steps above the minimum. */
function nudged(min: number, max: number, scale: number, top: number): [low: number, high: number] {
  if (min > 0 || max < 0) return [min, max];
  const zero = roundHalfEven((0 - min) / scale);
  const low = -zero * scale;
  return [low, top * scale + low];
}

/**
 * Returns the values of stored codes: float32, or int32 rounded for an int32 weight.
 *
 * Numerics: code * scale + min in float64, rounded to float32 once; for int32 rounded as JavaScript's Math.round does (ties up).
 */
export function decodeTfjsWeight(
  codes: TypedArray,
  quantization: TfjsQuantization,
  dtype: 'float32' | 'int32',
): F32 | I32 {
  if (quantization.dtype === 'float16') {
    const values = new Float32Array(codes.length);
    kernels().decodeFloat16(values, codes as U16);
    return values;
  }
  const { scale, min } = quantization;
  const values = dtype === 'int32' ? new Int32Array(codes.length) : new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) {
    const value = Number(codes[i]) * scale + min;
    values[i] = dtype === 'int32' ? Math.floor(value + 0.5) : value;
  }
  return values;
}
