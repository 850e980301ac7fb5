/** int32 accumulators to output codes by fixed-point multipliers: 64-bit integers, element by element. */

// @ts-ignore: decorator
@inline
function saturate(value: i64): i64 {
  return max<i64>(min<i64>(value, <i64>i32.MAX_VALUE), <i64>i32.MIN_VALUE);
}

/** The two roundings of gemmlowp and TFLite. */
// @ts-ignore: decorator
@inline
function twice(x: i64, multiplier: i64, shift: i32): i64 {
  // floor((ab + 2^30) / 2^31) is the same as their division with a nudge that depends on the sign.
  const high = saturate((saturate(x << <i64>max(shift, 0)) * multiplier + (1 << 30)) >> 31);
  const right = <i64>max(-shift, 0);
  // Half away from zero: one less before the floor where the number is negative.
  return right == 0 ? high : (high + (<i64>1 << (right - 1)) - <i64>(high < 0)) >> right;
}

/** TFLite's one rounding, half up. */
// @ts-ignore: decorator
@inline
function once(x: i64, multiplier: i64, shift: i32): i64 {
  const total = <i64>(31 - shift);
  return saturate((x * multiplier + (<i64>1 << (total - 1))) >> total);
}

/** `bytes` 1, 2 or 4 for each result; `bias` 0: none. */
export function requantize(
  out: usize,
  acc: usize,
  bias: usize,
  multiplier: usize,
  shift: usize,
  rows: i32,
  channels: i32,
  zeroPoint: i32,
  low: i32,
  high: i32,
  bytes: i32,
  isSingle: i32,
): void {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < channels; c++) {
      const at = <usize>c << 2;
      const b = bias == 0 ? 0 : <i64>i32.load(bias + at);
      const x = saturate(<i64>i32.load(acc) + b);
      const m = <i64>i32.load(multiplier + at);
      const e = i32.load(shift + at);
      const scaled = isSingle ? once(x, m, e) : twice(x, m, e);
      const code = <i32>max<i64>(min<i64>(scaled + <i64>zeroPoint, <i64>high), <i64>low);
      if (bytes == 1) i32.store8(out, code);
      else if (bytes == 2) i32.store16(out, code);
      else i32.store(out, code);
      acc += 4;
      out += bytes;
    }
  }
}
