/** Passes over one row or a piece of it; the last, incomplete four elements go through a place of their own. */
import { copyWords, exp4, firstLanes, promoteHigh } from './math';

const tail = memory.data(16, 16);

export function largest(x: usize, count: usize): f32 {
  const end = x + ((count & ~3) << 2);
  let a = f32x4.splat(-Infinity);
  let b = a;
  let i = x;
  for (; i + 16 < end; i += 32) {
    a = f32x4.max(a, v128.load(i));
    b = f32x4.max(b, v128.load(i, 16));
  }
  if (i < end) a = f32x4.max(a, v128.load(i));
  a = f32x4.max(a, b);
  let most = f32x4.extract_lane(a, 0);
  most = max(most, f32x4.extract_lane(a, 1));
  most = max(most, f32x4.extract_lane(a, 2));
  most = max(most, f32x4.extract_lane(a, 3));
  for (i = end; i < x + (count << 2); i += 4) most = max(most, load<f32>(i));
  return most;
}

/** `out` 0: none. */
export function exponentials(
  out: usize,
  x: usize,
  count: usize,
  shift: f32,
  scale: f32,
  totals: usize,
): void {
  const less = f32x4.splat(shift);
  const by = f32x4.splat(scale);
  let low = v128.load(totals);
  let high = v128.load(totals, 16);
  const bytes = (count & ~3) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const y = exp4(f32x4.mul(f32x4.sub(v128.load(x + i), less), by));
    if (out != 0) v128.store(out + i, y);
    low = f64x2.add(low, f64x2.promote_low_f32x4(y));
    high = f64x2.add(high, promoteHigh(y));
  }
  const left = count & 3;
  if (left != 0) {
    copyWords(tail, x + bytes, left);
    const y = v128.and(exp4(f32x4.mul(f32x4.sub(v128.load(tail), less), by)), firstLanes(left));
    v128.store(tail, y);
    if (out != 0) copyWords(out + bytes, tail, left);
    low = f64x2.add(low, f64x2.promote_low_f32x4(y));
    high = f64x2.add(high, promoteHigh(y));
  }
  v128.store(totals, low);
  v128.store(totals, high, 16);
}

export function multiply(x: usize, count: usize, factor: f32): void {
  const by = f32x4.splat(factor);
  const end = x + (count << 2);
  const whole = x + ((count & ~3) << 2);
  for (; x < whole; x += 16) v128.store(x, f32x4.mul(v128.load(x), by));
  for (; x < end; x += 4) store<f32>(x, load<f32>(x) * factor);
}

export function logSoftmax(
  out: usize,
  x: usize,
  count: usize,
  shift: f32,
  scale: f32,
  logSum: f32,
): void {
  const less = f32x4.splat(shift);
  const by = f32x4.splat(scale);
  const sum = f32x4.splat(logSum);
  const bytes = (count & ~3) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(out + i, f32x4.sub(f32x4.mul(f32x4.sub(v128.load(x + i), less), by), sum));
  }
  for (let i = bytes; i < count << 2; i += 4) {
    store<f32>(out + i, (load<f32>(x + i) - shift) * scale - logSum);
  }
}

export function backward(
  out: usize,
  q: usize,
  g: usize,
  count: usize,
  total: f32,
  factor: f32,
): void {
  const sum = f32x4.splat(total);
  const by = f32x4.splat(factor);
  const bytes = (count & ~3) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const slope = f32x4.sub(v128.load(g + i), f32x4.mul(v128.load(q + i), sum));
    v128.store(out + i, f32x4.mul(slope, by));
  }
  for (let i = bytes; i < count << 2; i += 4) {
    store<f32>(out + i, (load<f32>(g + i) - load<f32>(q + i) * total) * factor);
  }
}
