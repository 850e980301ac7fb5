/**
 * Codes back to real numbers: out = fround(scale * (code - zeroPoint)), the product taken in float64.
 * Fast path: while |code - zeroPoint| < 2^24 the difference is exact in float32 and the product of two float32 is exact
 * in float64, so one float32 multiplication rounds the same value once: the same bits.
 */
const FAST_LIMIT: i32 = (1 << 24) - (1 << 16);
/** In runs of one-byte codes the difference is even taken in 16 bits, eight at a time: 8 % faster. */
const BYTE_LIMIT: i32 = (1 << 15) - (1 << 8);

// @ts-ignore: decorator
@inline
function isWithin(zeroPoint: i32, limit: i32): bool {
  return zeroPoint >= -limit && zeroPoint <= limit;
}

// @ts-ignore: decorator
@inline
function storeFour(out: usize, differences: v128, scale: v128): void {
  v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(differences), scale));
}

// @ts-ignore: decorator
@inline
function low16<T>(v: v128): v128 {
  return isSigned<T>() ? i16x8.extend_low_i8x16_s(v) : i16x8.extend_low_i8x16_u(v);
}

// @ts-ignore: decorator
@inline
function high16<T>(v: v128): v128 {
  return isSigned<T>() ? i16x8.extend_high_i8x16_s(v) : i16x8.extend_high_i8x16_u(v);
}

// @ts-ignore: decorator
@inline
function low32<T>(v: v128): v128 {
  return isSigned<T>() ? i32x4.extend_low_i16x8_s(v) : i32x4.extend_low_i16x8_u(v);
}

// @ts-ignore: decorator
@inline
function high32<T>(v: v128): v128 {
  return isSigned<T>() ? i32x4.extend_high_i16x8_s(v) : i32x4.extend_high_i16x8_u(v);
}

/** Codes 0 to 7 and 8 to 15 at `codes`, as 16 bits each. */
// @ts-ignore: decorator
@inline
function firstEight<T>(codes: usize): v128 {
  return sizeof<T>() == 1 ? low16<T>(v128.load(codes)) : v128.load(codes);
}

// @ts-ignore: decorator
@inline
function lastEight<T>(codes: usize): v128 {
  return sizeof<T>() == 1 ? high16<T>(v128.load(codes)) : v128.load(codes, 16);
}

// @ts-ignore: decorator
@inline
function one<T>(code: T, zeroPoint: i32, scale: f32): f32 {
  return <f32>(<i32>code - zeroPoint) * scale;
}

/** `zeroPoint`: eight int16 for codes of one byte, else four int32. */
// @ts-ignore: decorator
@inline
function sixteen<T>(out: usize, codes: usize, zeroPoint: v128, scale: v128): void {
  let first = firstEight<T>(codes);
  let last = lastEight<T>(codes);
  if (sizeof<T>() == 1) {
    first = i16x8.sub(first, zeroPoint);
    last = i16x8.sub(last, zeroPoint);
    storeFour(out, i32x4.extend_low_i16x8_s(first), scale);
    storeFour(out + 16, i32x4.extend_high_i16x8_s(first), scale);
    storeFour(out + 32, i32x4.extend_low_i16x8_s(last), scale);
    storeFour(out + 48, i32x4.extend_high_i16x8_s(last), scale);
  } else {
    storeFour(out, i32x4.sub(low32<T>(first), zeroPoint), scale);
    storeFour(out + 16, i32x4.sub(high32<T>(first), zeroPoint), scale);
    storeFour(out + 32, i32x4.sub(low32<T>(last), zeroPoint), scale);
    storeFour(out + 48, i32x4.sub(high32<T>(last), zeroPoint), scale);
  }
}

/** Inlined: a call costs as much as many elements of a short run. */
// @ts-ignore: decorator
@inline
function segment<T>(out: usize, codes: usize, count: i32, scale: f32, zeroPoint: i32): void {
  if (count < 16) {
    for (let i = 0; i < count; i++) {
      store<f32>(out, one<T>(load<T>(codes), zeroPoint, scale));
      codes += sizeof<T>();
      out += 4;
    }
    return;
  }
  const scales = f32x4.splat(scale);
  const zeroPoints = sizeof<T>() == 1 ? i16x8.splat(<i16>zeroPoint) : i32x4.splat(zeroPoint);
  // As in quantize.ts: fewer, longer steps for the common types; 16 or more elements are left.
  if (sizeof<T>() == 1) {
    for (; count >= 80; count -= 64) {
      sixteen<T>(out, codes, zeroPoints, scales);
      sixteen<T>(out + 64, codes + 16, zeroPoints, scales);
      sixteen<T>(out + 128, codes + 32, zeroPoints, scales);
      sixteen<T>(out + 192, codes + 48, zeroPoints, scales);
      codes += 64;
      out += 256;
    }
  }
  for (;;) {
    sixteen<T>(out, codes, zeroPoints, scales);
    count -= 16;
    if (count <= 0) return;
    // The last step may overlap the one before: the same values are written twice.
    const step = <usize>min(count, 16);
    count = max(count, 16);
    codes += step * sizeof<T>();
    out += step << 2;
  }
}

