/**
 * int16 x int8 products: out[i * stride + j] = sum over k of a[i, k] * b[j, k], modulo 2^32. Four rows of b, a quarter of it apart (four
 * distant streams are read twice as fast as four adjacent rows), share each vector of a (and two
 * rows of a each vector of b), so that eight products cost one load with extension, one i32x4.dot_i16x8_s and one addition; the lanes
 * are added once per result.
 */

export function productsI8(
  out: usize,
  stride: i32,
  a: usize,
  b: usize,
  m: i32,
  n: i32,
  k: i32,
  isUnsigned: i32,
): void {
  if (isUnsigned) products<u8>(out, stride, a, b, m, n, k);
  else products<i8>(out, stride, a, b, m, n, k);
}

// @ts-ignore: decorator
@inline
function load8<T>(at: usize): v128 {
  return isSigned<T>() ? v128.load8x8_s(at) : v128.load8x8_u(at);
}

// @ts-ignore: decorator
@inline
function addDot(sum: v128, x: v128, w: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(x, w));
}

/** The first `count` of eight int16 lanes, 0 in the others: what b holds past its row's end then counts as nothing. */
// @ts-ignore: decorator
@inline
function loadPart(at: usize, count: i32): v128 {
  const lanes = i16x8(0, 1, 2, 3, 4, 5, 6, 7);
  return v128.and(v128.load(at), i16x8.lt_s(lanes, i16x8.splat(<i16>count)));
}

/** [sum of a's lanes, of b's, of c's, of d's] */
// @ts-ignore: decorator
@inline
function addLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return i32x4.add(i32x4.shuffle(ab, cd, 0, 1, 4, 5), i32x4.shuffle(ab, cd, 2, 3, 6, 7));
}

function products<T>(out: usize, stride: i32, a: usize, b: usize, m: i32, n: i32, k: i32): void {
  const aStride = <usize>k << 1;
  const outStride = <usize>stride << 2;
  const quarter = n >> 2;
  for (let j = 0; j < n; j++) {
    // The last rows of b, fewer than four, have no partners: each is worked four times at once, which costs little and keeps one loop.
    const apart = j < quarter ? <usize>quarter : 0;
    let from = a;
    let to = out;
    let i = 0;
    for (; i + 1 < m; i += 2) {
      two<T>(to, to + outStride, apart, from, from + aStride, b, k);
      from += 2 * aStride;
      to += 2 * outStride;
    }
    if (i < m) one<T>(to, apart, from, b, k);
    const step = j + 1 == quarter ? 3 * <usize>quarter + 1 : 1;
    if (j + 1 == quarter) j = 4 * quarter - 1;
    b += step * k;
    out += step << 2;
  }
}

/** The four sums go to results a quarter of the row apart. */
// @ts-ignore: decorator
@inline
function storeFour(out: usize, apart: usize, sums: v128): void {
  v128.store32_lane(out, sums, 0);
  v128.store32_lane(out + 4 * apart, sums, 1);
  v128.store32_lane(out + 8 * apart, sums, 2);
  v128.store32_lane(out + 12 * apart, sums, 3);
}

function two<T>(
  out0: usize,
  out1: usize,
  apart: usize,
  a0: usize,
  a1: usize,
  b: usize,
  k: i32,
): void {
  const step = apart * <usize>k;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let t0 = s0;
  let t1 = s0;
  let t2 = s0;
  let t3 = s0;
  let b1 = b + step;
  let b2 = b1 + step;
  let b3 = b2 + step;
  for (; k >= 8; k -= 8) {
    const x = v128.load(a0);
    const y = v128.load(a1);
    const w0 = load8<T>(b);
    const w1 = load8<T>(b1);
    s0 = addDot(s0, x, w0);
    t0 = addDot(t0, y, w0);
    s1 = addDot(s1, x, w1);
    t1 = addDot(t1, y, w1);
    const w2 = load8<T>(b2);
    const w3 = load8<T>(b3);
    s2 = addDot(s2, x, w2);
    t2 = addDot(t2, y, w2);
    s3 = addDot(s3, x, w3);
    t3 = addDot(t3, y, w3);
    a0 += 16;
    a1 += 16;
    b += 8;
    b1 += 8;
    b2 += 8;
    b3 += 8;
  }
  if (k > 0) {
    const x = loadPart(a0, k);
    const y = loadPart(a1, k);
    const w0 = load8<T>(b);
    const w1 = load8<T>(b1);
    const w2 = load8<T>(b2);
    const w3 = load8<T>(b3);
    s0 = addDot(s0, x, w0);
    s1 = addDot(s1, x, w1);
    s2 = addDot(s2, x, w2);
    s3 = addDot(s3, x, w3);
    t0 = addDot(t0, y, w0);
    t1 = addDot(t1, y, w1);
    t2 = addDot(t2, y, w2);
    t3 = addDot(t3, y, w3);
  }
  storeFour(out0, apart, addLanes(s0, s1, s2, s3));
  storeFour(out1, apart, addLanes(t0, t1, t2, t3));
}

function one<T>(out: usize, apart: usize, a: usize, b: usize, k: i32): void {
  const step = apart * <usize>k;
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let b1 = b + step;
  let b2 = b1 + step;
  let b3 = b2 + step;
  for (; k >= 16; k -= 16) {
    const x = v128.load(a);
    const y = v128.load(a, 16);
    s0 = addDot(s0, x, load8<T>(b));
    s1 = addDot(s1, x, load8<T>(b1));
    s2 = addDot(s2, x, load8<T>(b2));
    s3 = addDot(s3, x, load8<T>(b3));
    s0 = addDot(s0, y, load8<T>(b + 8));
    s1 = addDot(s1, y, load8<T>(b1 + 8));
    s2 = addDot(s2, y, load8<T>(b2 + 8));
    s3 = addDot(s3, y, load8<T>(b3 + 8));
    a += 32;
    b += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
  }
  for (; k > 0; k -= 8) {
    const x = k >= 8 ? v128.load(a) : loadPart(a, k);
    s0 = addDot(s0, x, load8<T>(b));
    s1 = addDot(s1, x, load8<T>(b1));
    s2 = addDot(s2, x, load8<T>(b2));
    s3 = addDot(s3, x, load8<T>(b3));
    a += 16;
    b += 8;
    b1 += 8;
    b2 += 8;
    b3 += 8;
  }
  storeFour(out, apart, addLanes(s0, s1, s2, s3));
}
