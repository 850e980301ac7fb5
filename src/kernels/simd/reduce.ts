/**
 * Reductions. Letters as in ../types.ts. Floats are compared as integers: the bits of |x| grow with |x| and the bits
 * of NaN lie above those of infinity, so one integer maximum per vector finds the largest magnitude and keeps NaN, where
 * the float maximum of WebAssembly takes several instructions on x86.
 */

const ABS_MASK: i32 = 0x7fffffff;
const INFINITY_BITS: i32 = 0x7f800000;
const NAN_BITS: i32 = 0x7fc00000;

// @ts-ignore: decorator
@inline
function absAt(x: usize, offset: usize = 0): v128 {
  return v128.and(v128.load(x + offset), i32x4.splat(ABS_MASK));
}

/**
 * From this many elements on, more than a tile, the two halves of a range are read in turn: one stream of cache misses leaves
 * the memory idle part of the time (bench/lab/004-streams.ts; 16 M elements: 37 GB/s by one, 46 by two, 41 by four).
 */
const TWO_STREAMS: i32 = 131072;

// @ts-ignore: decorator
@inline
function absmaxLanes(best: v128, x: usize): v128 {
  const first = i32x4.max_s(i32x4.max_s(absAt(x), absAt(x, 16)), i32x4.max_s(absAt(x, 32), absAt(x, 48)));
  return i32x4.max_s(best, first);
}

