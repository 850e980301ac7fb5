/** exponentialFloat32 and excessSeriesFloat32 of core/elementary.ts, four at a time. */

/** Bits of 87: for |x| up to it e^x is a normal number. */
const NORMAL: i32 = 0x42ae0000;

/** For every x. The pseudo-minimum and -maximum are one instruction each and keep a NaN that comes first. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const c = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89)), f32x4.splat(-104));
  const sum = rounded(c);
  const whole = i32x4.sub(sum, f32x4.splat(12582912));
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(fraction(c, sum), power(half)), power(i32x4.sub(whole, half)));
}

/** Where `isNormal`: the same bits, for there the product with the power of two is exact, an addition to the exponent. */
// @ts-ignore: decorator
@inline
export function normalExp4(x: v128): v128 {
  const sum = rounded(x);
  return i32x4.add(fraction(x, sum), i32x4.shl(sum, 23));
}

/** The larger magnitudes of two, as bits; those of NaN are the largest. */
// @ts-ignore: decorator
@inline
export function magnitude2(a: v128, b: v128): v128 {
  return i32x4.max_s(f32x4.abs(a), f32x4.abs(b));
}

// @ts-ignore: decorator
@inline
export function isNormal(magnitude: v128): bool {
  return !v128.any_true(i32x4.gt_s(magnitude, i32x4.splat(NORMAL)));
}

/** c / ln 2 rounded, plus 1.5 * 2^23: the last bits are the whole number, cheaper than a conversion, which must look for NaN. */
// @ts-ignore: decorator
@inline
function rounded(c: v128): v128 {
  return f32x4.add(f32x4.mul(c, f32x4.splat(1.4426950408889634)), f32x4.splat(12582912));
}

/** e^c without its power of two, between 0.7 and 1.5. */
// @ts-ignore: decorator
@inline
function fraction(c: v128, sum: v128): v128 {
  const n = f32x4.sub(sum, f32x4.splat(12582912));
  const r = f32x4.sub(
    f32x4.sub(c, f32x4.mul(n, f32x4.splat(0.693359375))),
    f32x4.mul(n, f32x4.splat(-2.1219444005469057e-4)),
  );
  let p = f32x4.add(f32x4.mul(r, f32x4.splat(0.0013864635257050395)), f32x4.splat(0.008367592468857765));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.04166723042726517));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.16666533052921295));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(0.5));
  return f32x4.add(f32x4.splat(1), f32x4.add(r, f32x4.mul(f32x4.mul(r, r), p)));
}

/** 2^n of four whole numbers from -126 to 127. */
// @ts-ignore: decorator
@inline
function power(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

// @ts-ignore: decorator
@inline
export function excessSeries4(d: v128): v128 {
  let p = f32x4.add(
    f32x4.mul(d, f32x4.splat(2.4939674764871597e-5)),
    f32x4.splat(0.00019962186343036592),
  );
  p = f32x4.add(f32x4.mul(p, d), f32x4.splat(0.001388867269270122));
  p = f32x4.add(f32x4.mul(p, d), f32x4.splat(0.008333181962370872));
  p = f32x4.add(f32x4.mul(p, d), f32x4.splat(0.0416666679084301));
  p = f32x4.add(f32x4.mul(p, d), f32x4.splat(0.1666666716337204));
  return f32x4.add(f32x4.mul(p, d), f32x4.splat(0.5));
}

/** The upper two of four float32 as float64. */
// @ts-ignore: decorator
@inline
export function promoteHigh(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3));
}

/** Ones in the first `count` lanes. */
// @ts-ignore: decorator
@inline
export function firstLanes(count: usize): v128 {
  return i32x4.gt_s(i32x4.splat(<i32>count), i32x4(0, 1, 2, 3));
}

/** Copies the last, one to three elements between a row and a place of 16 bytes. */
export function copyWords(to: usize, from: usize, count: usize): void {
  for (let i: usize = 0; i < count; i++) store<u32>(to + (i << 2), load<u32>(from + (i << 2)));
}
