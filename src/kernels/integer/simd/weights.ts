/**
 * y = W x with float32 for x, W never written out. A code is not moved to the low bits of its lane: it is masked and converted where it
 * stands, 2^s times too large, and meets x * 2^-s, which the caller prepared. So four codes of four bits cost one mask, one conversion, one
 * product and one addition. Four rows a quarter of the matrix apart share the vectors of x and hide the latency of additions; a second
 * sum for each row, or codes placed into mantissas in place of conversions, was slower (docs/kernels.md).
 */

/** -c * (sum of x) in lane 0, c the offset of group j less `turn`. */
// @ts-ignore: decorator
@inline
function beginning(offsets: usize, j: i32, turn: i32, sum: v128): v128 {
  return f32x4.mul(f32x4(<f32>(i32.load(offsets + (<usize>j << 2)) - turn), 0, 0, 0), sum);
}

// @ts-ignore: decorator
@inline
function addScaled(total: v128, scale: usize, j: i32, sum: v128): v128 {
  return f32x4.add(total, f32x4.mul(sum, v128.load32_splat(scale + (<usize>j << 2))));
}

// @ts-ignore: decorator
@inline
function addLanes(v: v128): f32 {
  const even = f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 2);
  return even + (f32x4.extract_lane(v, 1) + f32x4.extract_lane(v, 3));
}

// @ts-ignore: decorator
@inline
function addMasked(sum: v128, codes: v128, mask: i32, x: v128): v128 {
  return f32x4.add(sum, f32x4.mul(f32x4.convert_i32x4_s(v128.and(codes, i32x4.splat(mask))), x));
}

