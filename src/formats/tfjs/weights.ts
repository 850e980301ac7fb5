/** Single weights of tfjs models: encoded as tfjs-converter's quantization.py does, decoded as tfjs-core's io_utils.ts does. */
import { arrayTag } from '../../core/array-tag.js';
import type { AnyTypedArray, F32, I32, U16, U8 } from '../../core/arrays.js';
import { DTYPES } from '../../core/dtype.js';
import { describe, NumericError, rangeError, typeError } from '../../core/errors.js';
import { checkAttached } from '../../core/numbers.js';
import { checkChoice, isPlainObject } from '../../core/options.js';
import { kernels } from '../../kernels/dispatch.js';
import { decodeAffine, decodeAffineIntegers } from './affine.js';
import { checkFinite, quantizeValues } from './tfjs-tensor.js';
import { TFJS_QUANTIZED, type TfjsQuantization, type TfjsQuantizedType, type TfjsStored } from './types.js';

/**
 * Returns a float32 weight in one of tfjs' quantized types, ready for writeTfjs and saveTfjs.
 *
 * Numerics: uint8 and uint16 as quantizeTfjs; float16 rounds half to even.
 *
 * Compatible with: tfjs-converter 4.22 under numpy 2, to the bit (see quantizeTfjs).
 *
 * @param x the values; never changed
 * @param dtype 'uint8', 'uint16' or 'float16'
 * @returns data: the codes; quantization: the entry for model.json
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first NaN or infinity, OVERFLOW for
 * what the type would make infinite, which tfjs-converter does without a word.
 * @example
 * encodeTfjsWeight(Float32Array.of(0, 1), 'uint8').data; // Uint8Array [0, 255]
 * @see decodeTfjsWeight
 */
export function encodeTfjsWeight(
  x: Float32Array,
  dtype: TfjsQuantizedType,
): TfjsStored<U8 | U16> & { readonly quantization: TfjsQuantization } {
  const fn = 'encodeTfjsWeight';
  if (arrayTag(x) !== 'Float32Array') {
    throw typeError(fn, 'x', 'a Float32Array', x, 'only float32 weights have quantized types here');
  }
  checkAttached(x, fn, 'x');
  if (checkChoice(fn, 'dtype', dtype, TFJS_QUANTIZED) === 'float16') {
    return { data: halves(fn, x as F32), quantization: { dtype: 'float16' } };
  }
  const affine = dtype as 'uint8' | 'uint16';
  const { codes, scale, min } = quantizeValues(fn, x as F32, affine);
  return { data: codes, quantization: { dtype: affine, scale, min } };
}

/** What rounds to infinity: half a step above the largest float16. */
const BEYOND_FLOAT16 = 65520;

function halves(fn: string, x: F32): U16 {
  checkFinite(fn, x);
  const largest = new Float32Array(1);
  kernels().absmaxRuns(largest, x, 1, x.length, x.length);
  if (largest[0] >= BEYOND_FLOAT16) {
    const bad = x.findIndex((value) => Math.abs(value) >= BEYOND_FLOAT16);
    const message = `${fn}: "x" expected magnitudes below ${BEYOND_FLOAT16} for float16, got ${describe(x[bad])} at index ${bad} - use uint16 or keep float32`;
    throw new NumericError('OVERFLOW', message, bad);
  }
  const codes = new Uint16Array(x.length);
  kernels().encodeFloat16(codes, x);
  return codes;
}

/**
 * Returns the values of stored codes, to the bit as tfjs computes them when it loads a model.
 *
 * Numerics: code * scale + min in float64, rounded to float32 once; for an int32 weight to a whole number, ties up. float16 is exact.
 *
 * @param codes the stored elements
 * @param quantization the weight's entry in model.json
 * @param dtype type of the weight
 * @throws TypeError for the wrong kind of array, RangeError for a quantization that tfjs does not have.
 * @example
 * decodeTfjsWeight(Uint8Array.of(0, 2), { dtype: 'uint8', scale: 0.5, min: -1 }, 'float32'); // Float32Array [-1, 0]
 * @see encodeTfjsWeight
 */
export function decodeTfjsWeight(codes: AnyTypedArray, quantization: TfjsQuantization, dtype: 'float32'): F32;
export function decodeTfjsWeight(
  codes: AnyTypedArray,
  quantization: TfjsQuantization,
  dtype: 'float32' | 'int32',
): F32 | I32;
export function decodeTfjsWeight(
  codes: AnyTypedArray,
  quantization: TfjsQuantization,
  dtype: 'float32' | 'int32',
): F32 | I32 {
  const fn = 'decodeTfjsWeight';
  checkChoice(fn, 'dtype', dtype, ['float32', 'int32']);
  if (!isPlainObject(quantization)) {
    const fix = 'pass the entry of model.json';
    throw typeError(fn, 'quantization', 'an object such as {dtype: "float16"}', quantization, fix);
  }
  const stored = checkChoice(fn, 'quantization.dtype', quantization.dtype, TFJS_QUANTIZED);
  const wanted = DTYPES[stored].array.name;
  if (arrayTag(codes) !== wanted) {
    throw typeError(fn, 'codes', `a ${wanted} for ${stored}`, codes, 'pass the stored elements');
  }
  checkAttached(codes, fn, 'codes');
  if (quantization.dtype === 'float16') {
    if (dtype === 'int32')
      throw rangeError(fn, 'dtype', "'float32' for float16", dtype, 'tfjs has no such weights');
    const values = new Float32Array(codes.length);
    kernels().decodeFloat16(values, codes as U16);
    return values;
  }
  const { scale, min } = quantization;
  for (const [key, number] of Object.entries({ scale, min })) {
    if (!Number.isFinite(number)) {
      throw rangeError(fn, `quantization.${key}`, 'a finite number', number, 'pass the entry of model.json');
    }
  }
  if (dtype === 'int32') {
    const integers = new Int32Array(codes.length);
    decodeAffineIntegers(integers, codes as U8 | U16, scale, min);
    return integers;
  }
  const values = new Float32Array(codes.length);
  decodeAffine(values, codes as U8 | U16, scale, min);
  return values;
}
