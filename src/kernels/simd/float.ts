/**
 * Half-precision floats. Letters: h float16 or bfloat16 codes, e the exponent of |x|.
 *
 * To float16: let b = 2^(e + 13), or 1/2 if that is larger. The float32 step at b is the float16 step at |x|, so the float
 * addition |x| + b rounds |x| to float16, ties to even, and the low 16 bits of the sum hold how many steps |x| is: 1024 to
 * 2048, or fewer below 2^-14. The code is 1024 * (e + 14) more than that, and the sum's upper 16 bits are 128 times b's biased exponent,
 * e + 13 + 127: one multiply-add of 16-bit halves, upper * 8 + lower - 126 * 1024, gives the code. Magnitudes are cut to
 * 65536 first, whose code is infinity's.
 */

const ABS_MASK: i32 = 0x7fffffff;
const BITS_65536: i32 = 0x47800000;
const BITS_HALF: i32 = 0x3f000000;
const EXPONENT_MASK: i32 = 0x7f800000;
const THIRTEEN: i32 = 13 << 23;
/** Factors of lower and upper half. */
const HALVES: i32 = (8 << 16) | 1;
const CODE_BIAS: i32 = 126 * 1024;

// @ts-ignore: decorator
@inline
function magnitudeCodes(x: v128): v128 {
  const magnitude = i32x4.min_s(v128.and(x, i32x4.splat(ABS_MASK)), i32x4.splat(BITS_65536));
  const exponent = v128.and(i32x4.add(magnitude, i32x4.splat(THIRTEEN)), i32x4.splat(EXPONENT_MASK));
  const sum = f32x4.add(magnitude, i32x4.max_s(exponent, i32x4.splat(BITS_HALF)));
  return i32x4.sub(i32x4.dot_i16x8_s(sum, i32x4.splat(HALVES)), i32x4.splat(CODE_BIAS));
}

/** -1 in the 16-bit lanes of NaN. */
// @ts-ignore: decorator
@inline
function nanLanes(a: v128, b: v128): v128 {
  return i16x8.narrow_i32x4_s(f32x4.ne(a, a), f32x4.ne(b, b));
}

/** The upper halves of eight float32. */
// @ts-ignore: decorator
@inline
function upperHalves(a: v128, b: v128): v128 {
  return i16x8.narrow_i32x4_s(i32x4.shr_s(a, 16), i32x4.shr_s(b, 16));
}

// @ts-ignore: decorator
@inline
function eightFloat16(a: v128, b: v128): v128 {
  const codes = i16x8.narrow_i32x4_u(magnitudeCodes(a), magnitudeCodes(b));
  const signs = v128.and(upperHalves(a, b), i16x8.splat(<i16>0x8000));
  // A NaN was cut to 65536 and so has the code of infinity, 0x7c00.
  const quiet = v128.and(nanLanes(a, b), i16x8.splat(0x0200));
  return v128.or(v128.or(codes, signs), quiet);
}

// @ts-ignore: decorator
@inline
function eightBfloat16(a: v128, b: v128): v128 {
  const one = i32x4.splat(1);
  const half = i32x4.splat(0x7fff);
  const upperA = i32x4.shr_u(a, 16);
  const upperB = i32x4.shr_u(b, 16);
  // Half a step less one, plus one if the code is odd: ties then carry exactly when the code is odd.
  const roundedA = i32x4.shr_u(i32x4.add(i32x4.add(a, half), v128.and(upperA, one)), 16);
  const roundedB = i32x4.shr_u(i32x4.add(i32x4.add(b, half), v128.and(upperB, one)), 16);
  const quiet = v128.or(i16x8.narrow_i32x4_u(upperA, upperB), i16x8.splat(0x0040));
  return v128.bitselect(quiet, i16x8.narrow_i32x4_u(roundedA, roundedB), nanLanes(a, b));
}

/** Types that name the two formats: generics take types only. */
type Float16 = i32;
type Bfloat16 = f32;

// @ts-ignore: decorator
@inline
function encodeEight<T>(a: v128, b: v128): v128 {
  return isFloat<T>() ? eightBfloat16(a, b) : eightFloat16(a, b);
}

function encode<T>(out: usize, x: usize, count: i32): void {
  let i = 0;
  for (; i + 16 <= count; i += 16) {
    v128.store(out, encodeEight<T>(v128.load(x), v128.load(x, 16)));
    v128.store(out, encodeEight<T>(v128.load(x, 32), v128.load(x, 48)), 16);
    x += 64;
    out += 32;
  }
  for (; i < count; i++) {
    const v = v128.load32_zero(x);
    store<i16>(out, <i16>i16x8.extract_lane_s(encodeEight<T>(v, v), 0));
    x += 4;
    out += 2;
  }
}

export function encodeFloat16(out: usize, x: usize, count: i32): void {
  encode<Float16>(out, x, count);
}

export function encodeBfloat16(out: usize, x: usize, count: i32): void {
  encode<Bfloat16>(out, x, count);
}

/**
 * Codes in the upper halves of the lanes. From 0x0400 on the exponent moves from bias 15 to 127 by way of 239 = 127 + 112
 * and a product with 2^-112, which takes the largest exponent, that of infinity and NaN, along. Below, the code counts
 * multiples of 2^-24, which is the step at 1/2.
 */
// @ts-ignore: decorator
@inline
function fourFromFloat16(upper: v128): v128 {
  const sign = v128.and(upper, i32x4.splat(0x80000000));
  const magnitude = v128.xor(upper, sign);
  const large = f32x4.mul(
    i32x4.add(i32x4.shr_u(magnitude, 3), i32x4.splat(0x70000000)),
    f32x4.splat(1.925929944387236e-34), // 2^-112
  );
  const small = f32x4.sub(v128.or(i32x4.shr_u(magnitude, 16), i32x4.splat(BITS_HALF)), f32x4.splat(0.5));
  const isLarge = i32x4.gt_s(magnitude, i32x4.splat(0x03ffffff));
  return v128.or(v128.bitselect(large, small, isLarge), sign);
}

// @ts-ignore: decorator
@inline
function fourFrom<T>(upper: v128): v128 {
  return isFloat<T>() ? upper : fourFromFloat16(upper);
}

function decode<T>(out: usize, codes: usize, count: i32): void {
  const zero = i32x4.splat(0);
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const v = v128.load(codes);
    const first = i16x8.shuffle(zero, v, 0, 8, 1, 9, 2, 10, 3, 11);
    const last = i16x8.shuffle(zero, v, 4, 12, 5, 13, 6, 14, 7, 15);
    v128.store(out, fourFrom<T>(first));
    v128.store(out, fourFrom<T>(last), 16);
    codes += 16;
    out += 32;
  }
  for (; i < count; i++) {
    const v = i32x4.splat((<i32>load<u16>(codes)) << 16);
    store<i32>(out, i32x4.extract_lane(fourFrom<T>(v), 0));
    codes += 2;
    out += 4;
  }
}

export function decodeFloat16(out: usize, codes: usize, count: i32): void {
  decode<Float16>(out, codes, count);
}

export function decodeBfloat16(out: usize, codes: usize, count: i32): void {
  decode<Bfloat16>(out, codes, count);
}
