/**
 * Small floats with a scale per run. Letters: m mantissa bits of the element, e the exponent of |y|, y the scaled value.
 *
 * To codes: let b = 2^(e + 23 - m), with e not below the exponent of the least normal value. The float32 step at b is the element's
 * step at |y|, so the float addition |y| + b rounds |y|, ties to even, and its low bits hold how many steps |y| is: n = 2^m to 2^(m + 1),
 * or fewer for subnormals. The code is n + ((e + bias - 1) << m), and the sum's exponent field shifted right by 23 - m is
 * (e + 150 - m) << m: shift, add, and in the low byte the code is off by a constant.
 */
import { absmaxBits } from './fused';
import { firstHalves, lastHalves, nibbles } from './pack';

const ABS_MASK: i32 = 0x7fffffff;
const EXPONENT_MASK: i32 = 0x7f800000;
const INFINITY_BITS: i32 = 0x7f800000;
const NAN_SCALE: i32 = 255;

/** float4_e2m1fn: bits of its largest value, 6, and of its least normal one, 1. */
const BITS_6: i32 = 0x40c00000;
const BITS_1: i32 = 0x3f800000;

/** Bits of 2^(1 - bias), the least normal value. */
// @ts-ignore: decorator
@inline
function leastNormal(bias: i32): i32 {
  return (128 - bias) << 23;
}

/** What the low bytes of fourCodes are off by, modulo 256. */
// @ts-ignore: decorator
@inline
function offsetOf(m: i32, bias: i32): v128 {
  return i8x16.splat(<i8>((151 - m - bias) << m));
}

/** Codes without sign in the low bytes of the lanes, off by offsetOf; the other bytes 0. y is not NaN. */
// @ts-ignore: decorator
@inline
function fourCodes(y: v128, m: i32, least: v128, most: v128): v128 {
  const magnitude = i32x4.min_s(v128.and(y, i32x4.splat(ABS_MASK)), most);
  const exponent = i32x4.max_s(v128.and(magnitude, i32x4.splat(EXPONENT_MASK)), least);
  const sum = f32x4.add(magnitude, i32x4.add(exponent, i32x4.splat((23 - m) << 23)));
  return v128.and(i32x4.add(sum, i32x4.shr_u(sum, 23 - m)), i32x4.splat(0xff));
}

// @ts-ignore: decorator
@inline
function narrow(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_u(a, b), i16x8.narrow_i32x4_u(c, d));
}

/** -1 in the bytes of negative lanes. */
// @ts-ignore: decorator
@inline
function signs(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_s(
    i16x8.narrow_i32x4_s(i32x4.shr_s(a, 31), i32x4.shr_s(b, 31)),
    i16x8.narrow_i32x4_s(i32x4.shr_s(c, 31), i32x4.shr_s(d, 31)),
  );
}

/** Sixteen codes of values that are not NaN. */
// @ts-ignore: decorator
@inline
function sixteenCodes(
  a: v128,
  b: v128,
  c: v128,
  d: v128,
  m: i32,
  least: v128,
  most: v128,
  offset: v128,
  sign: v128,
): v128 {
  const codes = narrow(
    fourCodes(a, m, least, most),
    fourCodes(b, m, least, most),
    fourCodes(c, m, least, most),
    fourCodes(d, m, least, most),
  );
  return v128.or(i8x16.sub(codes, offset), v128.and(signs(a, b, c, d), sign));
}

// @ts-ignore: decorator
@inline
function scaled(x: v128, scale: v128, quotient: bool): v128 {
  const y = quotient ? f32x4.div(x, scale) : f32x4.mul(x, scale);
  return v128.and(y, f32x4.eq(y, y));
}

/** `largest`: bits of the largest finite value. */
export function encodeFloatRuns(
  out: usize,
  x: usize,
  scales: usize,
  rows: i32,
  width: i32,
  run: i32,
  m: i32,
  bias: i32,
  signPlace: i32,
  largest: i32,
  quotient: bool,
): void {
  const least = i32x4.splat(leastNormal(bias));
  const most = i32x4.splat(largest);
  const offset = offsetOf(m, bias);
  const sign = i8x16.splat(<i8>(<i32>1 << signPlace));
  for (let r = 0; r < rows; r++) {
    for (let begin = 0; begin < width; begin += run) {
      const count = min(run, width - begin);
      const scale = v128.load32_splat(scales);
      scales += 4;
      let i = 0;
      for (; i + 16 <= count; i += 16) {
        const from = x + ((<usize>i) << 2);
        const codes = sixteenCodes(
          scaled(v128.load(from), scale, quotient),
          scaled(v128.load(from, 16), scale, quotient),
          scaled(v128.load(from, 32), scale, quotient),
          scaled(v128.load(from, 48), scale, quotient),
          m,
          least,
          most,
          offset,
          sign,
        );
        v128.store(out + <usize>i, codes);
      }
      for (; i < count; i++) {
        const y = scaled(v128.load32_zero(x + ((<usize>i) << 2)), scale, quotient);
        const code = sixteenCodes(y, y, y, y, m, least, most, offset, sign);
        store<u8>(out + <usize>i, i8x16.extract_lane_u(code, 0));
      }
      x += (<usize>count) << 2;
      out += <usize>count;
    }
  }
}

