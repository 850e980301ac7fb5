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

// @ts-ignore: decorator
@inline
function absmaxOf32(x: usize): v128 {
  const a = i32x4.max_s(magnitudeAt(x), magnitudeAt(x, 16));
  const b = i32x4.max_s(magnitudeAt(x, 32), magnitudeAt(x, 48));
  const c = i32x4.max_s(magnitudeAt(x, 64), magnitudeAt(x, 80));
  const d = i32x4.max_s(magnitudeAt(x, 96), magnitudeAt(x, 112));
  return i32x4.max_s(i32x4.max_s(a, b), i32x4.max_s(c, d));
}

/**
 * Bits of the largest |x| of `count`, at least 4, in each lane's share: above those of infinity if there is a NaN. The
 * first 32 stand outside the loop, here and below: for runs of 32 there is no loop then, which saves 4 %.
 */
// @ts-ignore: decorator
@inline
function absmaxLanes(x: usize, count: i32): v128 {
  if (count >= 32) {
    let best = absmaxOf32(x);
    for (let i = 32; i < count; i += 32) {
      best = i32x4.max_s(best, absmaxOf32(x + ((<usize>min(i, count - 32)) << 2)));
    }
    return best;
  }
  let best = i32x4.splat(0);
  for (let i = 0; i < count; i += 4) {
    best = i32x4.max_s(best, magnitudeAt(x + ((<usize>min(i, count - 4)) << 2)));
  }
  return best;
}

