/** Encoders of ../plain.ts and of MXFP4: one block at a time, its 32 elements in eight registers. */
import { halfBits, MAGIC } from '../../blocks-k/simd/half';

/** Bits of MAGIC as an int32: subtracting them from a sum with it leaves the whole number. */
const MAGIC_BITS: i32 = 0x4b400000;

// @ts-ignore: decorator
@inline
function largestLane(v: v128): f32 {
  v = f32x4.pmax(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(v, i32x4.shuffle(v, v, 1, 0, 3, 2)), 0);
}

// @ts-ignore: decorator
@inline
function absmaxOf(x: usize): f32 {
  let a = f32x4.abs(v128.load(x));
  let b = f32x4.abs(v128.load(x, 16));
  for (let i: usize = 32; i < 128; i += 32) {
    a = f32x4.pmax(a, f32x4.abs(v128.load(x + i)));
    b = f32x4.pmax(b, f32x4.abs(v128.load(x + i, 16)));
  }
  return largestLane(f32x4.pmax(a, b));
}

/** The first of the elements of largest magnitude, with its sign. */
// @ts-ignore: decorator
@inline
function peakOf(x: usize): f32 {
  const most = absmaxOf(x);
  const up = f32x4.splat(most);
  const down = f32x4.neg(up);
  let positive = f32x4.splat(0);
  let negative = positive;
  for (let i: usize = 0; i < 128; i += 16) {
    const value = v128.load(x + i);
    positive = v128.or(positive, f32x4.eq(value, up));
    negative = v128.or(negative, f32x4.eq(value, down));
  }
  if (!v128.any_true(negative)) return most;
  if (!v128.any_true(positive)) return -most;
  if (most == 0) return 0;
  while (abs<f32>(f32.load(x)) != most) x += 4;
  return f32.load(x);
}

/** Sixteen codes: of four registers of numbers >= 0 truncated, at most `most`. */
// @ts-ignore: decorator
@inline
function truncated(a: v128, b: v128, c: v128, d: v128, most: f32): v128 {
  return bytesOf(f32x4.floor(a), f32x4.floor(b), f32x4.floor(c), f32x4.floor(d), most);
}

// @ts-ignore: decorator
@inline
function wholeOf(value: v128): v128 {
  return i32x4.sub(f32x4.add(value, f32x4.splat(MAGIC)), i32x4.splat(MAGIC_BITS));
}

// @ts-ignore: decorator
@inline
function bytesOf(a: v128, b: v128, c: v128, d: v128, most: f32): v128 {
  const low = i16x8.narrow_i32x4_s(wholeOf(a), wholeOf(b));
  const high = i16x8.narrow_i32x4_s(wholeOf(c), wholeOf(d));
  return i8x16.min_u(i8x16.narrow_i16x8_u(low, high), i8x16.splat(<i8>most));
}

/** Codes around `half` of the sixteen elements at `x`: x * inverse + half + 0.5, truncated. */
// @ts-ignore: decorator
@inline
function centeredCodes(x: usize, inverse: f32, half: f32): v128 {
  const factor = f32x4.splat(inverse);
  const up = f32x4.splat(half + <f32>0.5);
  const a = f32x4.add(f32x4.mul(v128.load(x), factor), up);
  const b = f32x4.add(f32x4.mul(v128.load(x, 16), factor), up);
  const c = f32x4.add(f32x4.mul(v128.load(x, 32), factor), up);
  const d = f32x4.add(f32x4.mul(v128.load(x, 48), factor), up);
  return truncated(a, b, c, d, 2 * half - 1);
}

// @ts-ignore: decorator
@inline
function putNibbles(out: usize, low: v128, high: v128): void {
  v128.store(out, v128.or(v128.and(low, i8x16.splat(15)), v128.and(i16x8.shl(high, 4), i8x16.splat(-16))));
}

/** Bit 4 of sixteen codes. */
// @ts-ignore: decorator
@inline
function fifths(codes: v128): i32 {
  return i8x16.bitmask(i16x8.shl(codes, 3));
}

// @ts-ignore: decorator
@inline
function putFives(out: usize, low: v128, high: v128): void {
  store<u32>(out, fifths(low) | (fifths(high) << 16));
  putNibbles(out + 4, low, high);
}