/**
 * Values of four codes. From the least normal value on the exponent moves from the element's bias to 127; below, the code counts steps
 * above the power of two whose mantissa it is put into. What lies beyond `maxFinite` has the exponent of infinity and NaN.
 */
// @ts-ignore: decorator
@inline
function fourValues(codes: v128, m: i32, bias: i32, signPlace: i32, maxFinite: v128, scale: v128): v128 {
  const magnitude = v128.and(codes, i32x4.splat((1 << signPlace) - 1));
  const bits = i32x4.shl(magnitude, 23 - m);
  const least = i32x4.splat(leastNormal(bias));
  const normal = i32x4.add(bits, i32x4.splat((127 - bias) << 23));
  const small = f32x4.sub(v128.or(bits, least), least);
  const value = v128.bitselect(small, normal, i32x4.lt_s(magnitude, i32x4.splat(1 << m)));
  const special = v128.and(i32x4.gt_s(magnitude, maxFinite), i32x4.splat(INFINITY_BITS));
  const sign = v128.and(i32x4.shl(codes, 31 - signPlace), i32x4.splat(0x80000000));
  return f32x4.mul(v128.or(v128.or(value, special), sign), scale);
}

export function decodeFloatRuns(
  out: usize,
  codes: usize,
  scales: usize,
  rows: i32,
  width: i32,
  run: i32,
  m: i32,
  bias: i32,
  signPlace: i32,
  maxFiniteCode: i32,
): void {
  const most = i32x4.splat(maxFiniteCode);
  for (let r = 0; r < rows; r++) {
    for (let begin = 0; begin < width; begin += run) {
      const count = min(run, width - begin);
      const scale = v128.load32_splat(scales);
      scales += 4;
      let i = 0;
      for (; i + 8 <= count; i += 8) {
        const v = v128.load8x8_u(codes + <usize>i);
        const to = out + ((<usize>i) << 2);
        v128.store(to, fourValues(i32x4.extend_low_i16x8_u(v), m, bias, signPlace, most, scale));
        v128.store(to, fourValues(i32x4.extend_high_i16x8_u(v), m, bias, signPlace, most, scale), 16);
      }
      for (; i < count; i++) {
        const v = i32x4.splat(<i32>load<u8>(codes + <usize>i));
        const value = fourValues(v, m, bias, signPlace, most, scale);
        store<f32>(out + ((<usize>i) << 2), f32x4.extract_lane(value, 0));
      }
      codes += <usize>count;
      out += (<usize>count) << 2;
    }
  }
}

/** Sixteen products as float4_e2m1fn codes, neighbours together in the low bytes of 16-bit lanes. */
// @ts-ignore: decorator
@inline
function sixteenNibbles(x: usize, factor: v128): v128 {
  const codes = sixteenCodes(
    f32x4.mul(v128.load(x), factor),
    f32x4.mul(v128.load(x, 16), factor),
    f32x4.mul(v128.load(x, 32), factor),
    f32x4.mul(v128.load(x, 48), factor),
    1,
    i32x4.splat(BITS_1),
    i32x4.splat(BITS_6),
    offsetOf(1, 1),
    i8x16.splat(8),
  );
  return nibbles(codes);
}

/** The codes of one run of finite values. */
// @ts-ignore: decorator
@inline
function packRun(packed: usize, x: usize, count: i32, factor: v128): void {
  let i = 0;
  for (; i + 32 <= count; i += 32) {
    const from = x + ((<usize>i) << 2);
    const pairs = i8x16.narrow_i16x8_u(sixteenNibbles(from, factor), sixteenNibbles(from + 64, factor));
    v128.store(packed + ((<usize>i) >> 1), pairs);
  }
  for (; i < count; i += 2) {
    const y = f32x4.mul(v128.load64_zero(x + ((<usize>i) << 2)), factor);
    const codes = sixteenCodes(
      y,
      y,
      y,
      y,
      1,
      i32x4.splat(BITS_1),
      i32x4.splat(BITS_6),
      offsetOf(1, 1),
      i8x16.splat(8),
    );
    store<u8>(packed + ((<usize>i) >> 1), i8x16.extract_lane_u(nibbles(codes), 0));
  }
}

