/**
 * Quantization to integer codes. Letters and semantics as in ../types.ts.
 *
 * Fast path, half to even: with q = x * (1 / scale) or x / scale in float32,
 *   code = round(clamp(q, low, high)) + zeroPoint,  low = codeMin - zeroPoint,  high = codeMax - zeroPoint.
 * Clamping before rounding equals clamping after it, because every rounding here is monotone and keeps integers, and low
 * and high are integers. Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the sum: exact, half to even,
 * for |q| <= 2^22, which is why the path is taken only for zero points within +-(2^22 - 2^16). NaN becomes 0 first.
 * Everything else (other roundings, extreme zero points) goes element by element through float64, where q, low, high and
 * the sum are exact.
 */
import { hashAt, hashKey, high } from './random';

const MAGIC: f32 = 12582912.0; // 1.5 * 2^23
const MAGIC_BITS: i32 = 0x4b400000;
const FAST_LIMIT: i64 = (1 << 22) - (1 << 16);
const SMALLEST_NORMAL: f32 = 1.1754943508222875e-38; // 2^-126

const HALF_AWAY: i32 = 1;
const HALF_UP: i32 = 2;
const TRUNCATE: i32 = 3;
const STOCHASTIC: i32 = 4;

/** Types that stand for "multiply by the factor" and "divide by the factor": generics take types only. */
type Product = i32;
type Quotient = f32;

// @ts-ignore: decorator
@inline
function isNormal(factor: f32): bool {
  const magnitude = abs<f32>(factor);
  return magnitude >= SMALLEST_NORMAL && magnitude < Infinity;
}

/**
 * Whether q is to be a quotient: by wish, or because 1 / scale is no normal float32 (|scale| above 2^126 or so, below
 * 2^-128), where the reciprocal would lose bits or be infinite.
 */
// @ts-ignore: decorator
@inline
function divides(scale: f32, division: i32): bool {
  return division != 0 || !isNormal(<f32>1.0 / scale);
}

/** A divisor of NaN makes every quotient NaN, so every code the zero point: the rule for a scale of 0. */
// @ts-ignore: decorator
@inline
function divisorOf(scale: f32): f32 {
  return scale == 0 ? f32.NaN : scale;
}

/** Whether codes of at most 16 bits, less the zero point, lie within +-2^22. */
// @ts-ignore: decorator
@inline
function isNear(zeroPoint: i64): bool {
  return zeroPoint >= -FAST_LIMIT && zeroPoint <= FAST_LIMIT;
}

/** Four codes, as int32. */
// @ts-ignore: decorator
@inline
function four<Op>(x: v128, factor: v128, low: v128, high: v128, bias: v128): v128 {
  let q = isFloat<Op>() ? f32x4.div(x, factor) : f32x4.mul(x, factor);
  q = v128.and(q, f32x4.eq(q, q));
  q = f32x4.pmin(f32x4.pmax(q, low), high);
  return i32x4.sub(f32x4.add(q, f32x4.splat(MAGIC)), bias);
}

// @ts-ignore: decorator
@inline
function one<Op>(x: f32, factor: f32, low: f32, high: f32, bias: i32): i32 {
  let q = isFloat<Op>() ? x / factor : x * factor;
  if (q != q) q = 0;
  q = min<f32>(max<f32>(q, low), high);
  return reinterpret<i32>(q + MAGIC) - bias;
}

