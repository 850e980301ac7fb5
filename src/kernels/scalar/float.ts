/** Half-precision floats in plain TypeScript: integer arithmetic on the bits of float32. */
import type { F32, I32, U16 } from '../../core/arrays.js';

const bitsOf = (x: F32): I32 => new Int32Array(x.buffer, x.byteOffset, x.length);

/** 2^52 + 2^51: adding it to a smaller magnitude leaves the nearest whole number, ties to even; subtracting shows it. */
const MAGIC = 6755399441055744;

const INFINITY_BITS = 0x7f800000;
const BITS_2_POW_MINUS_14 = 0x38800000;
const BITS_65536 = 0x47800000;
/** Moves the exponent's bias from 127 to 15. */
const REBIAS = 112 << 23;

export function encodeFloat16(out: U16, x: F32): void {
  const bits = bitsOf(x);
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i] & 0x7fffffff;
    let code: number;
    if (magnitude < BITS_2_POW_MINUS_14) {
      // Multiples of 2^-24. The sum is that of the signed value: nearest-even is symmetric.
      code = Math.abs(x[i] * 16777216 + MAGIC - MAGIC);
    } else if (magnitude < BITS_65536) {
      // Half a step less one, plus one if the code is odd: ties then carry exactly when the code is odd.
      code = (magnitude - REBIAS + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    } else {
      code = magnitude > INFINITY_BITS ? 0x7e00 : 0x7c00;
    }
    out[i] = ((bits[i] >>> 16) & 0x8000) | code;
  }
}

export function decodeFloat16(out: F32, codes: U16): void {
  const bits = bitsOf(out);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    const sign = (code & 0x8000) << 16;
    const magnitude = (code & 0x7fff) << 13;
    if ((code & 0x7c00) === 0) out[i] = sign < 0 ? -(code & 0x3ff) * 2 ** -24 : (code & 0x3ff) * 2 ** -24;
    else if ((code & 0x7fff) < 0x7c00) bits[i] = sign | (magnitude + REBIAS);
    else bits[i] = sign | (magnitude + 2 * REBIAS) | ((code & 0x3ff) === 0 ? 0 : 0x400000);
  }
}

export function encodeBfloat16(out: U16, x: F32): void {
  const bits = bitsOf(x);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i];
    out[i] =
      (word & 0x7fffffff) > INFINITY_BITS
        ? (word >>> 16) | 0x40
        : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
}

export function decodeBfloat16(out: F32, codes: U16): void {
  const bits = bitsOf(out);
  for (let i = 0; i < codes.length; i++) bits[i] = codes[i] << 16;
}
