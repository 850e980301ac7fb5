/**
 * The fused kernels for 4 bits: one pass over memory from float32 to packed codes and scales, and back. Runs have an even
 * number of elements, so that each fills whole bytes. The last step of a run may overlap the one before: the same bytes
 * are then written twice, and no loop over a tail is needed.
 *
 * Quantizing: where absmax * |1 / scale| < 2^15, which is always but for special values, no x of the run is NaN or infinite
 * and no product comes near 2^22. Then adding 1.5 * 2^23 rounds it, half to even, into the low bits of the sum, and the
 * limits can wait until the codes are bytes, sixteen to a vector: narrowing saturates and rounding is monotone.
 */
import { firstHalves, lastHalves, nibbles } from './pack';

const ABS_MASK: i32 = 0x7fffffff;
const EXPONENT_MASK: i32 = 0x7f800000;
const SMALLEST_NORMAL: f32 = 1.1754943508222875e-38; // 2^-126
const MAGIC: f32 = 12582912.0; // 1.5 * 2^23
const MAGIC_BITS: i32 = 0x4b400000;

// @ts-ignore: decorator
@inline
function magnitudeAt(x: usize, offset: usize = 0): v128 {
  return v128.and(v128.load(x + offset), i32x4.splat(ABS_MASK));
}

/** Bits of the largest |x|: above those of infinity if there is a NaN. */
// @ts-ignore: decorator
@inline
function absmaxBits(x: usize, count: i32): i32 {
  let best: v128;
  if (count >= 32) {
    let a = i32x4.splat(0);
    let b = a;
    for (let i = 0; i < count; i += 32) {
      const p = x + ((<usize>min(i, count - 32)) << 2);
      const c = i32x4.max_s(magnitudeAt(p), magnitudeAt(p, 16));
      const d = i32x4.max_s(magnitudeAt(p, 32), magnitudeAt(p, 48));
      const e = i32x4.max_s(magnitudeAt(p, 64), magnitudeAt(p, 80));
      const f = i32x4.max_s(magnitudeAt(p, 96), magnitudeAt(p, 112));
      a = i32x4.max_s(a, i32x4.max_s(c, d));
      b = i32x4.max_s(b, i32x4.max_s(e, f));
    }
    best = i32x4.max_s(a, b);
  } else if (count >= 4) {
    best = i32x4.splat(0);
    for (let i = 0; i < count; i += 4)
      best = i32x4.max_s(best, magnitudeAt(x + ((<usize>min(i, count - 4)) << 2)));
  } else {
    best = v128.and(v128.load64_zero(x), i32x4.splat(ABS_MASK));
  }
  best = i32x4.max_s(best, i32x4.shuffle(best, best, 2, 3, 0, 1));
  best = i32x4.max_s(best, i32x4.shuffle(best, best, 1, 0, 3, 2));
  return i32x4.extract_lane(best, 0);
}

/** See the head of float.ts: adding and subtracting the power of two whose step is that of float16 at |s| rounds. */
// @ts-ignore: decorator
@inline
function roundToFloat16(s: f32): f32 {
  const magnitude = abs<f32>(s);
  const exponent = (reinterpret<i32>(magnitude) + (13 << 23)) & EXPONENT_MASK;
  const power = reinterpret<f32>(max(exponent, 0x3f000000));
  const rounded = magnitude < 65520 ? magnitude + power - power : magnitude * f32.MAX_VALUE;
  return copysign<f32>(rounded, s);
}

