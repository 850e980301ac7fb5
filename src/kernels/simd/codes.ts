/**
 * Quantization to integer codes: what quantize.ts (runs) and quantize-columns.ts share. Letters and semantics as in ../types.ts.
 *
 * Fast path, half to even: with q = x * (1 / scale) or x / scale in float32,
 *   code = round(clamp(q, low, high)) + zeroPoint,  low = codeMin - zeroPoint,  high = codeMax - zeroPoint.
 * Clamping before rounding equals clamping after it, because every rounding here is monotone and keeps integers, and low
 * and high are integers. Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the sum: exact, half to even,
 * for |q| <= 2^22, which is why the path is taken only for zero points within +-(2^22 - 2^16). NaN becomes 0 first.
 * Long segments spare the NaN test and the clamp of q (16 M elements in tiles: 1.65 ms, not 2.2): they add first and clamp
 * the codes, 16 at a time, where they are bytes. Sums whose upper 9 bits lie within those of 2^23 to 2^24 are right: as
 * integers they grow with q, and where they fall below 2^23, because q is below -2^22, they only saturate lower. All
 * others (NaN, q from 2^22 on, sums below 0) set another bit, which one test per 64 elements finds; these 64 are then done
 * the careful way.
 * Everything else (other roundings, extreme zero points) goes element by element through float64, where q, low, high and
 * the sum are exact.
 */
import { hashAt, hashKey, high } from './random';

const MAGIC: f32 = 12582912.0; // 1.5 * 2^23
export const MAGIC_BITS: i32 = 0x4b400000;
const FAST_LIMIT: i64 = (1 << 22) - (1 << 16);
export const SMALLEST_NORMAL: f32 = 1.1754943508222875e-38; // 2^-126

const HALF_AWAY: i32 = 1;
const HALF_UP: i32 = 2;
const TRUNCATE: i32 = 3;
const STOCHASTIC: i32 = 4;

/** Types that stand for "multiply by the factor" and "divide by the factor": generics take types only. */
export type Product = i32;
export type Quotient = f32;

// @ts-ignore: decorator
@inline
export function isNormal(factor: f32): bool {
  const magnitude = abs<f32>(factor);
  return magnitude >= SMALLEST_NORMAL && magnitude < Infinity;
}

/**
 * Whether q is to be a quotient: by wish, or because 1 / scale is no normal float32 (|scale| above 2^126 or so, below
 * 2^-128), where the reciprocal would lose bits or be infinite.
 */
// @ts-ignore: decorator
@inline
export function divides(scale: f32, division: i32): bool {
  return division != 0 || !isNormal(<f32>1.0 / scale);
}

/** A divisor of NaN makes every quotient NaN, so every code the zero point: the rule for a scale of 0. */
// @ts-ignore: decorator
@inline
export function divisorOf(scale: f32): f32 {
  return scale == 0 ? f32.NaN : scale;
}

/** Whether codes of at most 16 bits, less the zero point, lie within +-2^22. */
// @ts-ignore: decorator
@inline
export function isNear(zeroPoint: i64): bool {
  return zeroPoint >= -FAST_LIMIT && zeroPoint <= FAST_LIMIT;
}

/** Upper 9 bits of the float32 from 2^23 to 2^24. */
const UPPER_BITS: i32 = 0xff800000;
const UPPER_BITS_OF_MAGIC: i32 = 0x4b000000;

/** Four sums q + 1.5 * 2^23. */
// @ts-ignore: decorator
@inline
export function sums<Op>(x: usize, offset: usize, factor: v128): v128 {
  const v = v128.load(x + offset);
  return f32x4.add(isFloat<Op>() ? f32x4.div(v, factor) : f32x4.mul(v, factor), f32x4.splat(MAGIC));
}

/** 16 codes of one byte from their int32, which saturate twice on the way, then to the limits. */
// @ts-ignore: decorator
@inline
export function storeClamped<T>(out: usize, a: v128, b: v128, c: v128, d: v128, least: v128, most: v128): void {
  const low = i16x8.narrow_i32x4_s(a, b);
  const high = i16x8.narrow_i32x4_s(c, d);
  const codes = isSigned<T>() ? i8x16.narrow_i16x8_s(low, high) : i8x16.narrow_i16x8_u(low, high);
  v128.store(
    out,
    isSigned<T>()
      ? i8x16.min_s(i8x16.max_s(codes, least), most)
      : i8x16.min_u(i8x16.max_u(codes, least), most),
  );
}

