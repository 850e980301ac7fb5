/** float16 numbers inside blocks, little-endian at any offset. */
import type { F32, U8 } from '../../core/arrays.js';

const float: F32 = new Float32Array(1);
const word = new Int32Array(float.buffer);

/** 2^52 + 2^51: adding it to a smaller magnitude leaves the nearest whole number, ties to even; subtracting shows it. */
const MAGIC = 6755399441055744;

/** Bits of the float16 nearest to `value`, ties to even; overflow to infinity, NaN to 0x7e00 with its sign. */
export function halfBits(value: number): number {
  float[0] = value;
  const bits = word[0];
  const magnitude = bits & 0x7fffffff;
  let code: number;
  if (magnitude < 0x38800000) code = Math.abs(float[0] * 16777216 + MAGIC - MAGIC);
  else if (magnitude < 0x47800000) code = (magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  else code = magnitude > 0x7f800000 ? 0x7e00 : 0x7c00;
  return ((bits >>> 16) & 0x8000) | code;
}

/** The value of float16 bits, exactly. */
export function halfValue(code: number): number {
  const magnitude = code & 0x7fff;
  if (magnitude < 0x400) {
    const small = magnitude * 2 ** -24;
    return code === magnitude ? small : -small;
  }
  word[0] = ((code & 0x8000) << 16) | ((magnitude << 13) + (magnitude < 0x7c00 ? 0x38000000 : 0x70000000));
  return float[0];
}

/** Stores `value` as float16 and returns the value stored. */
export function putHalf(out: U8, at: number, value: number): number {
  const bits = halfBits(value);
  out[at] = bits;
  out[at + 1] = bits >> 8;
  return halfValue(bits);
}

export const getHalf = (bytes: U8, at: number): number => halfValue(bytes[at] | (bytes[at + 1] << 8));