/** `sums`: minus the sum of x of every group, float32. `x`: in the order of nibbles, scaled. */
export function weightDots4(
  y: usize,
  w: usize,
  scale: usize,
  offsets: usize,
  x: usize,
  sums: usize,
  rows: i32,
  columns: i32,
  group: i32,
  offset: i32,
): void {
  const stride = <usize>columns >> 1;
  const groups = columns / group;
  const quarter = rows >> 2;
  for (let r = 0; r < rows; r++) {
    // The last rows, fewer than four, have no partners: each is worked four times at once, which costs little and keeps one loop.
    const apart = r < quarter ? quarter : 0;
    fourRows4(y, w, apart, stride, scale, offsets, x, sums, groups, group, offset);
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
  offset: i32,
): void {
  const step = <usize>apart * stride;
  const next = apart * groups;
  let w1 = w0 + step;
  let w2 = w1 + step;
  let w3 = w2 + step;
  let t0 = f32x4.splat(0);
  let t1 = t0;
  let t2 = t0;
  let t3 = t0;
  const constant = f32x4(<f32>offset, 0, 0, 0);
  for (let g = 0; g < groups; g++) {
    const sum = v128.load32_zero(sums);
    sums += 4;
    let a = f32x4.mul(constant, sum);
    let b = a;
    let c = a;
    let d = a;
    if (offsets != 0) {
      a = beginning(offsets, g, 0, sum);
      b = beginning(offsets, g + next, 0, sum);
      c = beginning(offsets, g + 2 * next, 0, sum);
      d = beginning(offsets, g + 3 * next, 0, sum);
    }
    for (let k = group; k > 0; k -= 32) {
      let p0 = v128.load(w0);
      let p1 = v128.load(w1);
      let p2 = v128.load(w2);
      let p3 = v128.load(w3);
      let v = v128.load(x);
      a = addMasked(a, p0, 0xf, v);
      b = addMasked(b, p1, 0xf, v);
      c = addMasked(c, p2, 0xf, v);
      d = addMasked(d, p3, 0xf, v);
      v = v128.load(x, 16);
      a = addMasked(a, p0, 0xf0, v);
      b = addMasked(b, p1, 0xf0, v);
      c = addMasked(c, p2, 0xf0, v);
      d = addMasked(d, p3, 0xf0, v);
      v = v128.load(x, 32);
      a = addMasked(a, p0, 0xf00, v);
      b = addMasked(b, p1, 0xf00, v);
      c = addMasked(c, p2, 0xf00, v);
      d = addMasked(d, p3, 0xf00, v);
      v = v128.load(x, 48);
      a = addMasked(a, p0, 0xf000, v);
      b = addMasked(b, p1, 0xf000, v);
      c = addMasked(c, p2, 0xf000, v);
      d = addMasked(d, p3, 0xf000, v);
      p0 = i32x4.shr_u(p0, 16);
      p1 = i32x4.shr_u(p1, 16);
      p2 = i32x4.shr_u(p2, 16);
      p3 = i32x4.shr_u(p3, 16);
      v = v128.load(x, 64);
      a = addMasked(a, p0, 0xf, v);
      b = addMasked(b, p1, 0xf, v);
      c = addMasked(c, p2, 0xf, v);
      d = addMasked(d, p3, 0xf, v);
      v = v128.load(x, 80);
      a = addMasked(a, p0, 0xf0, v);
      b = addMasked(b, p1, 0xf0, v);
      c = addMasked(c, p2, 0xf0, v);
      d = addMasked(d, p3, 0xf0, v);
      v = v128.load(x, 96);
      a = addMasked(a, p0, 0xf00, v);
      b = addMasked(b, p1, 0xf00, v);
      c = addMasked(c, p2, 0xf00, v);
      d = addMasked(d, p3, 0xf00, v);
      v = v128.load(x, 112);
      a = addMasked(a, p0, 0xf000, v);
      b = addMasked(b, p1, 0xf000, v);
      c = addMasked(c, p2, 0xf000, v);
      d = addMasked(d, p3, 0xf000, v);
      x += 128;
      w0 += 16;
      w1 += 16;
      w2 += 16;
      w3 += 16;
    }
    t0 = addScaled(t0, scale, g, a);
    t1 = addScaled(t1, scale, g + next, b);
    t2 = addScaled(t2, scale, g + 2 * next, c);
    t3 = addScaled(t3, scale, g + 3 * next, d);
  }
  const yStep = <usize>apart << 2;
  f32.store(y, addLanes(t0));
  f32.store(y + yStep, addLanes(t1));
  f32.store(y + 2 * yStep, addLanes(t2));
  f32.store(y + 3 * yStep, addLanes(t3));
}

/** As weightDots4 for codes of one byte each; `turn` is 128 for unsigned ones, whose sign bit is turned, else 0. */
export function weightDots8(
  y: usize,
  w: usize,
  scale: usize,
  offsets: usize,
  x: usize,
  sums: usize,
  rows: i32,
  columns: i32,
  group: i32,
  offset: i32,
  turn: i32,
): void {
  const stride = <usize>columns;
  const groups = columns / group;
  const quarter = rows >> 2;
  for (let r = 0; r < rows; r++) {
    // The last rows, fewer than four, have no partners: each is worked four times at once, which costs little and keeps one loop.
    const apart = r < quarter ? quarter : 0;
    fourRows8(y, w, apart, stride, scale, offsets, x, sums, groups, group, offset, turn);
    const step = r + 1 == quarter ? 3 * <usize>quarter + 1 : 1;
    if (r + 1 == quarter) r = 4 * quarter - 1;
    y += step << 2;
    w += step * stride;
    scale += step * (<usize>groups << 2);
    if (offsets != 0) offsets += step * (<usize>groups << 2);
  }
}

function fourRows8(
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
  offset: i32,
  turn: i32,
): void {
  const step = <usize>apart * stride;
  const next = apart * groups;
  let w1 = w0 + step;
  let w2 = w1 + step;
  let w3 = w2 + step;
  let t0 = f32x4.splat(0);
  let t1 = t0;
  let t2 = t0;
  let t3 = t0;
  const constant = f32x4(<f32>(offset - turn), 0, 0, 0);
  const flip = i8x16.splat(<i8>turn);
  const top: i32 = 0xff000000;
  for (let g = 0; g < groups; g++) {
    const sum = v128.load32_zero(sums);
    sums += 4;
    let a = f32x4.mul(constant, sum);
    let b = a;
    let c = a;
    let d = a;
    if (offsets != 0) {
      a = beginning(offsets, g, turn, sum);
      b = beginning(offsets, g + next, turn, sum);
      c = beginning(offsets, g + 2 * next, turn, sum);
      d = beginning(offsets, g + 3 * next, turn, sum);
    }
    for (let k = group; k > 0; k -= 16) {
      const p0 = v128.xor(v128.load(w0), flip);
      const p1 = v128.xor(v128.load(w1), flip);
      const p2 = v128.xor(v128.load(w2), flip);
      const p3 = v128.xor(v128.load(w3), flip);
      let v = v128.load(x);
      a = addMasked(a, i32x4.shl(p0, 24), -1, v);
      b = addMasked(b, i32x4.shl(p1, 24), -1, v);
      c = addMasked(c, i32x4.shl(p2, 24), -1, v);
      d = addMasked(d, i32x4.shl(p3, 24), -1, v);
      v = v128.load(x, 16);
      a = addMasked(a, i32x4.shl(p0, 16), top, v);
      b = addMasked(b, i32x4.shl(p1, 16), top, v);
      c = addMasked(c, i32x4.shl(p2, 16), top, v);
      d = addMasked(d, i32x4.shl(p3, 16), top, v);
      v = v128.load(x, 32);
      a = addMasked(a, i32x4.shl(p0, 8), top, v);
      b = addMasked(b, i32x4.shl(p1, 8), top, v);
      c = addMasked(c, i32x4.shl(p2, 8), top, v);
      d = addMasked(d, i32x4.shl(p3, 8), top, v);
      v = v128.load(x, 48);
      a = addMasked(a, p0, top, v);
      b = addMasked(b, p1, top, v);
      c = addMasked(c, p2, top, v);
      d = addMasked(d, p3, top, v);
      x += 64;
      w0 += 16;
      w1 += 16;
      w2 += 16;
      w3 += 16;
    }
    t0 = addScaled(t0, scale, g, a);
    t1 = addScaled(t1, scale, g + next, b);
    t2 = addScaled(t2, scale, g + 2 * next, c);
    t3 = addScaled(t3, scale, g + 3 * next, d);
  }
  const yStep = <usize>apart << 2;
  f32.store(y, addLanes(t0));
  f32.store(y + yStep, addLanes(t1));
  f32.store(y + 2 * yStep, addLanes(t2));
  f32.store(y + 3 * yStep, addLanes(t3));
}
