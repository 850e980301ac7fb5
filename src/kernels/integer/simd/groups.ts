/**
 * y = W x with whole numbers for x: every group's products are summed in int32, four lanes of them, before one conversion and one
 * multiplication by the group's scale. Four rows a quarter of the matrix apart share the
 * vectors of x; four distant streams are read twice as fast as four adjacent rows.
 */

/** -c * (sum of x) in lane 0: what takes the offset of a part's codes away. */
// @ts-ignore: decorator
@inline
function beginning(offsets: usize, j: i32, sum: v128): v128 {
  return i32x4.mul(v128.load32_zero(offsets + (<usize>j << 2)), sum);
}

// @ts-ignore: decorator
@inline
function addScaled(total: v128, scale: usize, j: i32, sum: v128): v128 {
  const s = v128.load32_splat(scale + (<usize>j << 2));
  return f32x4.add(total, f32x4.mul(f32x4.convert_i32x4_s(sum), s));
}

// @ts-ignore: decorator
@inline
function addLanes(v: v128): f32 {
  const even = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2);
  return even + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3));
}

/** 32 codes of four bits in eight lanes of 16 bits: code n of each lane meets vector n of x. */
// @ts-ignore: decorator
@inline
function dot32(sum: v128, w: v128, x0: v128, x1: v128, x2: v128, x3: v128): v128 {
  const mask = i16x8.splat(15);
  const d0 = i32x4.dot_i16x8_s(v128.and(w, mask), x0);
  const d1 = i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(w, 4), mask), x1);
  const d2 = i32x4.dot_i16x8_s(v128.and(i16x8.shr_u(w, 8), mask), x2);
  const d3 = i32x4.dot_i16x8_s(i16x8.shr_u(w, 12), x3);
  return i32x4.add(i32x4.add(sum, i32x4.add(d0, d1)), i32x4.add(d2, d3));
}

// @ts-ignore: decorator
@inline
function dot16<T>(sum: v128, w: usize, x0: v128, x1: v128): v128 {
  const w0 = isSigned<T>() ? v128.load8x8_s(w) : v128.load8x8_u(w);
  const w1 = isSigned<T>() ? v128.load8x8_s(w, 8) : v128.load8x8_u(w, 8);
  return i32x4.add(i32x4.add(sum, i32x4.dot_i16x8_s(w0, x0)), i32x4.dot_i16x8_s(w1, x1));
}

/** `x` in the order of nibbles; `sums` minus the sum of x of every part; `offsets` 0: all are `offset`. */
export function groupDots4(
  y: usize,
  w: usize,
  scale: usize,
  offsets: usize,
  x: usize,
  sums: usize,
  rows: i32,
  columns: i32,
  group: i32,
  part: i32,
  offset: i32,
): void {
  const stride = <usize>columns >> 1;
  const groups = columns / group;
  const quarter = rows >> 2;
  for (let r = 0; r < rows; r++) {
    // The last rows, fewer than four, have no partners: each is worked four times at once, which costs little and keeps one loop.
    const apart = r < quarter ? quarter : 0;
    fourRows4(y, w, apart, stride, scale, offsets, x, sums, groups, group, part, offset);
    const step = r + 1 == quarter ? 3 * <usize>quarter + 1 : 1;
    if (r + 1 == quarter) r = 4 * quarter - 1;
    y += step << 2;
    w += step * stride;
    scale += step * (<usize>groups << 2);
    if (offsets != 0) offsets += step * (<usize>groups << 2);
  }
}

function fourRows4(
  y: usize,
  w0: usize,
  apart: i32,
  stride: usize,
  scale: usize,
  offsets: usize,
  x: usize,
  sums: usize,
  groups: i32,
  group: i32,
  part: i32,
  offset: i32,
): void {
  const step = <usize>apart * stride;
  let w1 = w0 + step;
  let w2 = w1 + step;
  let w3 = w2 + step;
  const next = apart * groups;
  let t0 = f32x4.splat(0);
  let t1 = t0;
  let t2 = t0;
  let t3 = t0;
  const constant = i32x4(offset, 0, 0, 0);
  for (let g = 0; g < groups; g++) {
    for (let at = 0; at < group; at += part) {
      const sum = v128.load32_zero(sums);
      sums += 4;
      let a0 = i32x4.mul(constant, sum);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      if (offsets != 0) {
        a0 = beginning(offsets, g, sum);
        a1 = beginning(offsets, g + next, sum);
        a2 = beginning(offsets, g + 2 * next, sum);
        a3 = beginning(offsets, g + 3 * next, sum);
      }
      for (let k = part; k > 0; k -= 32) {
        const x0 = v128.load(x);
        const x1 = v128.load(x, 16);
        const x2 = v128.load(x, 32);
        const x3 = v128.load(x, 48);
        a0 = dot32(a0, v128.load(w0), x0, x1, x2, x3);
        a1 = dot32(a1, v128.load(w1), x0, x1, x2, x3);
        a2 = dot32(a2, v128.load(w2), x0, x1, x2, x3);
        a3 = dot32(a3, v128.load(w3), x0, x1, x2, x3);
        x += 64;
        w0 += 16;
        w1 += 16;
        w2 += 16;
        w3 += 16;
      }
      t0 = addScaled(t0, scale, g, a0);
      t1 = addScaled(t1, scale, g + next, a1);
      t2 = addScaled(t2, scale, g + 2 * next, a2);
      t3 = addScaled(t3, scale, g + 3 * next, a3);
    }
  }
  const yStep = <usize>apart << 2;
  f32.store(y, addLanes(t0));
  f32.store(y + yStep, addLanes(t1));
  f32.store(y + 2 * yStep, addLanes(t2));
  f32.store(y + 3 * yStep, addLanes(t3));
}

