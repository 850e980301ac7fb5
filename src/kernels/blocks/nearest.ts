/**
 * ggml's rounding of a float32 to a whole number, ties to even: the sum with 1.5 * 2^23 keeps the nearest whole number in its low bits. Beyond
 * 2^22 those bits are something else, which ggml's bytes show: infinities give -2^22, NaN gives 0.
 */
import type { F32, I32 } from '../../core/arrays.js';

export const NEAREST_MAGIC = 12582912;

const float: F32 = new Float32Array(1);
const word: I32 = new Int32Array(float.buffer);

export function nearestInt(value: number): number {
  float[0] = value + NEAREST_MAGIC;
  return (word[0] & 0x7fffff) - 0x400000;
}

/** 2^52 + 2^51: the same in float64, faster, for every magnitude below 2^22. */
const DOUBLE_MAGIC = 6755399441055744;
const USUAL = 2 ** 22;

/** nearestInt, clamped. */
export function nearestWithin(value: number, least: number, most: number): number {
  const whole = value > -USUAL && value < USUAL ? value + DOUBLE_MAGIC - DOUBLE_MAGIC : nearestInt(value);
  return whole < least ? least : whole > most ? most : whole;
}