/** See PowerRule in core/block-scale.ts for the five numbers. */
// @ts-ignore: decorator
@inline
function powerCode(absmax: i32, factor: f32, add: i32, addSubnormal: i32, offset: i32, most: i32): i32 {
  if (absmax >= INFINITY_BITS) return NAN_SCALE;
  const bits = reinterpret<i32>(reinterpret<f32>(absmax) * factor);
  const exponent = (bits + (bits < 0x800000 ? addSubnormal : add)) >> 23;
  return min(max(exponent - offset, 0), most);
}

/** One run by the definition. */
function quantizeRun(
  packed: usize,
  scales: usize,
  x: usize,
  run: i32,
  factor: f32,
  add: i32,
  addSubnormal: i32,
  offset: i32,
  most: i32,
): void {
  const code = powerCode(absmaxBits(x, run), factor, add, addSubnormal, offset, most);
  store<u8>(scales, <u8>code);
  if (code == NAN_SCALE) memory.fill(packed, 0, <usize>(run >> 1));
  else packRun(packed, x, run, i32x4.splat((254 - code) << 23));
}

/**
 * Runs of 32, the size of the specification, have a path of their own. All that decides, of the scale in every mode and of the codes, is a
 * value's sign and exponent, two mantissa bits, and whether any lower bit is set: twelve bits, the key. Scaling by a power of two is a
 * subtraction of keys, and what is left, from the key of 0.25 on, looks up the code. Twice as fast as the arithmetic above.
 */
const LOWER_BITS: i32 = 0xfffff;
const KEY_SHIFT: i32 = 20;
const KEY_MASK: i16 = 0x7ff;
const INFINITY_KEY: i32 = 255 << 3;

// @ts-ignore: decorator
@inline
function fourKeys(x: usize, offset: usize, lower: v128): v128 {
  const v = v128.load(x + offset);
  return i32x4.shr_s(v128.or(v, i32x4.add(v128.and(v, lower), lower)), KEY_SHIFT);
}

// @ts-ignore: decorator
@inline
function eightKeys(x: usize, offset: usize, lower: v128): v128 {
  return i16x8.narrow_i32x4_s(fourKeys(x, offset, lower), fourKeys(x, offset + 16, lower));
}

// @ts-ignore: decorator
@inline
function magnitudeKeys(keys: v128): v128 {
  return v128.and(keys, i16x8.splat(KEY_MASK));
}

// @ts-ignore: decorator
@inline
function largestKey(a: v128, b: v128, c: v128, d: v128): i32 {
  let best = i16x8.max_s(i16x8.max_s(a, b), i16x8.max_s(c, d));
  best = i16x8.max_s(best, i64x2.shuffle(best, best, 1, 0));
  best = i16x8.max_s(best, i32x4.shuffle(best, best, 1, 0, 3, 2));
  best = i16x8.max_s(best, i16x8.shuffle(best, best, 1, 0, 3, 2, 5, 4, 7, 6));
  return i16x8.extract_lane_s(best, 0);
}

/** Codes of sixteen scaled keys, which are 0 to 39: eight each from y = 0.25, 0.5, 1, 2 and 4 on. */
// @ts-ignore: decorator
@inline
function lookUp(keys: v128): v128 {
  const below1 = i8x16(0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2);
  const below4 = i8x16(2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 6, 6);
  const below8 = i8x16(6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7);
  return v128.or(
    v128.or(i8x16.swizzle(below1, keys), i8x16.swizzle(below4, i8x16.sub(keys, i8x16.splat(16)))),
    i8x16.swizzle(below8, i8x16.sub(keys, i8x16.splat(32))),
  );
}

/** Nibbles of sixteen keys: neighbours together in the low bytes of 16-bit lanes. */
// @ts-ignore: decorator
@inline
function keyNibbles(a: v128, b: v128, base: v128): v128 {
  const scaledA = i16x8.sub_sat_u(magnitudeKeys(a), base);
  const scaledB = i16x8.sub_sat_u(magnitudeKeys(b), base);
  const codes = lookUp(i8x16.narrow_i16x8_u(scaledA, scaledB));
  const negative = v128.and(i16x8.shr_u(i8x16.narrow_i16x8_s(a, b), 4), i8x16.splat(8));
  return nibbles(v128.or(codes, negative));
}

