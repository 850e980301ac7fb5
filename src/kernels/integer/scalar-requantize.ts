/**
 * int32 accumulators to output codes without 64-bit integers: a product of two int32 is split as high * 2^16 + low, both exact in float64
 * (47 and 48 bits), and every quotient below is of whole numbers by a power of two.
 */
import type { I16, I32, I8, U8 } from '../../core/arrays.js';
import type { RequantizeRule } from './types.js';

const INT32_MAX = 2147483647;
const INT32_MIN = -2147483648;

export function scalarRequantize(
  out: I8 | U8 | I16 | I32,
  acc: I32,
  rows: number,
  channels: number,
  { bias, multiplier, shift, zeroPoint, codeMin, codeMax, isSingle }: RequantizeRule,
): void {
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < channels; c++, i++) {
      const x = bias === null ? acc[i] : saturate(acc[i] + bias[c]);
      const scaled = isSingle ? once(x, multiplier[c], shift[c]) : twice(x, multiplier[c], shift[c]);
      const code = scaled + zeroPoint;
      out[i] = code < codeMin ? codeMin : code > codeMax ? codeMax : code;
    }
  }
}

function saturate(x: number): number {
  return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : x;
}

/** gemmlowp's two roundings. */
function twice(x: number, m: number, shift: number): number {
  if (shift > 0) x = saturate(x * POWERS[shift]);
  const low = (x & 0xffff) * m + 1073741824;
  const high = saturate(Math.floor(((x >> 16) * m + Math.floor(low / 65536)) / 32768));
  if (shift >= 0) return high;
  // Half away from zero: exact, since |high| / 2^s + 1/2 needs 63 bits at most only where s = 31, and there the quotient is below 1.5.
  const power = POWERS[-shift];
  return high < 0 ? -Math.floor((-high + power / 2) / power) : Math.floor((high + power / 2) / power);
}

/** TFLite's one rounding: floor(x m / 2^t + 1/2). */
function once(x: number, m: number, shift: number): number {
  const t = 31 - shift;
  const low = (x & 0xffff) * m;
  const carry = Math.floor(low / 65536);
  const high = (x >> 16) * m + carry;
  if (t > 16) return saturate(Math.floor((high + POWERS[t - 17]) / POWERS[t - 16]));
  // What lies below 2^16 counts here; a sum that float64 rounds is far beyond int32.
  const rest = Math.floor((low - carry * 65536 + POWERS[t] / 2) / POWERS[t]);
  return saturate(high * POWERS[16 - t] + rest);
}

/** 2^0 .. 2^46, each exact. */
const POWERS: readonly number[] = Array.from({ length: 47 }, (_, e) => 2 ** e);
