/** Quantization in columns. Letters and semantics as in ../types.ts, the method as in codes.ts. */
import {
  Product,
  Quotient,
  MAGIC_BITS,
  areRight,
  divides,
  divisorOf,
  four,
  isNear,
  one,
  slowSegment,
  storeClamped,
  storeSixteen,
  sums,
} from './codes';

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

// @ts-ignore: decorator
@inline
function sixteenColumns<T, Op>(out: usize, x: usize, table: usize, room: usize): void {
  storeSixteen<T>(
    out,
    fourColumns<Op>(x, table, room),
    fourColumns<Op>(x + 16, table + 16, room),
    fourColumns<Op>(x + 32, table + 32, room),
    fourColumns<Op>(x + 48, table + 48, room),
  );
}

/** As sixteenAtOnce. */
// @ts-ignore: decorator
@inline
function sixteenColumnsAtOnce<T, Op>(
  out: usize,
  x: usize,
  table: usize,
  room: usize,
  least: v128,
  most: v128,
): v128 {
  const a = sums<Op>(x, 0, v128.load(table));
  const b = sums<Op>(x, 16, v128.load(table, 16));
  const c = sums<Op>(x, 32, v128.load(table, 32));
  const d = sums<Op>(x, 48, v128.load(table, 48));
  const biases = table + 3 * room;
  storeClamped<T>(
    out,
    i32x4.sub(a, v128.load(biases)),
    i32x4.sub(b, v128.load(biases, 16)),
    i32x4.sub(c, v128.load(biases, 32)),
    i32x4.sub(d, v128.load(biases, 48)),
    least,
    most,
  );
  return v128.or(v128.or(a, b), v128.or(c, d));
}

/** `count` elements in rows of `period` prepared columns; the last row may be shorter. */
function columns<T, Op>(
  out: usize,
  x: usize,
  count: i32,
  period: i32,
  table: usize,
  room: usize,
  codeMin: i32,
  codeMax: i32,
): void {
  const least = i8x16.splat(<i8>codeMin);
  const most = i8x16.splat(<i8>codeMax);
  for (let left = count; left > 0; left -= period) {
    const length = min(period, left);
    let c = 0;
    if (sizeof<T>() == 1 && !isFloat<Op>()) {
      for (; c + 64 <= length; c += 64) {
        const to = out + <usize>c;
        const from = x + ((<usize>c) << 2);
        const entry = table + ((<usize>c) << 2);
        let bits = sixteenColumnsAtOnce<T, Op>(to, from, entry, room, least, most);
        for (let k: usize = 16; k < 64; k += 16) {
          const at = k << 2;
          bits = v128.or(
            bits,
            sixteenColumnsAtOnce<T, Op>(to + k, from + at, entry + at, room, least, most),
          );
        }
        if (areRight(bits)) continue;
        for (let k: usize = 0; k < 64; k += 16) {
          sixteenColumns<T, Op>(to + k, from + (k << 2), entry + (k << 2), room);
        }
      }
    }
    while (c + 16 <= length) {
      const at = (<usize>c) << 2;
      sixteenColumns<T, Op>(out + (<usize>c) * sizeof<T>(), x + at, table + at, room);
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
  codeMin: i32,
  codeMax: i32,
): void {
  // prettier-ignore
  switch (kind * 2 + quotient) {
    case 0: columns<i8, Product>(out, x, count, period, table, room, codeMin, codeMax); break;
    case 1: columns<i8, Quotient>(out, x, count, period, table, room, codeMin, codeMax); break;
    case 2: columns<u8, Product>(out, x, count, period, table, room, codeMin, codeMax); break;
    case 3: columns<u8, Quotient>(out, x, count, period, table, room, codeMin, codeMax); break;
    case 4: columns<i16, Product>(out, x, count, period, table, room, codeMin, codeMax); break;
    case 5: columns<i16, Quotient>(out, x, count, period, table, room, codeMin, codeMax); break;
    case 6: columns<u16, Product>(out, x, count, period, table, room, codeMin, codeMax); break;
    default: columns<u16, Quotient>(out, x, count, period, table, room, codeMin, codeMax);
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