// @ts-ignore: decorator
@inline
function roundToBfloat16(s: f32): f32 {
  if (s != s) return s;
  const bits = reinterpret<u32>(s);
  return reinterpret<f32>((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000);
}

/** `kind`: 0 float32, 1 float16, 2 bfloat16. */
// @ts-ignore: decorator
@inline
function scaleOf(absmax: f32, divisor: f64, kind: i32): f32 {
  const s = <f32>(<f64>absmax / divisor);
  if (kind == 1) return roundToFloat16(s);
  return kind == 2 ? roundToBfloat16(s) : s;
}

// @ts-ignore: decorator
@inline
function four(x: usize, offset: usize, factor: v128): v128 {
  const sum = f32x4.add(f32x4.mul(v128.load(x + offset), factor), f32x4.splat(MAGIC));
  return i32x4.sub(sum, i32x4.splat(MAGIC_BITS));
}

/** Eight bytes of nibbles, one to a 16-bit lane. */
// @ts-ignore: decorator
@inline
function sixteen(x: usize, factor: v128, least: v128, most: v128): v128 {
  const first = i16x8.narrow_i32x4_s(four(x, 0, factor), four(x, 16, factor));
  const last = i16x8.narrow_i32x4_s(four(x, 32, factor), four(x, 48, factor));
  const codes = i8x16.min_s(i8x16.max_s(i8x16.narrow_i16x8_s(first, last), least), most);
  return nibbles(i8x16.sub(codes, least));
}

/** One code, minus codeMin, by the definition. `quotient` tells whether to divide by the factor. */
function one(x: f32, factor: f32, quotient: bool, codeMin: i32, codeMax: i32): u32 {
  let q = quotient ? x / factor : x * factor;
  if (q != q) q = 0;
  q = min<f32>(max<f32>(q, <f32>codeMin), <f32>codeMax);
  return <i32>nearest<f32>(q) - codeMin;
}

function packSlow(
  packed: usize,
  x: usize,
  count: i32,
  scale: f32,
  reciprocal: f32,
  codeMin: i32,
  codeMax: i32,
): void {
  const magnitude = abs<f32>(reciprocal);
  const quotient = !(magnitude >= SMALLEST_NORMAL && magnitude < Infinity);
  // A divisor of NaN gives the code of 0 everywhere, as a scale of 0 must.
  const factor = quotient ? (scale == 0 ? f32.NaN : scale) : reciprocal;
  for (let i = 0; i < count; i += 2) {
    const low = one(load<f32>(x), factor, quotient, codeMin, codeMax);
    const high = one(load<f32>(x, 4), factor, quotient, codeMin, codeMax);
    store<u8>(packed, <u8>(low | (high << 4)));
    x += 8;
    packed++;
  }
}

/** Codes of one run, or of a piece of it, with its scale and the largest |x| in it. */
// @ts-ignore: decorator
@inline
function pack(
  packed: usize,
  x: usize,
  count: i32,
  absmax: f32,
  scale: f32,
  codeMin: i32,
  codeMax: i32,
): void {
  // A scale of 0 may multiply by 0: all x are finite on the fast path.
  const reciprocal: f32 = scale == 0 ? 0 : <f32>1 / scale;
  const isFast =
    absmax * abs<f32>(reciprocal) < 32768 &&
    (abs<f32>(reciprocal) >= SMALLEST_NORMAL || scale == 0) &&
    count >= 16;
  if (!isFast) {
    packSlow(packed, x, count, scale, <f32>1 / scale, codeMin, codeMax);
    return;
  }
  const factor = f32x4.splat(reciprocal);
  const least = i8x16.splat(<i8>codeMin);
  const most = i8x16.splat(<i8>codeMax);
  if (count >= 32) {
    for (let i = 0; i < count; i += 32) {
      const begin = <usize>min(i, count - 32);
      const p = x + (begin << 2);
      v128.store(
        packed + (begin >> 1),
        i8x16.narrow_i16x8_u(sixteen(p, factor, least, most), sixteen(p + 64, factor, least, most)),
      );
    }
    return;
  }
  for (let i = 0; i < count; i += 16) {
    const begin = <usize>min(i, count - 16);
    const v = sixteen(x + (begin << 2), factor, least, most);
    v128.store64_lane(packed + (begin >> 1), i8x16.narrow_i16x8_u(v, v), 0);
  }
}

export function quantizePackRuns4(
  packed: usize,
  scales: usize,
  x: usize,
  runs: i32,
  run: i32,
  divisor: f64,
  kind: i32,
  codeMin: i32,
  codeMax: i32,
): void {
  for (let j = 0; j < runs; j++) {
    const absmax = reinterpret<f32>(absmaxBits(x, run));
    const scale = scaleOf(absmax, divisor, kind);
    store<f32>(scales, scale);
    pack(packed, x, run, absmax, scale, codeMin, codeMax);
    scales += 4;
    x += (<usize>run) << 2;
    packed += (<usize>run) >> 1;
  }
}

/** For a run longer than a tile: turns the absmax at `scale` into the scale. */
export function scaleRun4(scale: usize, divisor: f64, kind: i32): void {
  store<f32>(scale, scaleOf(load<f32>(scale), divisor, kind));
}

/** For a run longer than a tile: the codes of one piece. */
export function packRun4(
  packed: usize,
  x: usize,
  count: i32,
  scale: usize,
  codeMin: i32,
  codeMax: i32,
): void {
  pack(packed, x, count, reinterpret<f32>(absmaxBits(x, count)), load<f32>(scale), codeMin, codeMax);
}

/**
 * Four codes from 16-bit lanes: with 0x4b00 above it, code n reads as the float32 2^23 + n, so one subtraction gives
 * n + codeMin - zeroPoint, exact while the offset is below 2^22.
 */
// @ts-ignore: decorator
@inline
function storeEight(out: usize, codes: v128, base: v128, scale: v128): void {
  const upper = i16x8.splat(0x4b00);
  const first = i16x8.shuffle(codes, upper, 0, 8, 1, 9, 2, 10, 3, 11);
  const last = i16x8.shuffle(codes, upper, 4, 12, 5, 13, 6, 14, 7, 15);
  v128.store(out, f32x4.mul(f32x4.sub(first, base), scale));
  v128.store(out, f32x4.mul(f32x4.sub(last, base), scale), 16);
}

// @ts-ignore: decorator
@inline
function storeSixteen(out: usize, codes: v128, base: v128, scale: v128): void {
  storeEight(out, i16x8.extend_low_i8x16_u(codes), base, scale);
  storeEight(out + 32, i16x8.extend_high_i8x16_u(codes), base, scale);
}

function unpackSlow(out: usize, packed: usize, count: i32, scale: f32, offset: f64): void {
  for (let i = 0; i < count; i += 2) {
    const byte = <u32>load<u8>(packed);
    store<f32>(out, <f32>(<f64>scale * (<f64>(byte & 15) + offset)));
    store<f32>(out, <f32>(<f64>scale * (<f64>(byte >> 4) + offset)), 4);
    packed++;
    out += 8;
  }
}

// @ts-ignore: decorator
@inline
function unpack(out: usize, packed: usize, count: i32, scale: f32, offset: i64): void {
  if (count < 16 || offset <= -4194304 || offset >= 4194304) {
    unpackSlow(out, packed, count, scale, <f64>offset);
    return;
  }
  const mask = i8x16.splat(15);
  const scales = f32x4.splat(scale);
  const whole: i64 = 8388608 - offset;
  const base = f32x4.splat(<f32>whole);
  if (count >= 32) {
    for (let i = 0; i < count; i += 32) {
      const begin = <usize>min(i, count - 32);
      const v = v128.load(packed + (begin >> 1));
      const low = v128.and(v, mask);
      const high = v128.and(i16x8.shr_u(v, 4), mask);
      storeSixteen(out + (begin << 2), firstHalves(low, high), base, scales);
      storeSixteen(out + (begin << 2) + 64, lastHalves(low, high), base, scales);
    }
    return;
  }
  for (let i = 0; i < count; i += 16) {
    const begin = <usize>min(i, count - 16);
    const v = v128.load64_zero(packed + (begin >> 1));
    const codes = firstHalves(v128.and(v, mask), v128.and(i16x8.shr_u(v, 4), mask));
    storeSixteen(out + (begin << 2), codes, base, scales);
  }
}

/** `zeroPoints` 0: none. */
export function dequantizePackedRuns4(
  out: usize,
  packed: usize,
  scales: usize,
  zeroPoints: usize,
  runs: i32,
  run: i32,
  codeMin: i32,
): void {
  let offset = <i64>codeMin;
  for (let j = 0; j < runs; j++) {
    if (zeroPoints) {
      offset = <i64>codeMin - <i64>load<i32>(zeroPoints);
      zeroPoints += 4;
    }
    unpack(out, packed, run, load<f32>(scales), offset);
    scales += 4;
    out += (<usize>run) << 2;
    packed += (<usize>run) >> 1;
  }
}
