/**
 * Codes of 4 bits. Letters and semantics as in ../types.ts.
 *
 * Any thresholds: those below q are counted, 15 comparisons for 4 elements; a comparison gives -1 or 0, so each
 * count is one subtraction. 16 elements go together, since a threshold is then loaded once for four vectors.
 * Where no two thresholds share one of 32 buckets, as with NF4: bucket(q) = round(16 q) + 16, from 0 to 31, grows with
 * q, so the thresholds of lower buckets, base[bucket] of them, lie below q and those of higher ones above. That leaves one comparison,
 * with thresholds[base]: if it is in a higher bucket, q is not above it. 0.54 against 0.79 ns per element.
 * The last step of a run may overlap the one before: the same bytes are then written twice, and no loop over a tail is needed.
 */
import { MAGIC_BITS, Product, Quotient, areRight, divides, divisorOf } from './codes';
import { firstHalves, lastHalves } from './pack';
import { firstFour, lastFour, storePlanes } from './planes';

const MAGIC: f32 = 12582912.0; // 1.5 * 2^23
const BUCKETS: i32 = 32;
const BUCKET_BIAS: i32 = MAGIC_BITS - 16;

/** For each bucket, how many thresholds lie in lower ones. */
const BASE: usize = memory.data(32, 16);
/** The planes of the thresholds and Infinity. */
const PLANES: usize = memory.data(64, 16);

function bucketOf(threshold: f32): i32 {
  const near = min<f32>(max<f32>(threshold, -4), 4);
  return min(max(reinterpret<i32>(near * 16 + MAGIC) - BUCKET_BIAS, 0), BUCKETS - 1);
}

/** Fills BASE and PLANES; false when two thresholds share a bucket. */
function prepareBuckets(thresholds: usize): bool {
  let bucket = 0;
  let last = -1;
  for (let i = 0; i < 15; i++) {
    const threshold = load<f32>(thresholds + ((<usize>i) << 2));
    const end = threshold == Infinity ? BUCKETS - 1 : bucketOf(threshold);
    if (threshold != Infinity && end == last) return false;
    for (; bucket <= end; bucket++) store<u8>(BASE + bucket, <u8>i);
    last = end;
    if (threshold == Infinity) break;
  }
  for (; bucket < BUCKETS; bucket++) store<u8>(BASE + bucket, 15);
  // prettier-ignore
  storePlanes(
    PLANES, v128.load(thresholds), v128.load(thresholds, 16), v128.load(thresholds, 32),
    f32x4.replace_lane(v128.load64_lane(thresholds + 48, f32x4.splat(load<f32>(thresholds, 56)), 0), 3, Infinity),
  );
  return true;
}

/** q of four elements, 0 for NaN. */
// @ts-ignore: decorator
@inline
function four<Op>(x: usize, offset: usize, factor: v128): v128 {
  const v = v128.load(x + offset);
  const q = isFloat<Op>() ? f32x4.div(v, factor) : f32x4.mul(v, factor);
  return v128.and(q, f32x4.eq(q, q));
}

// @ts-ignore: decorator
@inline
export function one<Op>(x: usize, factor: f32): f32 {
  const v = load<f32>(x);
  const q = isFloat<Op>() ? v / factor : v * factor;
  return q == q ? q : 0;
}

/** 2^shift when q exceeds the threshold at `index`, else 0: a shifted comparison, where a select would be a branch that nobody guesses. */
// @ts-ignore: decorator
@inline
export function above(q: f32, thresholds: usize, index: i32, shift: i32): i32 {
  return (<i32>(q > load<f32>(thresholds + ((<usize>index) << 2)))) << shift;
}

// @ts-ignore: decorator
@inline
function rankOf16(q: f32, thresholds: usize): i32 {
  let n = above(q, thresholds, 7, 3);
  n += above(q, thresholds, n + 3, 2);
  n += above(q, thresholds, n + 1, 1);
  return n + above(q, thresholds, n, 0);
}

/** 16 codes as bytes. */
function sixteen<Op>(x: usize, factor: v128, thresholds: usize, order: v128): v128 {
  let t: v128;
  const a = four<Op>(x, 0, factor);
  const b = four<Op>(x, 16, factor);
  const c = four<Op>(x, 32, factor);
  const d = four<Op>(x, 48, factor);
  let na = i32x4.splat(0);
  let nb = na;
  let nc = na;
  let nd = na;
  // Unrolled by hand: the loop's own work took a fifth of the time.
  t = v128.load32_splat(thresholds, 0);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 4);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 8);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 12);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 16);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 20);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 24);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 28);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 32);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 36);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 40);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 44);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 48);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 52);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  t = v128.load32_splat(thresholds, 56);
  na = i32x4.sub(na, f32x4.gt(a, t));
  nb = i32x4.sub(nb, f32x4.gt(b, t));
  nc = i32x4.sub(nc, f32x4.gt(c, t));
  nd = i32x4.sub(nd, f32x4.gt(d, t));
  const ranks = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(na, nb), i16x8.narrow_i32x4_s(nc, nd));
  return i8x16.swizzle(order, ranks);
}

// @ts-ignore: decorator
@inline
function quotients<Op>(x: usize, offset: usize, factor: v128): v128 {
  const v = v128.load(x + offset);
  return isFloat<Op>() ? f32x4.div(v, factor) : f32x4.mul(v, factor);
}

// @ts-ignore: decorator
@inline
function bucketSums(q: v128): v128 {
  return f32x4.add(f32x4.mul(q, f32x4.splat(16)), f32x4.splat(MAGIC));
}

