/**
 * Eight sub-blocks in the lanes of two registers: element i of all of them is 32 bytes at 32 * i. Every lane goes through the operations of the
 * scalar search in their order, so its float32 roundings are the same.
 */
import { MAGIC } from './half';

/** Elements and weights of eight sub-blocks of up to 32, and their codes. */
export const X: usize = memory.data(1024, 16);
export const W: usize = memory.data(1024, 16);
export const L: usize = memory.data(1024, 16);

/** Bytes from an element to the next. */
export const ROW: usize = 32;

/** Eight sub-blocks of `n` elements, one after the other at `from`, into lanes at `to`. */
export function intoLanes(to: usize, from: usize, n: usize): void {
  const length = n << 2;
  for (let group: usize = 0; group < 2; group++) {
    const rows = from + 4 * group * length;
    for (let i: usize = 0; i < length; i += 16) {
      const a = v128.load(rows + i);
      const b = v128.load(rows + length + i);
      const c = v128.load(rows + 2 * length + i);
      const d = v128.load(rows + 3 * length + i);
      const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
      const cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
      const ef = i32x4.shuffle(a, b, 2, 6, 3, 7);
      const gh = i32x4.shuffle(c, d, 2, 6, 3, 7);
      const at = to + 8 * i + 16 * group;
      v128.store(at, i64x2.shuffle(ab, cd, 0, 2));
      v128.store(at, i64x2.shuffle(ab, cd, 1, 3), 32);
      v128.store(at, i64x2.shuffle(ef, gh, 0, 2), 64);
      v128.store(at, i64x2.shuffle(ef, gh, 1, 3), 96);
    }
  }
}

/** Nearest whole numbers of magnitudes below 2^22. */
// @ts-ignore: decorator
@inline
export function roundSmall(value: v128): v128 {
  const magic = f32x4.splat(MAGIC);
  return f32x4.sub(f32x4.add(value, magic), magic);
}

/** ggml's rounding of any float32, clamped, as int32. */
// @ts-ignore: decorator
@inline
export function roundWithin(value: v128, least: i32, most: i32): v128 {
  const bits = v128.and(f32x4.add(value, f32x4.splat(MAGIC)), i32x4.splat(0x7fffff));
  const whole = i32x4.sub(bits, i32x4.splat(0x400000));
  return i32x4.max_s(i32x4.min_s(whole, i32x4.splat(most)), i32x4.splat(least));
}

/** Sums of squares of the lanes' first `n` elements, from the first to the last; group 0 or 1. */
export function squaresOfLanes(n: usize, group: usize): v128 {
  let sum = f32x4.splat(0);
  const end = X + n * ROW + 16 * group;
  for (let at = X + 16 * group; at < end; at += ROW) {
    const x = v128.load(at);
    sum = f32x4.add(sum, f32x4.mul(x, x));
  }
  return sum;
}

/** Sum of squares of `count` elements at `x`, from the first to the last. */
export function sumOfSquares(x: usize, count: usize): f32 {
  let sum: f32 = 0;
  const end = x + (count << 2);
  for (; x < end; x += 4) {
    const value = f32.load(x);
    sum += value * value;
  }
  return sum;
}

/** Turns the importance of the lanes' elements, in W, into their weights: importance * sqrt(variance + x * x). */
export function weighLanes(n: usize, variance: f32): void {
  const v = f32x4.splat(variance);
  for (let at: usize = 0; at < n * ROW; at += 16) {
    const x = v128.load(X + at);
    const root = f32x4.sqrt(f32x4.add(v, f32x4.mul(x, x)));
    v128.store(W + at, f32x4.mul(v128.load(W + at), root));
  }
}
