/** From int32 sums to output codes: fixed-point multipliers as gemmlowp and TFLite define them. */
import { arrayTag } from '../../core/array-tag.js';
import type { I16, I32, I8, U8 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { checkAttached, ownArray } from '../../core/numbers.js';
import { checkChoice, checkInteger, checkOptions } from '../../core/options.js';
import { roundTo } from '../../core/rounding.js';
import { integer } from '../../kernels/integer/family.js';

/** A positive real number as multiplier * 2^(shift - 31): the multiplier is 0 or from 2^30 to 2^31 - 1. */
export interface FixedPointMultiplier {
  readonly multiplier: number;
  /** Positive to the left, as in TFLite; gemmlowp counts the other way. */
  readonly shift: number;
}

export type IntegerCodes = I8 | U8 | I16 | I32;

/** 'twice': to a high half and then by a shift, gemmlowp's and TFLite's way. 'once': TFLite built with TFLITE_SINGLE_ROUNDING. */
export type RequantizeRounding = 'twice' | 'once';

export interface RequantizeOptions {
  /** One for all sums, or one per channel. */
  readonly multiplier: number | Int32Array;
  readonly shift: number | Int32Array;
  /** Added to the sums first: one per channel, or none. */
  readonly bias?: Int32Array;
  /** Default 0. */
  readonly zeroPoint?: number;
  /** Defaults -128 and 127. */
  readonly codeMin?: number;
  readonly codeMax?: number;
  /** Default 'twice'. */
  readonly rounding?: RequantizeRounding;
}

export const REQUANTIZE_KEYS: readonly (keyof RequantizeOptions & string)[] = [
  'multiplier',
  'shift',
  'bias',
  'zeroPoint',
  'codeMin',
  'codeMax',
  'rounding',
];

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

/**
 * Returns `real` as a 31-bit multiplier and a power of two.
 *
 * Formula: real = f * 2^shift with f in [1/2, 1); multiplier = round(f * 2^31), half away from zero; 2^31 becomes 2^30 with shift + 1.
 *
 * Numerics: relative error at most 2^-31. Below 2^-32 (after rounding) the result is {multiplier: 0, shift: 0}.
 *
 * Compatible with: TFLite's QuantizeMultiplier, to the bit; gemmlowp's right shift is -shift.
 *
 * @param real a number from 0 to below 2^30, such as inputScale * weightScale / outputScale
 * @throws TypeError when it is no number, RangeError when it is negative, not finite or too large.
 * @example
 * quantizeMultiplier(0.75); // { multiplier: 1610612736, shift: 0 }
 * @see requantize
 */
export function quantizeMultiplier(real: number): FixedPointMultiplier {
  return multiplierOf('quantizeMultiplier', 'real', real);
}

/** The same under the name of another function and argument. */
export function multiplierOf(fn: string, argument: string, real: unknown): FixedPointMultiplier {
  const fix = 'pass inputScale * weightScale / outputScale';
  if (typeof real !== 'number') throw typeError(fn, argument, 'a number', real, fix);
  // From 2^30 - 1/4 on the multiplier would round up to 2^31 and take a shift of 31.
  if (!(real >= 0 && real < 2 ** 30 - 0.25)) {
    throw rangeError(fn, argument, 'a number from 0 to below 2^30', real, fix);
  }
  if (real < 2 ** -33) return { multiplier: 0, shift: 0 };
  let shift = exponentOf(real);
  let multiplier = roundTo(real * 2 ** (31 - shift), 'halfAwayFromZero');
  if (multiplier === 2 ** 31) {
    multiplier = 2 ** 30;
    shift++;
  }
  return shift < -31 ? { multiplier: 0, shift: 0 } : { multiplier, shift };
}

/** The whole number e with 2^(e - 1) <= real < 2^e, for normal numbers. */
function exponentOf(real: number): number {
  scratch[0] = real;
  return (scratchBits[1] >>> 20) - 1022;
}

const scratch = new Float64Array(1);
/** High half second: every engine that the kernels run on is little-endian. */
const scratchBits = new Uint32Array(scratch.buffer);

/**
 * Returns `acc` in output codes: scaled by a fixed-point multiplier, moved by the zero point and clamped.
 *
 * Formula, with m = multiplier, e = shift, per channel (the last axis: sum i belongs to channel i mod channels):
 *   x = saturate(acc + bias);  code = clamp(scaled(x) + zeroPoint, codeMin, codeMax)
 *   'twice': h = SRDHM(saturate(x * 2^max(e, 0)), m);  scaled = h / 2^max(-e, 0), half away from zero
 *   'once':  scaled = saturate(floor(x * m / 2^(31 - e) + 1/2))
 * SRDHM(a, b), gemmlowp's SaturatingRoundingDoublingHighMul, is floor((a b + 2^30) / 2^31), 2^31 - 1 for a = b = -2^31.
 *
 * Numerics: exact integer arithmetic; saturate clamps to int32. Bound: with m and e from quantizeMultiplier(M),
 * |scaled(x) - x M| <= 1 whenever x * 2^max(e, 0) is an int32, thus for all x when M < 1 - 2^-32.
 * Proof. Let s = max(-e, 0) and X = x * 2^max(e, 0), so that x M = X m' / 2^(31 + s) with |m' - m| <= 1/2. (1) Taking m for m' changes
 * this by at most |X| 2^-32 2^-s <= 2^-s / 2, since |X| <= 2^31. (2) SRDHM rounds to nearest: 1/2, which the shift divides by 2^s. (3) The
 * shift rounds to nearest: 1/2 where s > 0, else 0. The sum is 1 for s = 0 and s = 1, and less beyond. 'once' rounds one time: step (1)
 * and 1/2. For M >= 1 and sums beyond that, h is that of the end of int32: at least 2^30. Reached: 0.99 at M near 1/2 and the largest sums; 0.75 with sums of up to 2^24.
 *
 * Cost: 1 to 2 ns per sum.
 *
 * Compatible with: TFLite's MultiplyByQuantizedMultiplier in either build, and gemmlowp's pipeline; their left shifts overflow where ours
 * saturates.
 *
 * @param acc sums, such as those of matmulInt8; never changed
 * @returns an array that holds codeMin to codeMax: Int8Array, else Uint8Array, Int16Array, Int32Array
 * @throws TypeError or RangeError for arguments.
 * @example
 * requantize(Int32Array.of(1000, -1000), { ...quantizeMultiplier(0.05), zeroPoint: 3 }); // Int8Array [53, -47]
 * @see quantizeMultiplier
 */
export function requantize(acc: Int32Array, options: RequantizeOptions): IntegerCodes {
  const fn = 'requantize';
  const sums = checkInt32(fn, 'acc', acc);
  const given = checkOptions<RequantizeOptions>(fn, options, REQUANTIZE_KEYS);
  return requantizeBy(fn, sums, given, null);
}

/** Requantizes with checked option names; `channels` null: as many as the arrays have entries. */
export function requantizeBy(
  fn: string,
  acc: I32,
  given: Partial<RequantizeOptions>,
  channels: number | null,
): IntegerCodes {
  const codeMin = checkInteger(fn, 'codeMin', given.codeMin ?? -128, INT32_MIN, INT32_MAX);
  const codeMax = checkInteger(fn, 'codeMax', given.codeMax ?? 127, codeMin, INT32_MAX);
  const zeroPoint = checkInteger(fn, 'zeroPoint', given.zeroPoint ?? 0, codeMin, codeMax);
  const rounding = checkChoice(fn, 'rounding', given.rounding ?? 'twice', ['twice', 'once']);
  const bias = given.bias === undefined ? null : checkInt32(fn, 'bias', given.bias);
  const wide = [given.multiplier, given.shift, bias].find((part) => arrayTag(part) !== null);
  const count = channels ?? (wide as I32 | undefined)?.length ?? 1;
  if (count === 0 ? acc.length > 0 : acc.length % count !== 0) {
    const fix = 'one entry per channel, the last axis of the sums';
    throw rangeError(fn, 'multiplier', `a number of channels that divides ${acc.length}`, count, fix);
  }
  const rule = {
    multiplier: channelValues(fn, 'multiplier', given.multiplier, count, INT32_MIN, INT32_MAX),
    shift: channelValues(fn, 'shift', given.shift, count, -31, 30),
    bias,
    zeroPoint,
    codeMin,
    codeMax,
    isSingle: rounding === 'once',
  };
  if (bias !== null && bias.length !== count) {
    throw rangeError(fn, 'bias', `${count} entries`, bias.length, 'one per channel');
  }
  const out = codesFor(codeMin, codeMax, acc.length);
  if (acc.length > 0) integer.inUse().requantize(out, acc, acc.length / count, count, rule);
  return out;
}

/** `value` when it is an Int32Array that has its memory. */
export function checkInt32(fn: string, argument: string, value: unknown): I32 {
  if (arrayTag(value) !== 'Int32Array') {
    throw typeError(fn, argument, 'an Int32Array', value, 'copy whole numbers into an Int32Array');
  }
  const array = ownArray(value as I32, 'Int32Array') as I32;
  checkAttached(array, fn, argument);
  return array;
}

function channelValues(
  fn: string,
  argument: string,
  value: unknown,
  count: number,
  least: number,
  most: number,
): I32 {
  if (arrayTag(value) === null)
    return new Int32Array(count).fill(checkInteger(fn, argument, value, least, most));
  const array = checkInt32(fn, argument, value);
  if (array.length !== count) {
    throw rangeError(fn, argument, `${count} entries`, array.length, 'one per channel');
  }
  array.forEach((entry, c) => checkInteger(fn, `${argument}[${c}]`, entry, least, most));
  return array;
}

function codesFor(codeMin: number, codeMax: number, length: number): IntegerCodes {
  if (codeMin >= -128 && codeMax <= 127) return new Int8Array(length);
  if (codeMin >= 0 && codeMax <= 255) return new Uint8Array(length);
  if (codeMin >= -32768 && codeMax <= 32767) return new Int16Array(length);
  return new Int32Array(length);
}
