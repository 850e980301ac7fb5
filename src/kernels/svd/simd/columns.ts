/** Products of columns, and Householder reflections: two float64 at a time, four vectors of partial sums. */

export function dot(x: usize, y: usize, length: i32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (; length >= 8; length -= 8, x += 64, y += 64) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(x), v128.load(y)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(x, 16), v128.load(y, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(x, 32), v128.load(y, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(x, 48), v128.load(y, 48)));
  }
  // Lanes past the end are +0, whose product changes no sum: one that began at +0 is never -0.
  if (length > 0) s0 = f64x2.add(s0, f64x2.mul(upTo2(x, length), upTo2(y, length)));
  if (length > 2) s1 = f64x2.add(s1, f64x2.mul(upTo2(x + 16, length - 2), upTo2(y + 16, length - 2)));
  if (length > 4) s2 = f64x2.add(s2, f64x2.mul(upTo2(x + 32, length - 4), upTo2(y + 32, length - 4)));
  if (length > 6) s3 = f64x2.add(s3, f64x2.mul(upTo2(x + 48, length - 6), upTo2(y + 48, length - 6)));
  const sum = f64x2.add(f64x2.add(s0, s2), f64x2.add(s1, s3));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

function upTo2(at: usize, count: i32): v128 {
  return count >= 2 ? v128.load(at) : v128.load64_zero(at);
}

export function reflect(x: usize, stride: usize, columns: i32, v: usize, length: i32, tau: f64): void {
  for (let j = 0; j < columns; j++, x += stride) subtract(x, v, length, tau * dot(v, x, length));
}

/** x -= w v. */
function subtract(x: usize, v: usize, length: i32, w: f64): void {
  const factor = f64x2.splat(w);
  for (; length >= 4; length -= 4, x += 32, v += 32) {
    v128.store(x, f64x2.sub(v128.load(x), f64x2.mul(factor, v128.load(v))));
    v128.store(x, f64x2.sub(v128.load(x, 16), f64x2.mul(factor, v128.load(v, 16))), 16);
  }
  for (; length > 0; length--, x += 8, v += 8) f64.store(x, f64.load(x) - w * f64.load(v));
}