/** Any zero point: beyond 2^24 the difference needs more than the 24 bits of float32. */
function slowOne<T>(code: T, zeroPoint: i32, scale: f32): f32 {
  return <f32>(<f64>scale * (<f64>code - <f64>zeroPoint));
}

function runs<T>(
  out: usize,
  codes: usize,
  scales: usize,
  zeroPoints: usize,
  rows: i32,
  width: i32,
  run: i32,
): void {
  const limit = sizeof<T>() == 1 ? BYTE_LIMIT : FAST_LIMIT;
  let zeroPoint = 0;
  for (let r = 0; r < rows; r++) {
    for (let left = width; left > 0; left -= run) {
      const count = min(run, left);
      const scale = load<f32>(scales);
      if (zeroPoints) zeroPoint = load<i32>(zeroPoints);
      if (isWithin(zeroPoint, limit)) segment<T>(out, codes, count, scale, zeroPoint);
      else {
        for (let i = <usize>0; i < <usize>count; i++) {
          store<f32>(out + (i << 2), slowOne<T>(load<T>(codes + i * sizeof<T>()), zeroPoint, scale));
        }
      }
      codes += (<usize>count) * sizeof<T>();
      out += (<usize>count) << 2;
      scales += 4;
      if (zeroPoints) zeroPoints += 4;
    }
  }
}

/** `kind`: 0 int8, 1 uint8, 2 int16, 3 uint16. `zeroPoints` 0: none. */
export function dequantizeRuns(
  kind: i32,
  out: usize,
  codes: usize,
  scales: usize,
  zeroPoints: usize,
  rows: i32,
  width: i32,
  run: i32,
): void {
  // prettier-ignore
  switch (kind) {
    case 0: runs<i8>(out, codes, scales, zeroPoints, rows, width, run); break;
    case 1: runs<u8>(out, codes, scales, zeroPoints, rows, width, run); break;
    case 2: runs<i16>(out, codes, scales, zeroPoints, rows, width, run); break;
    default: runs<u16>(out, codes, scales, zeroPoints, rows, width, run);
  }
}

/**
 * Copies the parameters of `width` columns `repeats` times into `table`: scales, then, `room` bytes behind, zero points.
 * Returns 1 when all zero points allow the fast path, else 0.
 */
export function repeatColumns(
  table: usize,
  room: usize,
  scales: usize,
  zeroPoints: usize,
  width: i32,
  repeats: i32,
): i32 {
  let fast = 1;
  for (let k = 0; k < repeats; k++) {
    for (let c = <usize>0; c < <usize>width; c++) {
      const zeroPoint = zeroPoints ? load<i32>(zeroPoints + (c << 2)) : 0;
      store<f32>(table, load<f32>(scales + (c << 2)));
      store<i32>(table + room, zeroPoint);
      if (!isWithin(zeroPoint, FAST_LIMIT)) fast = 0;
      table += 4;
    }
  }
  return fast;
}

// @ts-ignore: decorator
@inline
function storeColumns(out: usize, codes: v128, table: usize, room: usize): void {
  storeFour(out, i32x4.sub(codes, v128.load(table + room)), v128.load(table));
}

function columns<T>(
  out: usize,
  codes: usize,
  count: i32,
  period: i32,
  table: usize,
  room: usize,
  fast: i32,
): void {
  for (let left = count; left > 0; left -= period) {
    const length = min(period, left);
    let c = 0;
    while (fast && c + 16 <= length) {
      const from = codes + (<usize>c) * sizeof<T>();
      const to = out + ((<usize>c) << 2);
      const entry = table + ((<usize>c) << 2);
      const first = firstEight<T>(from);
      const last = lastEight<T>(from);
      storeColumns(to, low32<T>(first), entry, room);
      storeColumns(to + 16, high32<T>(first), entry + 16, room);
      storeColumns(to + 32, low32<T>(last), entry + 32, room);
      storeColumns(to + 48, high32<T>(last), entry + 48, room);
      c = c + 16 < length ? min(c + 16, length - 16) : length;
    }
    for (; c < length; c++) {
      const entry = table + ((<usize>c) << 2);
      const code = load<T>(codes + (<usize>c) * sizeof<T>());
      store<f32>(out + ((<usize>c) << 2), slowOne<T>(code, load<i32>(entry + room), load<f32>(entry)));
    }
    codes += (<usize>length) * sizeof<T>();
    out += (<usize>length) << 2;
  }
}

/** After repeatColumns, with what it returned as `fast`: `count` elements in rows of `period` columns. */
export function dequantizeColumns(
  kind: i32,
  fast: i32,
  out: usize,
  codes: usize,
  count: i32,
  period: i32,
  table: usize,
  room: usize,
): void {
  // prettier-ignore
  switch (kind) {
    case 0: columns<i8>(out, codes, count, period, table, room, fast); break;
    case 1: columns<u8>(out, codes, count, period, table, room, fast); break;
    case 2: columns<i16>(out, codes, count, period, table, room, fast); break;
    default: columns<u16>(out, codes, count, period, table, room, fast);
  }
}
