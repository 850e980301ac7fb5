/**
 * One-sided Jacobi. Column p stays in the first cache while the columns q go by, and the caller's blocks of columns stay in the second; all
 * pairs of two blocks are one call, since a call for each pair would cost as much as a short column.
 */
import { dot } from './columns';

const SHRUNK: f64 = 1.0 / 1048576.0;
/** 2^500: the square of a larger one may be infinite. */
const STEEP: f64 = 3.273390607896142e150;

export function rotate(
  x: usize,
  squares: usize,
  firstP: i32,
  endP: i32,
  firstQ: i32,
  endQ: i32,
  stride: usize,
  dotLength: i32,
  length: i32,
  tolerance: f64,
): i32 {
  let rotations = 0;
  for (let p = firstP; p < endP; p++) {
    const atP = x + <usize>p * stride;
    const squareP = squares + (<usize>p << 3);
    for (let q = max(firstQ, p + 1); q < endQ; q++) {
      const squareQ = squares + (<usize>q << 3);
      const a = f64.load(squareP);
      const b = f64.load(squareQ);
      if (a == 0 || b == 0) continue;
      const atQ = x + <usize>q * stride;
      const g = dot(atP, atQ, dotLength);
      if (abs(g) <= tolerance * (sqrt(a) * sqrt(b))) continue;
      rotations++;
      const t = tangent(a, b, g);
      const c = 1.0 / sqrt(1.0 + t * t);
      const newA = a - t * g;
      const newB = b + t * g;
      const isOrdered = newA >= newB;
      if (isOrdered) turn(atP, atQ, atP, atQ, length, c, c * t);
      else turn(atP, atQ, atQ, atP, length, c, c * t);
      f64.store(squareP, isOrdered ? newA : newB);
      const short = isOrdered ? newB : newA;
      f64.store(squareQ, short <= SHRUNK * (isOrdered ? b : a) ? dot(atQ, atQ, dotLength) : short);
    }
  }
  return rotations;
}

function tangent(a: f64, b: f64, g: f64): f64 {
  const z = (b - a) / (2.0 * g);
  const size = abs(z);
  if (size > STEEP) return 0.5 / z;
  const t = 1.0 / (size + sqrt(1.0 + z * z));
  return z < 0 ? -t : t;
}

/** The turned u and v go to `toU` and `toV`, which are u and v in either order. */
function turn(u: usize, v: usize, toU: usize, toV: usize, length: i32, c: f64, s: f64): void {
  const c2 = f64x2.splat(c);
  const s2 = f64x2.splat(s);
  for (; length >= 4; length -= 4, u += 32, v += 32, toU += 32, toV += 32) {
    const u0 = v128.load(u);
    const u1 = v128.load(u, 16);
    const v0 = v128.load(v);
    const v1 = v128.load(v, 16);
    v128.store(toU, f64x2.sub(f64x2.mul(c2, u0), f64x2.mul(s2, v0)));
    v128.store(toU, f64x2.sub(f64x2.mul(c2, u1), f64x2.mul(s2, v1)), 16);
    v128.store(toV, f64x2.add(f64x2.mul(s2, u0), f64x2.mul(c2, v0)));
    v128.store(toV, f64x2.add(f64x2.mul(s2, u1), f64x2.mul(c2, v1)), 16);
  }
  for (; length > 0; length--, u += 8, v += 8, toU += 8, toV += 8) {
    const a = f64.load(u);
    const b = f64.load(v);
    f64.store(toU, c * a - s * b);
    f64.store(toV, s * a + c * b);
  }
}
