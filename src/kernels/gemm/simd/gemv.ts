/**
 * y = W x in float32: partial sums as gemm/types.ts numbers them, two vectors for each row. Four rows a quarter of the matrix apart are
 * worked at once: they share the loads of x and hide the latency of additions, and four distant streams are read faster than one. At
 * 8192 x 8192, 9.5 ms in place of 12 for adjacent rows, where only reading takes 7 to 8.
 */

export function gemvF32(y: usize, w: usize, x: usize, rows: i32, columns: i32): void {
  const stride = <usize>columns << 2;
  const quarter = <usize>rows >> 2;
  for (let r: usize = 0; r < quarter; r++) {
    fourRows(y + (r << 2), quarter << 2, w + r * stride, quarter * stride, x, columns);
  }
  for (let r = quarter << 2; r < <usize>rows; r++) oneRow(y + (r << 2), w + r * stride, x, columns);
}

function fourRows(y: usize, yStep: usize, w0: usize, step: usize, x: usize, columns: i32): void {
  let w1 = w0 + step;
  let w2 = w1 + step;
  let w3 = w2 + step;
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  let k = columns;
  for (; k >= 8; k -= 8) {
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    a0 = f32x4.add(a0, f32x4.mul(v128.load(w0), x0));
    a1 = f32x4.add(a1, f32x4.mul(v128.load(w0, 16), x1));
    b0 = f32x4.add(b0, f32x4.mul(v128.load(w1), x0));
    b1 = f32x4.add(b1, f32x4.mul(v128.load(w1, 16), x1));
    c0 = f32x4.add(c0, f32x4.mul(v128.load(w2), x0));
    c1 = f32x4.add(c1, f32x4.mul(v128.load(w2, 16), x1));
    d0 = f32x4.add(d0, f32x4.mul(v128.load(w3), x0));
    d1 = f32x4.add(d1, f32x4.mul(v128.load(w3, 16), x1));
    x += 32;
    w0 += 32;
    w1 += 32;
    w2 += 32;
    w3 += 32;
  }
  f32.store(y, finish(a0, a1, w0, x, k));
  f32.store(y + yStep, finish(b0, b1, w1, x, k));
  f32.store(y + 2 * yStep, finish(c0, c1, w2, x, k));
  f32.store(y + 3 * yStep, finish(d0, d1, w3, x, k));
}

function oneRow(y: usize, w: usize, x: usize, columns: i32): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let k = columns;
  for (; k >= 8; k -= 8) {
    a0 = f32x4.add(a0, f32x4.mul(v128.load(w), v128.load(x)));
    a1 = f32x4.add(a1, f32x4.mul(v128.load(w, 16), v128.load(x, 16)));
    w += 32;
    x += 32;
  }
  f32.store(y, finish(a0, a1, w, x, k));
}

/** The last `count` < 8 columns, then all partial sums in their order. */
function finish(a0: v128, a1: v128, w: usize, x: usize, count: i32): f32 {
  if (count > 0) a0 = f32x4.add(a0, f32x4.mul(upTo4(w, count), upTo4(x, count)));
  if (count > 4) a1 = f32x4.add(a1, f32x4.mul(upTo4(w + 16, count - 4), upTo4(x + 16, count - 4)));
  const p = f32x4.add(a0, a1);
  const even = f32x4.extract_lane(p, 0) + f32x4.extract_lane(p, 2);
  return even + (f32x4.extract_lane(p, 1) + f32x4.extract_lane(p, 3));
}

/** Lanes past the end are +0: their product changes no sum, which is never -0. */
function upTo4(at: usize, count: i32): v128 {
  if (count >= 4) return v128.load(at);
  if (count == 1) return v128.load32_zero(at);
  const two = v128.load64_zero(at);
  return count == 2 ? two : f32x4.replace_lane(two, 2, f32.load(at, 8));
}
