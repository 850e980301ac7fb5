/** Half-precision floats, as their definitions read. */
import type { F32, U16, U32 } from '../../core/arrays.js';
import { roundHalfEven } from '../../core/rounding.js';

/** The bits, read as integers: reading a NaN as a number may change which NaN it is. */
const bitsOf = (x: F32): U32 => new Uint32Array(x.buffer, x.byteOffset, x.length);

/**
 * float16 has 1 sign bit, 5 exponent bits and 10 fraction bits. Magnitudes below 2048 * 2^-24 are whole multiples of
 * 2^-24, counted by their code; every doubling of the range doubles the step and adds 1024 codes.
 */
export function encodeFloat16(out: U16, x: F32): void {
  const bits = bitsOf(x);
  for (let i = 0; i < x.length; i++) {
    const sign = (bits[i] >>> 31) << 15;
    out[i] = sign | (Number.isNaN(x[i]) ? 0x7e00 : magnitudeCode(Math.abs(x[i])));
  }
}

function magnitudeCode(magnitude: number): number {
  // Halfway between 65504, the largest float16, and 65536, where the next one would be; the tie goes to the even code.
  if (magnitude >= 65520) return 0x7c00;
  let step = 2 ** -24;
  let code = 0;
  for (; magnitude >= 2048 * step; step *= 2) code += 1024;
  return code + roundHalfEven(magnitude / step);
}

export function decodeFloat16(out: F32, codes: U16): void {
  for (let i = 0; i < codes.length; i++) {
    const magnitude = magnitudeOf(codes[i] & 0x7fff);
    out[i] = codes[i] >= 0x8000 ? -magnitude : magnitude;
  }
}

function magnitudeOf(code: number): number {
  if (code > 0x7c00) return NaN;
  if (code === 0x7c00) return Infinity;
  let step = 2 ** -24;
  for (; code >= 2048; code -= 1024) step *= 2;
  return code * step;
}

/** bfloat16 is the upper half of float32: rounding is a matter of the lower half alone. */
export function encodeBfloat16(out: U16, x: F32): void {
  const bits = bitsOf(x);
  for (let i = 0; i < x.length; i++) {
    const upper = bits[i] >>> 16;
    const lower = bits[i] & 0xffff;
    const up = lower > 0x8000 || (lower === 0x8000 && upper % 2 === 1);
    if (Number.isNaN(x[i])) out[i] = upper | 0x40;
    else out[i] = upper + (up ? 1 : 0);
  }
}

export function decodeBfloat16(out: F32, codes: U16): void {
  const bits = bitsOf(out);
  for (let i = 0; i < codes.length; i++) bits[i] = codes[i] << 16;
}