// @ts-ignore: decorator
@inline
function storeSixteen<T>(out: usize, a: v128, b: v128, c: v128, d: v128): void {
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

/** `count` elements with one set of parameters. Inlined: a call costs as much as 16 elements of a short run. */
// @ts-ignore: decorator
@inline
function segment<T, Op>(out: usize, x: usize, count: i32, factor: f32, low: f32, high: f32, bias: i32): void {
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
    for (; count >= 80; count -= 64) {
      sixteen<T, Op>(out, x, factors, lows, highs, biases);
      sixteen<T, Op>(out + 16, x + 64, factors, lows, highs, biases);
      sixteen<T, Op>(out + 32, x + 128, factors, lows, highs, biases);
      sixteen<T, Op>(out + 48, x + 192, factors, lows, highs, biases);
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
function slowSegment(
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
        segment<T, Product>(out, x, count, factor, low, high, bias);
      } else if (isFast) {
        segment<T, Quotient>(out, x, count, divisorOf(scale), low, high, bias);
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

/**
 * Parameters of the fast path for `width` columns, repeated `repeats` times so that narrow tensors still fill vectors:
 * factor, low, high (float32) and bias (int32), each `room` bytes behind the one before, from `table` on. Returns 0 for
 * products, 1 for quotients, and 2, with nothing of use in the table, when a column needs the slow path or the columns
 * differ in product and quotient.
 */
export function prepareColumns(
  table: usize,
  room: usize,
  scales: usize,
  zeroPoints: usize,
  width: i32,
  repeats: i32,
  codeMin: i32,
  codeMax: i32,
  division: i32,
): i32 {
  const quotient = i32(divides(load<f32>(scales), division));
  let zeroPoint: i64 = 0;
  for (let k = 0; k < repeats; k++) {
    for (let c = 0; c < width; c++) {
      const scale = load<f32>(scales + ((<usize>c) << 2));
      if (zeroPoints) zeroPoint = load<i32>(zeroPoints + ((<usize>c) << 2));
      const low = <i64>codeMin - zeroPoint;
      const high = <i64>codeMax - zeroPoint;
      if (i32(divides(scale, division)) != quotient || !isNear(zeroPoint)) return 2;
      store<f32>(table, quotient ? divisorOf(scale) : <f32>1.0 / scale);
      store<f32>(table + room, <f32>low);
      store<f32>(table + 2 * room, <f32>high);
      store<i32>(table + 3 * room, MAGIC_BITS - <i32>zeroPoint);
      table += 4;
    }
  }
  return quotient;
}

// @ts-ignore: decorator
@inline
function fourColumns<Op>(x: usize, table: usize, room: usize): v128 {
  return four<Op>(
    v128.load(x),
    v128.load(table),
    v128.load(table + room),
    v128.load(table + 2 * room),
    v128.load(table + 3 * room),
  );
}

/** `count` elements in rows of `period` prepared columns; the last row may be shorter. */
function columns<T, Op>(out: usize, x: usize, count: i32, period: i32, table: usize, room: usize): void {
  for (let left = count; left > 0; left -= period) {
    const length = min(period, left);
    let c = 0;
    while (c + 16 <= length) {
      const at = (<usize>c) << 2;
      storeSixteen<T>(
        out + (<usize>c) * sizeof<T>(),
        fourColumns<Op>(x + at, table + at, room),
        fourColumns<Op>(x + at + 16, table + at + 16, room),
        fourColumns<Op>(x + at + 32, table + at + 32, room),
        fourColumns<Op>(x + at + 48, table + at + 48, room),
      );
      // As in segment: the last step overlaps rather than leaving a tail.
      c = c + 16 < length ? min(c + 16, length - 16) : length;
    }
    for (; c < length; c++) {
      const at = (<usize>c) << 2;
      const entry = table + at;
      store<T>(
        out + (<usize>c) * sizeof<T>(),
        <T>(
          one<Op>(
            load<f32>(x + at),
            load<f32>(entry),
            load<f32>(entry + room),
            load<f32>(entry + 2 * room),
            load<i32>(entry + 3 * room),
          )
        ),
      );
    }
    x += (<usize>length) << 2;
    out += (<usize>length) * sizeof<T>();
  }
}

/** After prepareColumns, with what it returned as `quotient` (0 or 1). */
export function quantizeColumns(
  kind: i32,
  quotient: i32,
  out: usize,
  x: usize,
  count: i32,
  period: i32,
  table: usize,
  room: usize,
): void {
  // prettier-ignore
  switch (kind * 2 + quotient) {
    case 0: columns<i8, Product>(out, x, count, period, table, room); break;
    case 1: columns<i8, Quotient>(out, x, count, period, table, room); break;
    case 2: columns<u8, Product>(out, x, count, period, table, room); break;
    case 3: columns<u8, Quotient>(out, x, count, period, table, room); break;
    case 4: columns<i16, Product>(out, x, count, period, table, room); break;
    case 5: columns<i16, Quotient>(out, x, count, period, table, room); break;
    case 6: columns<u16, Product>(out, x, count, period, table, room); break;
    default: columns<u16, Quotient>(out, x, count, period, table, room);
  }
}

/** Any rounding, any zero points; parameters as given, one per column. */
export function quantizeColumnsSlow(
  kind: i32,
  out: usize,
  x: usize,
  scales: usize,
  zeroPoints: usize,
  rows: i32,
  width: i32,
  codeMin: i32,
  codeMax: i32,
  rounding: i32,
  division: i32,
  seed: f64,
  position: f64,
): void {
  const size: usize = kind < 2 ? 1 : 2;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < width; c++) {
      const at = (<usize>c) << 2;
      const zeroPoint: i64 = zeroPoints ? <i64>load<i32>(zeroPoints + at) : 0;
      const scale = load<f32>(scales + at);
      // prettier-ignore
      slowSegment(size, out, x, 1, scale, zeroPoint, codeMin, codeMax, rounding, division, seed, position);
      out += size;
      x += 4;
      position += 1;
    }
  }
}