/** 1 / d, 0 for 0. Where it is infinite, C's conversions of infinities and NaN give codes 0 everywhere, whatever the type. */
// @ts-ignore: decorator
@inline
function reciprocal(d: f32): f32 {
  return d == 0 ? 0 : <f32>1 / d;
}

// @ts-ignore: decorator
@inline
function isInfinite(value: f32): bool {
  return abs<f32>(value) == Infinity;
}

// @ts-ignore: decorator
@inline
function centered(out: usize, x: usize, blocks: i32, half: f32, bytes: usize): void {
  for (; blocks > 0; blocks--) {
    const d = peakOf(x) / -half;
    const inverse = reciprocal(d);
    store<u16>(out, <u16>halfBits(d));
    let low = i8x16.splat(0);
    let high = low;
    if (!isInfinite(inverse)) {
      low = centeredCodes(x, inverse, half);
      high = centeredCodes(x + 64, inverse, half);
    }
    if (half == 8) putNibbles(out + 2, low, high);
    else putFives(out + 2, low, high);
    out += bytes;
    x += 128;
  }
}

export function encodeQ40(out: usize, x: usize, blocks: i32, _importance: usize, _width: i32): void {
  centered(out, x, blocks, 8, 18);
}

export function encodeQ50(out: usize, x: usize, blocks: i32, _importance: usize, _width: i32): void {
  centered(out, x, blocks, 16, 22);
}

/** Codes from the minimum up of the sixteen elements at `x`. */
// @ts-ignore: decorator
@inline
function affineCodes(x: usize, min: f32, inverse: f32, most: f32): v128 {
  const m = f32x4.splat(min);
  const factor = f32x4.splat(inverse);
  const up = f32x4.splat(0.5);
  const a = f32x4.add(f32x4.mul(f32x4.sub(v128.load(x), m), factor), up);
  const b = f32x4.add(f32x4.mul(f32x4.sub(v128.load(x, 16), m), factor), up);
  const c = f32x4.add(f32x4.mul(f32x4.sub(v128.load(x, 32), m), factor), up);
  const d = f32x4.add(f32x4.mul(f32x4.sub(v128.load(x, 48), m), factor), up);
  return truncated(a, b, c, d, most);
}

/** Of zeros of both signs the first is the minimum, and its sign is stored. */
function firstZero(x: usize): f32 {
  while (f32.load(x) != 0) x += 4;
  return f32.load(x);
}

// @ts-ignore: decorator
@inline
function affine(out: usize, x: usize, blocks: i32, most: f32, bytes: usize): void {
  for (; blocks > 0; blocks--) {
    let low4 = v128.load(x);
    let high4 = low4;
    for (let i: usize = 16; i < 128; i += 16) {
      low4 = f32x4.pmin(low4, v128.load(x + i));
      high4 = f32x4.pmax(high4, v128.load(x + i));
    }
    let min = -largestLane(f32x4.neg(low4));
    const max = largestLane(high4);
    if (min == 0) min = firstZero(x);
    const d = max == min ? <f32>0 : (max - min) / most;
    const inverse = reciprocal(d);
    store<u16>(out, <u16>halfBits(d));
    store<u16>(out, <u16>halfBits(min), 2);
    let low = i8x16.splat(0);
    let high = low;
    if (!isInfinite(inverse) && !isInfinite(d)) {
      low = affineCodes(x, min, inverse, most);
      high = affineCodes(x + 64, min, inverse, most);
    }
    if (most == 15) putNibbles(out + 4, low, high);
    else putFives(out + 4, low, high);
    out += bytes;
    x += 128;
  }
}

export function encodeQ41(out: usize, x: usize, blocks: i32, _importance: usize, _width: i32): void {
  affine(out, x, blocks, 15, 20);
}

export function encodeQ51(out: usize, x: usize, blocks: i32, _importance: usize, _width: i32): void {
  affine(out, x, blocks, 31, 24);
}

/** Nearest whole numbers, ties away from zero: where ties to even went down by exactly 0.5 in magnitude, one more. */
// @ts-ignore: decorator
@inline
function awayFromZero(value: v128): v128 {
  const a = f32x4.abs(value);
  const even = f32x4.nearest(a);
  const isTieDown = f32x4.eq(f32x4.sub(a, even), f32x4.splat(0.5));
  const away = f32x4.add(even, v128.and(f32x4.splat(1), isTieDown));
  return wholeOf(v128.or(away, v128.and(value, f32x4.splat(-0.0))));
}