// @ts-ignore: decorator
@inline
export function areRight(bits: v128): bool {
  const upper = v128.and(bits, i32x4.splat(UPPER_BITS));
  return i32x4.all_true(i32x4.eq(upper, i32x4.splat(UPPER_BITS_OF_MAGIC)));
}

/** Four codes, as int32. */
// @ts-ignore: decorator
@inline
export function four<Op>(x: v128, factor: v128, low: v128, high: v128, bias: v128): v128 {
  let q = isFloat<Op>() ? f32x4.div(x, factor) : f32x4.mul(x, factor);
  q = v128.and(q, f32x4.eq(q, q));
  q = f32x4.pmin(f32x4.pmax(q, low), high);
  return i32x4.sub(f32x4.add(q, f32x4.splat(MAGIC)), bias);
}

// @ts-ignore: decorator
@inline
export function one<Op>(x: f32, factor: f32, low: f32, high: f32, bias: i32): i32 {
  let q = isFloat<Op>() ? x / factor : x * factor;
  if (q != q) q = 0;
  q = min<f32>(max<f32>(q, low), high);
  return reinterpret<i32>(q + MAGIC) - bias;
}

// @ts-ignore: decorator
@inline
export function storeSixteen<T>(out: usize, a: v128, b: v128, c: v128, d: v128): void {
  if (sizeof<T>() == 1) {
    const low = i16x8.narrow_i32x4_s(a, b);
    const high = i16x8.narrow_i32x4_s(c, d);
    v128.store(out, isSigned<T>() ? i8x16.narrow_i16x8_s(low, high) : i8x16.narrow_i16x8_u(low, high));
  } else if (isSigned<T>()) {
    v128.store(out, i16x8.narrow_i32x4_s(a, b));
    v128.store(out, i16x8.narrow_i32x4_s(c, d), 16);
  } else {
    v128.store(out, i16x8.narrow_i32x4_u(a, b));
    v128.store(out, i16x8.narrow_i32x4_u(c, d), 16);
  }
}

/** Any rounding, any zero point: float64 holds every number here exactly. */
function slowOne(q: f32, low: i64, high: i64, zeroPoint: i64, rounding: i32, key: u32, position: f64): i64 {
  if (q != q) q = 0;
  const v = min<f64>(max<f64>(<f64>q, <f64>low), <f64>high);
  let r: f64;
  if (rounding == TRUNCATE) r = trunc(v);
  else if (rounding == HALF_UP) r = floor(v + 0.5);
  else if (rounding == HALF_AWAY) r = copysign<f64>(floor(abs<f64>(v) + 0.5), v);
  else if (rounding == STOCHASTIC) {
    r = floor(v);
    if (<f64>hashAt(key, position) < (v - r) * 4294967296.0) r += 1;
  } else r = nearest(v);
  return <i64>r + zeroPoint;
}

/** Codes of `size` bytes: the low bits of a code are the same for signed and unsigned types. */
export function slowSegment(
  size: usize,
  out: usize,
  x: usize,
  count: i32,
  scale: f32,
  zeroPoint: i64,
  codeMin: i32,
  codeMax: i32,
  rounding: i32,
  division: i32,
  seed: f64,
  position: f64,
): void {
  const lowest = <i64>codeMin - zeroPoint;
  const highest = <i64>codeMax - zeroPoint;
  const quotient = divides(scale, division);
  const factor = quotient ? divisorOf(scale) : <f32>1.0 / scale;
  let block = high(position);
  let key = hashKey(seed, block);
  for (let i = 0; i < count; i++) {
    const v = load<f32>(x);
    const q = quotient ? v / factor : v * factor;
    if (high(position) != block) {
      block = high(position);
      key = hashKey(seed, block);
    }
    const code = slowOne(q, lowest, highest, zeroPoint, rounding, key, position);
    position += 1;
    if (size == 1) store<u8>(out, <u8>code);
    else store<u16>(out, <u16>code);
    out += size;
    x += 4;
  }
}