/** One run of 32; false, with nothing stored, where it holds NaN or an infinity, or its scale reaches into the subnormal numbers. */
// @ts-ignore: decorator
@inline
function quantizeRun32(packed: usize, scales: usize, x: usize, add: i32, offset: i32, most: i32): bool {
  const lower = i32x4.splat(LOWER_BITS);
  const a = eightKeys(x, 0, lower);
  const b = eightKeys(x, 32, lower);
  const c = eightKeys(x, 64, lower);
  const d = eightKeys(x, 96, lower);
  const key = largestKey(magnitudeKeys(a), magnitudeKeys(b), magnitudeKeys(c), magnitudeKeys(d));
  const code = min(((key + add) >> 3) - offset, most);
  if (code < 3 || key >= INFINITY_KEY) return false;
  store<u8>(scales, <u8>code);
  const base = i16x8.splat(<i16>((code - 2) << 3));
  v128.store(packed, i8x16.narrow_i16x8_u(keyNibbles(a, b, base), keyNibbles(c, d, base)));
  return true;
}

export function quantizePackMx4(
  packed: usize,
  scales: usize,
  x: usize,
  runs: i32,
  run: i32,
  factor: f32,
  add: i32,
  addSubnormal: i32,
  offset: i32,
  most: i32,
): void {
  // 'rceil' asks whether the largest magnitude is above 6 * 2^k: key + 3 carries into the exponent exactly then.
  const isProduct = factor != 1;
  const keyAdd = isProduct ? 3 : add >> KEY_SHIFT;
  const keyOffset = isProduct ? 2 : offset;
  for (let j = 0; j < runs; j++) {
    if (run != 32 || !quantizeRun32(packed, scales, x, keyAdd, keyOffset, most)) {
      quantizeRun(packed, scales, x, run, factor, add, addSubnormal, offset, most);
    }
    scales++;
    x += (<usize>run) << 2;
    packed += (<usize>run) >> 1;
  }
}

/** Upper and lower bytes of the upper halves of the sixteen values; the lower halves are 0. */
// @ts-ignore: decorator
@inline
function upperBytes(): v128 {
  return i8x16(0, 0x3f, 0x3f, 0x3f, 0x40, 0x40, 0x40, 0x40, -128, -65, -65, -65, -64, -64, -64, -64);
}

// @ts-ignore: decorator
@inline
function lowerBytes(): v128 {
  return i8x16(0, 0, -128, -64, 0, 0x40, -128, -64, 0, 0, -128, -64, 0, 0x40, -128, -64);
}

/** Sixteen values of codes that are bytes. */
// @ts-ignore: decorator
@inline
function storeSixteen(out: usize, codes: v128, scale: v128): void {
  const upper = i8x16.swizzle(upperBytes(), codes);
  const lower = i8x16.swizzle(lowerBytes(), codes);
  const zero = i32x4.splat(0);
  const first = firstHalves(lower, upper);
  const last = lastHalves(lower, upper);
  v128.store(out, f32x4.mul(i16x8.shuffle(zero, first, 0, 8, 1, 9, 2, 10, 3, 11), scale));
  v128.store(out, f32x4.mul(i16x8.shuffle(zero, first, 4, 12, 5, 13, 6, 14, 7, 15), scale), 16);
  v128.store(out, f32x4.mul(i16x8.shuffle(zero, last, 0, 8, 1, 9, 2, 10, 3, 11), scale), 32);
  v128.store(out, f32x4.mul(i16x8.shuffle(zero, last, 4, 12, 5, 13, 6, 14, 7, 15), scale), 48);
}

export function decodePackedFloatRuns4(out: usize, packed: usize, scales: usize, runs: i32, run: i32): void {
  const mask = i8x16.splat(15);
  for (let j = 0; j < runs; j++) {
    const scale = v128.load32_splat(scales);
    scales += 4;
    let i = 0;
    for (; i + 16 <= run; i += 16) {
      const v = v128.load64_zero(packed + ((<usize>i) >> 1));
      const codes = firstHalves(v128.and(v, mask), v128.and(i16x8.shr_u(v, 4), mask));
      storeSixteen(out + ((<usize>i) << 2), codes, scale);
    }
    for (; i < run; i += 2) {
      const byte = <i32>load<u8>(packed + ((<usize>i) >> 1));
      const codes = i32x4.replace_lane(i32x4.splat(byte & 15), 1, byte >> 4);
      const values = fourValues(codes, 1, 1, 3, i32x4.splat(7), scale);
      v128.store64_lane(out + ((<usize>i) << 2), values, 0);
    }
    packed += (<usize>run) >> 1;
    out += (<usize>run) << 2;
  }
}