/** 16 codes as bytes by way of buckets, or, where an element is NaN or too large for one, by counting. */
// @ts-ignore: decorator
@inline
function sixteenByBuckets<Op>(
  x: usize,
  factor: v128,
  base0: v128,
  base1: v128,
  p0: v128,
  p1: v128,
  p2: v128,
  p3: v128,
  thresholds: usize,
  order: v128,
): v128 {
  const a = quotients<Op>(x, 0, factor);
  const b = quotients<Op>(x, 16, factor);
  const c = quotients<Op>(x, 32, factor);
  const d = quotients<Op>(x, 48, factor);
  const sa = bucketSums(a);
  const sb = bucketSums(b);
  const sc = bucketSums(c);
  const sd = bucketSums(d);
  if (!areRight(v128.or(v128.or(sa, sb), v128.or(sc, sd)))) return sixteen<Op>(x, factor, thresholds, order);
  const bias = i32x4.splat(BUCKET_BIAS);
  const low = i16x8.narrow_i32x4_s(i32x4.sub(sa, bias), i32x4.sub(sb, bias));
  const high = i16x8.narrow_i32x4_s(i32x4.sub(sc, bias), i32x4.sub(sd, bias));
  const buckets = i8x16.min_u(i8x16.narrow_i16x8_u(low, high), i8x16.splat(<i8>(BUCKETS - 1)));
  // A lookup beyond 15 gives 0, so the two halves of the table add up.
  const base = v128.or(i8x16.swizzle(base0, buckets), i8x16.swizzle(base1, i8x16.sub(buckets, i8x16.splat(16))));
  const b0 = i8x16.swizzle(p0, base);
  const b1 = i8x16.swizzle(p1, base);
  const b2 = i8x16.swizzle(p2, base);
  const b3 = i8x16.swizzle(p3, base);
  const lower0 = firstHalves(b0, b1);
  const upper0 = firstHalves(b2, b3);
  const lower1 = lastHalves(b0, b1);
  const upper1 = lastHalves(b2, b3);
  const ga = f32x4.gt(a, firstFour(lower0, upper0));
  const gb = f32x4.gt(b, lastFour(lower0, upper0));
  const gc = f32x4.gt(c, firstFour(lower1, upper1));
  const gd = f32x4.gt(d, lastFour(lower1, upper1));
  const above = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(ga, gb), i16x8.narrow_i32x4_s(gc, gd));
  return i8x16.swizzle(order, i8x16.sub(base, above));
}

/** 16 codes as 8 bytes, the first of two in the high nibble. */
// @ts-ignore: decorator
@inline
function storePairs(packed: usize, codes: v128): void {
  const pairs = v128.or(i16x8.shl(codes, 4), i16x8.shr_u(codes, 8));
  const bytes = v128.and(pairs, i16x8.splat(0x00ff));
  v128.store64_lane(packed, i8x16.narrow_i16x8_u(bytes, bytes), 0);
}

// @ts-ignore: decorator
@inline
function packRun<Op>(
  packed: usize,
  x: usize,
  count: i32,
  factor: f32,
  thresholds: usize,
  order: usize,
  zero: i32,
  hasBuckets: bool,
): void {
  const pairs = count & ~1;
  if (pairs >= 16) {
    const factors = f32x4.splat(factor);
    const codes = v128.load(order);
    if (hasBuckets) {
      const base0 = v128.load(BASE);
      const base1 = v128.load(BASE, 16);
      const p0 = v128.load(PLANES);
      const p1 = v128.load(PLANES, 16);
      const p2 = v128.load(PLANES, 32);
      const p3 = v128.load(PLANES, 48);
      for (let i = 0; i < pairs; i += 16) {
        const begin = <usize>min(i, pairs - 16);
        const from = x + (begin << 2);
        // prettier-ignore
        storePairs(
          packed + (begin >> 1),
          sixteenByBuckets<Op>(from, factors, base0, base1, p0, p1, p2, p3, thresholds, codes),
        );
      }
    } else {
      for (let i = 0; i < pairs; i += 16) {
        const begin = <usize>min(i, pairs - 16);
        storePairs(packed + (begin >> 1), sixteen<Op>(x + (begin << 2), factors, thresholds, codes));
      }
    }
  } else {
    for (let i: usize = 0; i < <usize>pairs; i += 2) {
      const high = <i32>load<u8>(order + rankOf16(one<Op>(x + (i << 2), factor), thresholds));
      const low = <i32>load<u8>(order + rankOf16(one<Op>(x + (i << 2) + 4, factor), thresholds));
      store<u8>(packed + (i >> 1), <u8>((high << 4) | low));
    }
  }
  if (pairs < count) {
    const last = <usize>pairs;
    const high = <i32>load<u8>(order + rankOf16(one<Op>(x + (last << 2), factor), thresholds));
    store<u8>(packed + (last >> 1), <u8>((high << 4) | zero));
  }
}

export function quantizeLevels4(
  packed: usize,
  x: usize,
  scales: usize,
  count: i32,
  run: i32,
  thresholds: usize,
  order: usize,
): void {
  const zero = <i32>load<u8>(order + rankOf16(0, thresholds));
  const hasBuckets = prepareBuckets(thresholds);
  for (let left = count; left > 0; left -= run) {
    const length = min(run, left);
    const scale = load<f32>(scales);
    if (divides(scale, 0)) packRun<Quotient>(packed, x, length, divisorOf(scale), thresholds, order, zero, hasBuckets);
    else packRun<Product>(packed, x, length, <f32>1.0 / scale, thresholds, order, zero, hasBuckets);
    scales += 4;
    x += (<usize>length) << 2;
    packed += (<usize>length) >> 1;
  }
}
