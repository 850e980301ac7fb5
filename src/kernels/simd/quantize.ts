/** Quantization in runs. Letters and semantics as in ../types.ts, the method as in codes.ts. */
import {
  Product,
  Quotient,
  MAGIC_BITS,
  SMALLEST_NORMAL,
  areRight,
  divisorOf,
  four,
  isNear,
  isNormal,
  one,
  slowSegment,
  storeClamped,
  storeSixteen,
  sums,
} from './codes';

// @ts-ignore: decorator
@inline
function sixteen<T, Op>(out: usize, x: usize, factor: v128, low: v128, high: v128, bias: v128): void {
  storeSixteen<T>(
    out,
    four<Op>(v128.load(x), factor, low, high, bias),
    four<Op>(v128.load(x, 16), factor, low, high, bias),
    four<Op>(v128.load(x, 32), factor, low, high, bias),
    four<Op>(v128.load(x, 48), factor, low, high, bias),
  );
}

/** Stores 16 codes and returns the bits of all their sums: the codes are right if `areRight` says so. */
// @ts-ignore: decorator
@inline
function sixteenAtOnce<T, Op>(
  out: usize,
  x: usize,
  factor: v128,
  bias: v128,
  least: v128,
  most: v128,
): v128 {
  const a = sums<Op>(x, 0, factor);
  const b = sums<Op>(x, 16, factor);
  const c = sums<Op>(x, 32, factor);
  const d = sums<Op>(x, 48, factor);
  // prettier-ignore
  storeClamped<T>(
    out, i32x4.sub(a, bias), i32x4.sub(b, bias), i32x4.sub(c, bias), i32x4.sub(d, bias), least, most,
  );
  return v128.or(v128.or(a, b), v128.or(c, d));
}

/** `count` elements with one set of parameters. Inlined: a call costs as much as 16 elements of a short run. */
// @ts-ignore: decorator
@inline
function segment<T, Op>(
  out: usize,
  x: usize,
  count: i32,
  factor: f32,
  low: f32,
  high: f32,
  bias: i32,
  codeMin: i32,
  codeMax: i32,
): void {
  if (count < 16) {
    for (let i = 0; i < count; i++) {
      store<T>(out, <T>one<Op>(load<f32>(x), factor, low, high, bias));
      out += sizeof<T>();
      x += 4;
    }
    return;
  }
  const factors = f32x4.splat(factor);
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  const biases = i32x4.splat(bias);
  // 64 per step: V8's loop bookkeeping costs 20 % at 16 per step. Only for the common types, as it takes 1 KB each.
  // At least 16 elements are left for the loop after it, which steps back over them and never over what follows x.
  if (sizeof<T>() == 1 && !isFloat<Op>()) {
    const least = i8x16.splat(<i8>codeMin);
    const most = i8x16.splat(<i8>codeMax);
    for (; count >= 80; count -= 64) {
      let bits = sixteenAtOnce<T, Op>(out, x, factors, biases, least, most);
      bits = v128.or(bits, sixteenAtOnce<T, Op>(out + 16, x + 64, factors, biases, least, most));
      bits = v128.or(bits, sixteenAtOnce<T, Op>(out + 32, x + 128, factors, biases, least, most));
      bits = v128.or(bits, sixteenAtOnce<T, Op>(out + 48, x + 192, factors, biases, least, most));
      if (!areRight(bits)) {
        for (let i: usize = 0; i < 64; i += 16) sixteen<T, Op>(out + i, x + (i << 2), factors, lows, highs, biases);
      }
      x += 256;
      out += 64;
    }
  }
  for (;;) {
    sixteen<T, Op>(out, x, factors, lows, highs, biases);
    count -= 16;
    if (count <= 0) return;
    // The last step may overlap the one before: the same codes are written twice, and no loop over a tail is needed.
    const step = <usize>min(count, 16);
    count = max(count, 16);
    x += step << 2;
    out += step * sizeof<T>();
  }
}

/**
 * Factors of the next runs, four divisions at a time: a scalar division per run took as long as 20 elements (3.1 against
 * 5.0 G elements/s for runs of 32).
 */
const FACTORS: i32 = 256;
const FACTORS_BEGIN: usize = memory.data(1024, 16);
const FACTORS_END: usize = FACTORS_BEGIN + 1024;