// @ts-ignore: decorator
@inline
function putRounded(out: usize, x: usize, inverse: f32): void {
  const factor = f32x4.splat(inverse);
  const a = awayFromZero(f32x4.mul(v128.load(x), factor));
  const b = awayFromZero(f32x4.mul(v128.load(x, 16), factor));
  const c = awayFromZero(f32x4.mul(v128.load(x, 32), factor));
  const d = awayFromZero(f32x4.mul(v128.load(x, 48), factor));
  v128.store(out, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
}

export function encodeQ80(out: usize, x: usize, blocks: i32, _importance: usize, _width: i32): void {
  for (; blocks > 0; blocks--) {
    const d = absmaxOf(x) / 127;
    const inverse = reciprocal(d);
    store<u16>(out, <u16>halfBits(d));
    if (isInfinite(inverse)) memory.fill(out + 2, 0, 32);
    else {
      putRounded(out + 2, x, inverse);
      putRounded(out + 18, x + 64, inverse);
    }
    out += 34;
    x += 128;
  }
}

/** floor(log2(a)), the logarithm rounded to float32: float4.ts says how. */
function exponentOf(a: f32): i32 {
  const bits = reinterpret<i32>(a);
  if (bits < 0x800000) return -127;
  const exponent = (bits >> 23) - 127;
  const next = abs<i32>(exponent + 1);
  if (next == 0) return exponent;
  const below = exponent < 0 ? <f32>next : <f32>next - <f32>0.5;
  const power = ((reinterpret<i32>(below) >> 23) - 127 - 24) as i64;
  const halfStep = reinterpret<f64>((power + 1023) << 52);
  const missing = <f64>(0x800000 - (bits & 0x7fffff));
  return missing * 5.9604644775390625e-8 <= halfStep * 0.6931471805599453 ? exponent + 1 : exponent;
}

/** Codes of four elements: how many thresholds the magnitude is above, and 8 for the sign of what is not 0. */
// @ts-ignore: decorator
@inline
function levelCodes(value: v128, d: f32): v128 {
  const a = f32x4.abs(value);
  let code = f32x4.gt(a, f32x4.splat(<f32>0.5 * d));
  code = i32x4.add(code, f32x4.gt(a, f32x4.splat(<f32>1.5 * d)));
  code = i32x4.add(code, f32x4.gt(a, f32x4.splat(<f32>2.5 * d)));
  code = i32x4.add(code, f32x4.gt(a, f32x4.splat(<f32>3.5 * d)));
  code = i32x4.add(code, f32x4.gt(a, f32x4.splat(5 * d)));
  code = i32x4.add(code, f32x4.gt(a, f32x4.splat(7 * d)));
  code = i32x4.neg(i32x4.add(code, f32x4.gt(a, f32x4.splat(10 * d))));
  const sign = v128.and(i32x4.shr_u(value, 28), i32x4.splat(8));
  return v128.or(code, v128.and(sign, i32x4.ne(code, i32x4.splat(0))));
}

// @ts-ignore: decorator
@inline
function sixteenLevels(x: usize, d: f32): v128 {
  const a = levelCodes(v128.load(x), d);
  const b = levelCodes(v128.load(x, 16), d);
  const c = levelCodes(v128.load(x, 32), d);
  const e = levelCodes(v128.load(x, 48), d);
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, e));
}

export function encodeMXFP4(out: usize, x: usize, blocks: i32, _importance: usize, _width: i32): void {
  for (; blocks > 0; blocks--) {
    const most = absmaxOf(x);
    const code = most > 0 ? max(0, exponentOf(most) + 125) : 0;
    // Half the value of the scale, 2^(code - 128).
    const d = reinterpret<f32>(code < 2 ? 0x200000 << code : (code - 1) << 23);
    store<u8>(out, <u8>code);
    putNibbles(out + 1, sixteenLevels(x, d), sixteenLevels(x + 64, d));
    out += 17;
    x += 128;
  }
}
