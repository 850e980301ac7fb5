/**
 * Sums over pairs in float64: pair i goes to partial sum i mod 4, two vectors of two for each kind of sum. `lanes` holds 20
 * float64 between calls, so that a tensor may come in tiles: four each of (a - b)^2, a^2, b^2, a * b, and largest |a - b|.
 */

export function errorClear(lanes: usize): void {
  memory.fill(lanes, 0, 160);
}

/** `count` pairs; all calls for one tensor but the last have a multiple of 4. */
export function errorLanes(lanes: usize, a: usize, b: usize, count: i32): void {
  let error0 = v128.load(lanes);
  let error1 = v128.load(lanes, 16);
  let a0 = v128.load(lanes, 32);
  let a1 = v128.load(lanes, 48);
  let b0 = v128.load(lanes, 64);
  let b1 = v128.load(lanes, 80);
  let dot0 = v128.load(lanes, 96);
  let dot1 = v128.load(lanes, 112);
  let max0 = v128.load(lanes, 128);
  let max1 = v128.load(lanes, 144);
  while (count > 0) {
    let x0: v128;
    let x1: v128;
    let y0: v128;
    let y1: v128;
    if (count >= 4) {
      x0 = v128.load64_zero(a);
      x1 = v128.load64_zero(a, 8);
      y0 = v128.load64_zero(b);
      y1 = v128.load64_zero(b, 8);
    } else {
      // Pairs past the end count as (+0, +0), which changes no sum: a partial sum is never -0.
      x0 = pair(a, count);
      x1 = pair(a + 8, count - 2);
      y0 = pair(b, count);
      y1 = pair(b + 8, count - 2);
    }
    x0 = f64x2.promote_low_f32x4(x0);
    x1 = f64x2.promote_low_f32x4(x1);
    y0 = f64x2.promote_low_f32x4(y0);
    y1 = f64x2.promote_low_f32x4(y1);
    const d0 = f64x2.abs(f64x2.sub(x0, y0));
    const d1 = f64x2.abs(f64x2.sub(x1, y1));
    max0 = f64x2.pmax(max0, d0);
    max1 = f64x2.pmax(max1, d1);
    error0 = f64x2.add(error0, f64x2.mul(d0, d0));
    error1 = f64x2.add(error1, f64x2.mul(d1, d1));
    a0 = f64x2.add(a0, f64x2.mul(x0, x0));
    a1 = f64x2.add(a1, f64x2.mul(x1, x1));
    b0 = f64x2.add(b0, f64x2.mul(y0, y0));
    b1 = f64x2.add(b1, f64x2.mul(y1, y1));
    dot0 = f64x2.add(dot0, f64x2.mul(x0, y0));
    dot1 = f64x2.add(dot1, f64x2.mul(x1, y1));
    a += 16;
    b += 16;
    count -= 4;
  }
  v128.store(lanes, error0);
  v128.store(lanes, error1, 16);
  v128.store(lanes, a0, 32);
  v128.store(lanes, a1, 48);
  v128.store(lanes, b0, 64);
  v128.store(lanes, b1, 80);
  v128.store(lanes, dot0, 96);
  v128.store(lanes, dot1, 112);
  v128.store(lanes, max0, 128);
  v128.store(lanes, max1, 144);
}

/** The first two of `count` float32, as far as there are any. */
// @ts-ignore: decorator
@inline
function pair(x: usize, count: i32): v128 {
  if (count >= 2) return v128.load64_zero(x);
  return count == 1 ? v128.load32_zero(x) : i32x4.splat(0);
}
