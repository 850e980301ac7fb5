/** Passes over one row or a piece of it; the last, incomplete four elements go through a place of their own. */
import { copyWords, exp4, firstLanes, isNormal, magnitude2, normalExp4, promoteHigh } from './math';

const tail = memory.data(16, 16);

/** Pseudo-maxima, one instruction each, in four chains; they lose a NaN, so that lanes that are one are gathered beside them. */
export function largest(x: usize, count: usize): f32 {
  const end = x + (count << 2);
  const whole = x + ((count & ~31) << 2);
  let a = f32x4.splat(-Infinity);
  let b = a;
  let c = a;
  let d = a;
  let nan = f32x4.splat(0);
  let i = x;
  for (; i < whole; i += 128) {
    const p = v128.load(i);
    const q = v128.load(i, 16);
    const r = v128.load(i, 32);
    const s = v128.load(i, 48);
    const t = v128.load(i, 64);
    const u = v128.load(i, 80);
    const v = v128.load(i, 96);
    const w = v128.load(i, 112);
    a = f32x4.pmax(a, f32x4.pmax(p, t));
    b = f32x4.pmax(b, f32x4.pmax(q, u));
    c = f32x4.pmax(c, f32x4.pmax(r, v));
    d = f32x4.pmax(d, f32x4.pmax(s, w));
    nan = v128.or(nan, v128.or(v128.or(isNaN4(p), isNaN4(q)), v128.or(isNaN4(r), isNaN4(s))));
    nan = v128.or(nan, v128.or(v128.or(isNaN4(t), isNaN4(u)), v128.or(isNaN4(v), isNaN4(w))));
  }
  if (v128.any_true(nan)) return NaN;
  a = f32x4.max(f32x4.max(a, b), f32x4.max(c, d));
  let most = max(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1));
  most = max(most, max(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3)));
  for (; i < end; i += 4) most = max(most, load<f32>(i));
  return most;
}

// @ts-ignore: decorator
@inline
function isNaN4(v: v128): v128 {
  return f32x4.ne(v, v);
}

/** `out` 0: none. Sixteen at a time, without the care for subnormal results where there are none; the sums go on four by four. */
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
  const blocks = (count & ~15) << 2;
  let i: usize = 0;
  for (; i < blocks; i += 64) {
    let a = f32x4.mul(f32x4.sub(v128.load(x + i), less), by);
    let b = f32x4.mul(f32x4.sub(v128.load(x + i, 16), less), by);
    let c = f32x4.mul(f32x4.sub(v128.load(x + i, 32), less), by);
    let d = f32x4.mul(f32x4.sub(v128.load(x + i, 48), less), by);
    if (isNormal(i32x4.max_s(magnitude2(a, b), magnitude2(c, d)))) {
      a = normalExp4(a);
      b = normalExp4(b);
      c = normalExp4(c);
      d = normalExp4(d);
    } else {
      a = exp4(a);
      b = exp4(b);
      c = exp4(c);
      d = exp4(d);
    }
    if (out != 0) {
      v128.store(out + i, a);
      v128.store(out + i, b, 16);
      v128.store(out + i, c, 32);
      v128.store(out + i, d, 48);
    }
    low = f64x2.add(low, f64x2.promote_low_f32x4(a));
    high = f64x2.add(high, promoteHigh(a));
    low = f64x2.add(low, f64x2.promote_low_f32x4(b));
    high = f64x2.add(high, promoteHigh(b));
    low = f64x2.add(low, f64x2.promote_low_f32x4(c));
    high = f64x2.add(high, promoteHigh(c));
    low = f64x2.add(low, f64x2.promote_low_f32x4(d));
    high = f64x2.add(high, promoteHigh(d));
  }
  for (; i < bytes; i += 16) {
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
  const whole = x + ((count & ~15) << 2);
  for (; x < whole; x += 64) {
    v128.store(x, f32x4.mul(v128.load(x), by));
    v128.store(x, f32x4.mul(v128.load(x, 16), by), 16);
    v128.store(x, f32x4.mul(v128.load(x, 32), by), 32);
    v128.store(x, f32x4.mul(v128.load(x, 48), by), 48);
  }
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