// @ts-ignore: decorator
@inline
export function absmaxBits(x: usize, count: i32): i32 {
  let best = count >= 4 ? absmaxLanes(x, count) : v128.and(v128.load64_zero(x), i32x4.splat(ABS_MASK));
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

/** scaleOf for four runs. */
// @ts-ignore: decorator
@inline
function fourScales(absmax: v128, divisor: v128, kind: i32): v128 {
  const first = f64x2.div(f64x2.promote_low_f32x4(absmax), divisor);
  const last = f64x2.div(f64x2.promote_low_f32x4(i32x4.shuffle(absmax, absmax, 2, 3, 2, 3)), divisor);
  const s = i32x4.shuffle(f32x4.demote_f64x2_zero(first), f32x4.demote_f64x2_zero(last), 0, 1, 4, 5);
  if (kind == 0) return s;
  if (kind == 1) {
    const magnitude = v128.and(s, i32x4.splat(ABS_MASK));
    const exponent = v128.and(i32x4.add(magnitude, i32x4.splat(13 << 23)), i32x4.splat(EXPONENT_MASK));
    const power = i32x4.max_s(exponent, i32x4.splat(0x3f000000));
    const rounded = f32x4.sub(f32x4.add(magnitude, power), power);
    const large = f32x4.mul(magnitude, f32x4.splat(f32.MAX_VALUE));
    const result = v128.bitselect(rounded, large, f32x4.lt(magnitude, f32x4.splat(65520)));
    return v128.bitselect(result, s, i32x4.splat(ABS_MASK));
  }
  const odd = v128.and(i32x4.shr_u(s, 16), i32x4.splat(1));
  const rounded = v128.and(i32x4.add(i32x4.add(s, i32x4.splat(0x7fff)), odd), i32x4.splat(0xffff0000));
  return v128.bitselect(rounded, s, f32x4.eq(s, s));
}

// @ts-ignore: decorator
@inline
function four(x: usize, offset: usize, factor: v128, bias: v128): v128 {
  const sum = f32x4.add(f32x4.mul(v128.load(x + offset), factor), f32x4.splat(MAGIC));
  return i32x4.sub(sum, bias);
}

// @ts-ignore: decorator
@inline
function biasOf(codeMin: i32): v128 {
  return i32x4.splat(MAGIC_BITS + codeMin);
}

// @ts-ignore: decorator
@inline
function mostOf(codeMin: i32, codeMax: i32): v128 {
  return i8x16.splat(<i8>(codeMax - codeMin));
}

/** Eight bytes of nibbles, one to a 16-bit lane: codes minus codeMin, which narrowing to unsigned bytes keeps from 0 on. */
// @ts-ignore: decorator
@inline
function sixteen(x: usize, factor: v128, bias: v128, most: v128): v128 {
  const first = i16x8.narrow_i32x4_s(four(x, 0, factor, bias), four(x, 16, factor, bias));
  const last = i16x8.narrow_i32x4_s(four(x, 32, factor, bias), four(x, 48, factor, bias));
  return nibbles(i8x16.min_u(i8x16.narrow_i16x8_u(first, last), most));
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
  packFast(packed, x, count, f32x4.splat(reciprocal), biasOf(codeMin), mostOf(codeMin, codeMax));
}

// @ts-ignore: decorator
@inline
function pack32(packed: usize, x: usize, factor: v128, bias: v128, most: v128): void {
  const first = sixteen(x, factor, bias, most);
  v128.store(packed, i8x16.narrow_i16x8_u(first, sixteen(x + 64, factor, bias, most)));
}

/** At least 16 codes, on the fast path. */
// @ts-ignore: decorator
@inline
function packFast(packed: usize, x: usize, count: i32, factor: v128, bias: v128, most: v128): void {
  if (count >= 32) {
    pack32(packed, x, factor, bias, most);
    for (let i = 32; i < count; i += 32) {
      const begin = <usize>min(i, count - 32);
      pack32(packed + (begin >> 1), x + (begin << 2), factor, bias, most);
    }
    return;
  }
  for (let i = 0; i < count; i += 16) {
    const begin = <usize>min(i, count - 16);
    const v = sixteen(x + (begin << 2), factor, bias, most);
    v128.store64_lane(packed + (begin >> 1), i8x16.narrow_i16x8_u(v, v), 0);
  }
}

/**
 * Four runs of at least 16 elements. Alone, a run of 32 waits for its maximum across the lanes and for two divisions; here
 * four runs share them (16 M elements: 3.7 ms, not 5.9). Returns false, with nothing of use stored, when a run is not for the
 * fast path.
 */
// @ts-ignore: decorator
@inline
function fourRuns(
  packed: usize,
  scales: usize,
  x: usize,
  run: i32,
  divisor: v128,
  kind: i32,
  bias: v128,
  most: v128,
): bool {
  const step = (<usize>run) << 2;
  const bytes = (<usize>run) >> 1;
  const a = absmaxLanes(x, run);
  const b = absmaxLanes(x + step, run);
  const c = absmaxLanes(x + 2 * step, run);
  const d = absmaxLanes(x + 3 * step, run);
  const ab = i32x4.max_s(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = i32x4.max_s(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  const absmax = i32x4.max_s(i32x4.shuffle(ab, cd, 0, 1, 4, 5), i32x4.shuffle(ab, cd, 2, 3, 6, 7));
  const scale = fourScales(absmax, divisor, kind);
  const zero = f32x4.eq(scale, f32x4.splat(0));
  const factor = v128.andnot(f32x4.div(f32x4.splat(1), scale), zero);
  const size = f32x4.abs(factor);
  const isFast = v128.and(
    f32x4.lt(f32x4.mul(absmax, size), f32x4.splat(32768)),
    v128.or(f32x4.ge(size, f32x4.splat(SMALLEST_NORMAL)), zero),
  );
  if (!i32x4.all_true(isFast)) return false;
  v128.store(scales, scale);
  packFast(packed, x, run, i32x4.shuffle(factor, factor, 0, 0, 0, 0), bias, most);
  packFast(packed + bytes, x + step, run, i32x4.shuffle(factor, factor, 1, 1, 1, 1), bias, most);
  packFast(packed + 2 * bytes, x + 2 * step, run, i32x4.shuffle(factor, factor, 2, 2, 2, 2), bias, most);
  packFast(packed + 3 * bytes, x + 3 * step, run, i32x4.shuffle(factor, factor, 3, 3, 3, 3), bias, most);
  return true;
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
  const divisors = f64x2.splat(divisor);
  const bias = biasOf(codeMin);
  const most = mostOf(codeMin, codeMax);
  let j = 0;
  while (j < runs) {
    if (run >= 16 && j + 4 <= runs && fourRuns(packed, scales, x, run, divisors, kind, bias, most)) {
      j += 4;
      scales += 16;
      x += (<usize>run) << 4;
      packed += (<usize>run) << 1;
      continue;
    }
    const absmax = reinterpret<f32>(absmaxBits(x, run));
    const scale = scaleOf(absmax, divisor, kind);
    store<f32>(scales, scale);
    pack(packed, x, run, absmax, scale, codeMin, codeMax);
    j++;
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