/** As groupDots4 for codes of one byte each; `x` in its own order. */
export function groupDots8(
  y: usize,
  w: usize,
  scale: usize,
  offsets: usize,
  x: usize,
  sums: usize,
  rows: i32,
  columns: i32,
  group: i32,
  part: i32,
  offset: i32,
  isUnsigned: i32,
): void {
  if (isUnsigned) allRows8<u8>(y, w, scale, offsets, x, sums, rows, columns, group, part, offset);
  else allRows8<i8>(y, w, scale, offsets, x, sums, rows, columns, group, part, offset);
}

function allRows8<T>(
  y: usize,
  w: usize,
  scale: usize,
  offsets: usize,
  x: usize,
  sums: usize,
  rows: i32,
  columns: i32,
  group: i32,
  part: i32,
  offset: i32,
): void {
  const stride = <usize>columns;
  const groups = columns / group;
  const quarter = rows >> 2;
  for (let r = 0; r < rows; r++) {
    // The last rows, fewer than four, have no partners: each is worked four times at once, which costs little and keeps one loop.
    const apart = r < quarter ? quarter : 0;
    fourRows8<T>(y, w, apart, stride, scale, offsets, x, sums, groups, group, part, offset);
    const step = r + 1 == quarter ? 3 * <usize>quarter + 1 : 1;
    if (r + 1 == quarter) r = 4 * quarter - 1;
    y += step << 2;
    w += step * stride;
    scale += step * (<usize>groups << 2);
    if (offsets != 0) offsets += step * (<usize>groups << 2);
  }
}

function fourRows8<T>(
  y: usize,
  w0: usize,
  apart: i32,
  stride: usize,
  scale: usize,
  offsets: usize,
  x: usize,
  sums: usize,
  groups: i32,
  group: i32,
  part: i32,
  offset: i32,
): void {
  const step = <usize>apart * stride;
  let w1 = w0 + step;
  let w2 = w1 + step;
  let w3 = w2 + step;
  const next = apart * groups;
  let t0 = f32x4.splat(0);
  let t1 = t0;
  let t2 = t0;
  let t3 = t0;
  const constant = i32x4(offset, 0, 0, 0);
  for (let g = 0; g < groups; g++) {
    for (let at = 0; at < group; at += part) {
      const sum = v128.load32_zero(sums);
      sums += 4;
      let a0 = i32x4.mul(constant, sum);
      let a1 = a0;
      let a2 = a0;
      let a3 = a0;
      if (offsets != 0) {
        a0 = beginning(offsets, g, sum);
        a1 = beginning(offsets, g + next, sum);
        a2 = beginning(offsets, g + 2 * next, sum);
        a3 = beginning(offsets, g + 3 * next, sum);
      }
      for (let k = part; k > 0; k -= 16) {
        const x0 = v128.load(x);
        const x1 = v128.load(x, 16);
        a0 = dot16<T>(a0, w0, x0, x1);
        a1 = dot16<T>(a1, w1, x0, x1);
        a2 = dot16<T>(a2, w2, x0, x1);
        a3 = dot16<T>(a3, w3, x0, x1);
        x += 32;
        w0 += 16;
        w1 += 16;
        w2 += 16;
        w3 += 16;
      }
      t0 = addScaled(t0, scale, g, a0);
      t1 = addScaled(t1, scale, g + next, a1);
      t2 = addScaled(t2, scale, g + 2 * next, a2);
      t3 = addScaled(t3, scale, g + 3 * next, a3);
    }
  }
  const yStep = <usize>apart << 2;
  f32.store(y, addLanes(t0));
  f32.store(y + yStep, addLanes(t1));
  f32.store(y + 2 * yStep, addLanes(t2));
  f32.store(y + 3 * yStep, addLanes(t3));
}