/** Largest |x| as bits, 0 for an empty range. */
function absmaxBits(x: usize, count: i32): i32 {
  let a = i32x4.splat(0);
  let b = a;
  if (count >= TWO_STREAMS) {
    const half = (<usize>count >> 1) & ~15;
    const end = x + (half << 2);
    for (let y = end; x < end; x += 64, y += 64) {
      a = absmaxLanes(a, x);
      b = absmaxLanes(b, y);
    }
    x += half << 2;
    count -= <i32>half << 1;
  }
  for (; count >= 32; count -= 32) {
    a = absmaxLanes(a, x);
    b = absmaxLanes(b, x + 64);
    x += 128;
  }
  a = i32x4.max_s(a, b);
  for (; count >= 4; count -= 4) {
    a = i32x4.max_s(a, absAt(x));
    x += 16;
  }
  a = i32x4.max_s(a, i8x16.shuffle(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  let best = max(i32x4.extract_lane(a, 0), i32x4.extract_lane(a, 1));
  for (; count > 0; count--) {
    best = max(best, load<i32>(x) & ABS_MASK);
    x += 4;
  }
  return best;
}

/** `accumulate` other than 0 starts from what out holds, which is then 0, positive or NaN. */
export function absmaxRuns(out: usize, x: usize, rows: i32, width: i32, run: i32, accumulate: i32): void {
  for (let r = 0; r < rows; r++) {
    for (let left = width; left > 0; left -= run) {
      const count = min(run, left);
      let bits = absmaxBits(x, count);
      if (accumulate) bits = max(bits, load<i32>(out) & ABS_MASK);
      store<i32>(out, bits > INFINITY_BITS ? NAN_BITS : bits);
      x += (<usize>count) << 2;
      out += 4;
    }
  }
}

/** NaN of either sign becomes the positive quiet NaN, so that it wins every integer maximum. */
// @ts-ignore: decorator
@inline
function quietPositive(v: v128): v128 {
  return v128.bitselect(v, i32x4.splat(NAN_BITS), f32x4.eq(v, v));
}

export function absmaxColumns(out: usize, x: usize, rows: i32, width: i32): void {
  if (rows == 0) return;
  const stride = (<usize>width) << 2;
  let c = 0;
  for (; c + 16 <= width; c += 16) {
    const at = (<usize>c) << 2;
    let v0 = quietPositive(v128.load(out + at));
    let v1 = quietPositive(v128.load(out + at, 16));
    let v2 = quietPositive(v128.load(out + at, 32));
    let v3 = quietPositive(v128.load(out + at, 48));
    let p = x + at;
    for (let r = 0; r < rows; r++) {
      v0 = i32x4.max_s(v0, absAt(p));
      v1 = i32x4.max_s(v1, absAt(p, 16));
      v2 = i32x4.max_s(v2, absAt(p, 32));
      v3 = i32x4.max_s(v3, absAt(p, 48));
      p += stride;
    }
    v128.store(out + at, canonicalAbs(v0));
    v128.store(out + at, canonicalAbs(v1), 16);
    v128.store(out + at, canonicalAbs(v2), 32);
    v128.store(out + at, canonicalAbs(v3), 48);
  }
  for (; c < width; c++) {
    const at = (<usize>c) << 2;
    const before = load<f32>(out + at);
    let best = before != before ? NAN_BITS : load<i32>(out + at);
    let p = x + at;
    for (let r = 0; r < rows; r++) {
      best = max(best, load<i32>(p) & ABS_MASK);
      p += stride;
    }
    store<i32>(out + at, best > INFINITY_BITS ? NAN_BITS : best);
  }
}

// @ts-ignore: decorator
@inline
function canonicalAbs(v: v128): v128 {
  return v128.bitselect(i32x4.splat(NAN_BITS), v, i32x4.gt_s(v, i32x4.splat(INFINITY_BITS)));
}

/**
 * Smallest and largest of some floats come from three maxima and minima of their bits, which take fewer instructions than
 * an order of floats that knows -0 and NaN:
 *   top   the largest as signed integer: the largest float, if any float has no sign bit, with +0 above -0
 *   deep  the largest as unsigned integer: the smallest float, if any has a sign bit, with -0 below +0
 *   near  the smallest as signed integer: the other end where all floats have one sign
 * A NaN without sign bit lies above infinity in top, one with it above -infinity in deep.
 */
const MINUS_INFINITY_BITS: u32 = 0xff800000;

/** -1 in the lanes where a NaN was. */
// @ts-ignore: decorator
@inline
function hasNaN(top: v128, deep: v128): v128 {
  return v128.or(
    i32x4.gt_s(top, i32x4.splat(INFINITY_BITS)),
    i32x4.gt_u(deep, i32x4.splat(<i32>MINUS_INFINITY_BITS)),
  );
}

// @ts-ignore: decorator
@inline
function storeRange(lowOut: usize, highOut: usize, top: i32, deep: u32, near: i32): void {
  const bad = top > INFINITY_BITS || deep > MINUS_INFINITY_BITS;
  store<i32>(lowOut, bad ? NAN_BITS : near < 0 ? deep : near);
  store<i32>(highOut, bad ? NAN_BITS : top < 0 ? near : top);
}

// @ts-ignore: decorator
@inline
function swapHalves(v: v128): v128 {
  return i32x4.shuffle(v, v, 2, 3, 0, 1);
}

// @ts-ignore: decorator
@inline
function swapPairs(v: v128): v128 {
  return i32x4.shuffle(v, v, 1, 0, 3, 2);
}

/** Range of `count`, at least 1, floats, or of these and the range that stands in the outputs. */
function rangeOf(lowOut: usize, highOut: usize, x: usize, count: i32, accumulate: i32): void {
  let top = i32x4.splat(load<i32>(accumulate ? highOut : x));
  let near = i32x4.splat(load<i32>(accumulate ? lowOut : x));
  if (accumulate) {
    const low = near;
    near = i32x4.min_s(near, top);
    top = i32x4.max_s(low, top);
  }
  let deep = i32x4.max_u(top, near);
  if (count >= 8) {
    let top1 = top;
    let deep1 = deep;
    let near1 = near;
    for (; count >= 8; count -= 8) {
      const a = v128.load(x);
      const b = v128.load(x, 16);
      top = i32x4.max_s(top, a);
      top1 = i32x4.max_s(top1, b);
      deep = i32x4.max_u(deep, a);
      deep1 = i32x4.max_u(deep1, b);
      near = i32x4.min_s(near, a);
      near1 = i32x4.min_s(near1, b);
      x += 32;
    }
    top = i32x4.max_s(top, top1);
    deep = i32x4.max_u(deep, deep1);
    near = i32x4.min_s(near, near1);
    top = i32x4.max_s(top, swapHalves(top));
    deep = i32x4.max_u(deep, swapHalves(deep));
    near = i32x4.min_s(near, swapHalves(near));
    top = i32x4.max_s(top, swapPairs(top));
    deep = i32x4.max_u(deep, swapPairs(deep));
    near = i32x4.min_s(near, swapPairs(near));
  }
  let most = i32x4.extract_lane(top, 0);
  let deepest = <u32>i32x4.extract_lane(deep, 0);
  let least = i32x4.extract_lane(near, 0);
  for (; count > 0; count--) {
    const bits = load<i32>(x);
    most = max(most, bits);
    deepest = max(deepest, <u32>bits);
    least = min(least, bits);
    x += 4;
  }
  storeRange(lowOut, highOut, most, deepest, least);
}

export function minmaxRuns(
  lowOut: usize,
  highOut: usize,
  x: usize,
  rows: i32,
  width: i32,
  run: i32,
  accumulate: i32,
): void {
  for (let r = 0; r < rows; r++) {
    for (let left = width; left > 0; left -= run) {
      const count = min(run, left);
      rangeOf(lowOut, highOut, x, count, accumulate);
      x += (<usize>count) << 2;
      lowOut += 4;
      highOut += 4;
    }
  }
}

/** As storeRange for four columns, joined with the ranges that stand in the outputs, which may be empty: low above high. */
// @ts-ignore: decorator
@inline
function joinRanges(lowOut: usize, highOut: usize, top: v128, deep: v128, near: v128): void {
  const low = v128.load(lowOut);
  const high = v128.load(highOut);
  const bad = v128.or(v128.or(f32x4.ne(low, low), f32x4.ne(high, high)), hasNaN(top, deep));
  const newLow = v128.bitselect(deep, near, i32x4.shr_s(near, 31));
  const newHigh = v128.bitselect(near, top, i32x4.shr_s(top, 31));
  const nan = i32x4.splat(NAN_BITS);
  v128.store(lowOut, v128.bitselect(nan, keys(i32x4.min_s(keys(low), keys(newLow))), bad));
  v128.store(highOut, v128.bitselect(nan, keys(i32x4.max_s(keys(high), keys(newHigh))), bad));
}

/** An integer that orders as the float does, with -0 below +0. Its own inverse. */
// @ts-ignore: decorator
@inline
function keys(v: v128): v128 {
  return v128.xor(v, i32x4.shr_u(i32x4.shr_s(v, 31), 1));
}

export function minmaxColumns(lowOut: usize, highOut: usize, x: usize, rows: i32, width: i32): void {
  if (rows == 0) return;
  const stride = (<usize>width) << 2;
  let c = 0;
  for (; c + 8 <= width; c += 8) {
    const at = (<usize>c) << 2;
    let p = x + at;
    let top0 = v128.load(p);
    let top1 = v128.load(p, 16);
    let deep0 = top0;
    let deep1 = top1;
    let near0 = top0;
    let near1 = top1;
    for (let r = 1; r < rows; r++) {
      p += stride;
      const a = v128.load(p);
      const b = v128.load(p, 16);
      top0 = i32x4.max_s(top0, a);
      top1 = i32x4.max_s(top1, b);
      deep0 = i32x4.max_u(deep0, a);
      deep1 = i32x4.max_u(deep1, b);
      near0 = i32x4.min_s(near0, a);
      near1 = i32x4.min_s(near1, b);
    }
    joinRanges(lowOut + at, highOut + at, top0, deep0, near0);
    joinRanges(lowOut + at + 16, highOut + at + 16, top1, deep1, near1);
  }
  for (; c < width; c++) {
    const at = (<usize>c) << 2;
    let low = load<f32>(lowOut + at);
    let high = load<f32>(highOut + at);
    let p = x + at;
    for (let r = 0; r < rows; r++) {
      // Exact in every case: the operators of WebAssembly order -0 below +0 and keep NaN.
      low = min<f32>(low, load<f32>(p));
      high = max<f32>(high, load<f32>(p));
      p += stride;
    }
    const bad = low != low || high != high;
    store<f32>(lowOut + at, bad ? f32.NaN : low);
    store<f32>(highOut + at, bad ? f32.NaN : high);
  }
}

/**
 * Adds x to eight partial sums at `lanes` (element i to sum i mod 8) and x * x, exact in float64, to eight more. A run
 * that is longer than a tile comes in several calls, all but the last of them a multiple of 8 long.
 */
export function momentsLanes(lanes: usize, x: usize, count: i32): void {
  let s0 = v128.load(lanes);
  let s1 = v128.load(lanes, 16);
  let s2 = v128.load(lanes, 32);
  let s3 = v128.load(lanes, 48);
  let q0 = v128.load(lanes, 64);
  let q1 = v128.load(lanes, 80);
  let q2 = v128.load(lanes, 96);
  let q3 = v128.load(lanes, 112);
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const a = f64x2.promote_low_f32x4(v128.load64_zero(x));
    const b = f64x2.promote_low_f32x4(v128.load64_zero(x, 8));
    const c = f64x2.promote_low_f32x4(v128.load64_zero(x, 16));
    const d = f64x2.promote_low_f32x4(v128.load64_zero(x, 24));
    s0 = f64x2.add(s0, a);
    q0 = f64x2.add(q0, f64x2.mul(a, a));
    s1 = f64x2.add(s1, b);
    q1 = f64x2.add(q1, f64x2.mul(b, b));
    s2 = f64x2.add(s2, c);
    q2 = f64x2.add(q2, f64x2.mul(c, c));
    s3 = f64x2.add(s3, d);
    q3 = f64x2.add(q3, f64x2.mul(d, d));
    x += 32;
  }
  v128.store(lanes, s0);
  v128.store(lanes, s1, 16);
  v128.store(lanes, s2, 32);
  v128.store(lanes, s3, 48);
  v128.store(lanes, q0, 64);
  v128.store(lanes, q1, 80);
  v128.store(lanes, q2, 96);
  v128.store(lanes, q3, 112);
  for (; i < count; i++) {
    const v = <f64>load<f32>(x);
    store<f64>(lanes, load<f64>(lanes) + v);
    store<f64>(lanes, load<f64>(lanes, 64) + v * v, 64);
    lanes += 8;
    x += 4;
  }
}

export function momentsClear(lanes: usize): void {
  memory.fill(lanes, 0, 128);
}

/** The eight partial sums in the order ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)). */
// @ts-ignore: decorator
@inline
function sumOfLanes(lanes: usize): f64 {
  const even = load<f64>(lanes) + load<f64>(lanes, 32) + (load<f64>(lanes, 16) + load<f64>(lanes, 48));
  const odd = load<f64>(lanes, 8) + load<f64>(lanes, 40) + (load<f64>(lanes, 24) + load<f64>(lanes, 56));
  return even + odd;
}

/** out[2 * run], out[2 * run + 1]; `lanes` is room for the 16 partial sums. */
export function momentsRuns(out: usize, lanes: usize, x: usize, rows: i32, width: i32, run: i32): void {
  for (let r = 0; r < rows; r++) {
    for (let left = width; left > 0; left -= run) {
      const count = min(run, left);
      momentsClear(lanes);
      momentsLanes(lanes, x, count);
      momentsFinish(out, lanes);
      x += (<usize>count) << 2;
      out += 16;
    }
  }
}

export function momentsFinish(out: usize, lanes: usize): void {
  store<f64>(out, sumOfLanes(lanes));
  store<f64>(out, sumOfLanes(lanes + 64), 8);
}

/** Index of the first element whose exponent is all ones, -1 if there is none. */
export function firstNonFinite(x: usize, count: i32): i32 {
  const mask = i32x4.splat(INFINITY_BITS);
  let i = 0;
  for (; i + 32 <= count; i += 32) {
    let found = i32x4.max_s(
      i32x4.max_s(v128.and(v128.load(x), mask), v128.and(v128.load(x, 16), mask)),
      i32x4.max_s(v128.and(v128.load(x, 32), mask), v128.and(v128.load(x, 48), mask)),
    );
    found = i32x4.max_s(
      found,
      i32x4.max_s(
        i32x4.max_s(v128.and(v128.load(x, 64), mask), v128.and(v128.load(x, 80), mask)),
        i32x4.max_s(v128.and(v128.load(x, 96), mask), v128.and(v128.load(x, 112), mask)),
      ),
    );
    if (v128.any_true(i32x4.eq(found, mask))) break;
    x += 128;
  }
  for (; i < count; i++) {
    if ((load<i32>(x) & INFINITY_BITS) == INFINITY_BITS) return i;
    x += 4;
  }
  return -1;
}