/** Whether all of them are normal. */
function prepareFactors(scales: usize, count: i32): bool {
  const ones = f32x4.splat(1);
  const smallest = f32x4.splat(SMALLEST_NORMAL);
  const infinity = f32x4.splat(Infinity);
  let normal = i32x4.splat(-1);
  let to = FACTORS_BEGIN;
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const factors = f32x4.div(ones, v128.load(scales));
    const magnitudes = f32x4.abs(factors);
    normal = v128.and(normal, f32x4.ge(magnitudes, smallest));
    normal = v128.and(normal, f32x4.lt(magnitudes, infinity));
    v128.store(to, factors);
    scales += 16;
    to += 16;
  }
  let result = i32x4.all_true(normal);
  for (; i < count; i++) {
    const factor = <f32>1.0 / load<f32>(scales);
    result = result && isNormal(factor);
    store<f32>(to, factor);
    scales += 4;
    to += 4;
  }
  return result;
}

function runs<T>(
  out: usize,
  x: usize,
  scales: usize,
  zeroPoints: usize,
  rows: i32,
  width: i32,
  run: i32,
  codeMin: i32,
  codeMax: i32,
  rounding: i32,
  division: i32,
  seed: f64,
  position: f64,
): void {
  let zeroPoint: i64 = 0;
  let low = <f32>codeMin;
  let high = <f32>codeMax;
  let bias = MAGIC_BITS;
  let isFast = rounding == 0;
  let ahead = (<i64>rows) * ((width + run - 1) / run);
  let entry = FACTORS_END;
  let isProduct = false;
  for (let r = 0; r < rows; r++) {
    for (let left = width; left > 0; left -= run) {
      if (entry == FACTORS_END) {
        const block = <i32>min<i64>(ahead, FACTORS);
        isProduct = prepareFactors(scales, block) && !division;
        ahead -= block;
        entry = FACTORS_BEGIN;
      }
      const count = min(run, left);
      const factor = load<f32>(entry);
      const scale = load<f32>(scales);
      scales += 4;
      entry += 4;
      if (zeroPoints) {
        zeroPoint = load<i32>(zeroPoints);
        zeroPoints += 4;
        low = <f32>(codeMin - <i32>zeroPoint);
        high = <f32>(codeMax - <i32>zeroPoint);
        bias = MAGIC_BITS - <i32>zeroPoint;
        isFast = rounding == 0 && isNear(zeroPoint);
      }
      if (isFast && (isProduct || (!division && isNormal(factor)))) {
        segment<T, Product>(out, x, count, factor, low, high, bias, codeMin, codeMax);
      } else if (isFast) {
        segment<T, Quotient>(out, x, count, divisorOf(scale), low, high, bias, codeMin, codeMax);
      } else {
        // prettier-ignore
        slowSegment(sizeof<T>(), out, x, count, scale, zeroPoint, codeMin, codeMax, rounding, division, seed, position);
      }
      x += (<usize>count) << 2;
      out += (<usize>count) * sizeof<T>();
      position += <f64>count;
    }
  }
}

/** `kind`: 0 int8, 1 uint8, 2 int16, 3 uint16. `zeroPoints` 0: none. */
export function quantizeRuns(
  kind: i32,
  out: usize,
  x: usize,
  scales: usize,
  zeroPoints: usize,
  rows: i32,
  width: i32,
  run: i32,
  codeMin: i32,
  codeMax: i32,
  rounding: i32,
  division: i32,
  seed: f64,
  position: f64,
): void {
  // prettier-ignore
  switch (kind) {
    case 0: runs<i8>(out, x, scales, zeroPoints, rows, width, run, codeMin, codeMax, rounding, division, seed, position); break;
    case 1: runs<u8>(out, x, scales, zeroPoints, rows, width, run, codeMin, codeMax, rounding, division, seed, position); break;
    case 2: runs<i16>(out, x, scales, zeroPoints, rows, width, run, codeMin, codeMax, rounding, division, seed, position); break;
    default: runs<u16>(out, x, scales, zeroPoints, rows, width, run, codeMin, codeMax, rounding, division, seed, position);
  }
}
