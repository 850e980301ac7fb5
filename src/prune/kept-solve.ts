/** The weights that remain, moved to where they make good, as well as they can, for those that were removed. */
import type { F64, U8 } from '../core/arrays.js';

/** A pivot at or below this fraction of its diagonal entry, times the order, is rounding noise. */
const NOISE = 2 ** -50;

/**
 * Turns the symmetric positive definite `a` into its lower triangular factor L with a = L L^T, in place; only the lower triangle is read and
 * written. False where a pivot is not positive or lost in rounding.
 *
 * Two rows against two columns at a time: four products for four loads. n = 768: 36 ms in place of 60 by single products.
 */
export function lowerCholesky(a: F64, n: number): boolean {
  for (let i = 0; i < n; i += 2) {
    const p = i * n;
    const q = i + 1 < n ? p + n : p;
    for (let j = 0; j < i; j += 2) factorSquare(a, n, p, q, j);
    if (!factorCorner(a, n, i)) return false;
  }
  return true;
}

/** Entries (p, j), (p, j + 1), (q, j), (q, j + 1) of L; p and q are where rows begin, which are the same in the last row of an odd order. */
function factorSquare(a: F64, n: number, p: number, q: number, j: number): void {
  const u = j * n;
  const v = u + n;
  let s00 = a[p + j];
  let s01 = a[p + j + 1];
  let s10 = a[q + j];
  let s11 = a[q + j + 1];
  for (let t = 0; t < j; t++) {
    const x = a[p + t];
    const y = a[q + t];
    const c = a[u + t];
    const d = a[v + t];
    s00 -= x * c;
    s01 -= x * d;
    s10 -= y * c;
    s11 -= y * d;
  }
  const first = a[u + j];
  const below = a[v + j];
  const second = a[v + j + 1];
  s00 /= first;
  s10 /= first;
  a[p + j] = s00;
  a[q + j] = s10;
  a[p + j + 1] = (s01 - s00 * below) / second;
  a[q + j + 1] = (s11 - s10 * below) / second;
}

/** The diagonal entries of rows i and i + 1, and the one between them. */
function factorCorner(a: F64, n: number, i: number): boolean {
  for (let r = i; r < Math.min(i + 2, n); r++) {
    for (let c = i; c <= r; c++) {
      let s = a[r * n + c];
      for (let t = 0; t < c; t++) s -= a[r * n + t] * a[c * n + t];
      if (c < r) a[r * n + c] = s / a[c * n + c];
      else if (s > NOISE * n * a[r * n + r] && s < Infinity) a[r * n + r] = Math.sqrt(s);
      else return false;
    }
  }
  return true;
}

/** Solves L L^T x = b in place. */
export function solveLower(l: F64, n: number, b: F64): void {
  for (let i = 0; i < n; i++) {
    let s = b[i];
    for (let t = 0; t < i; t++) s -= l[i * n + t] * b[t];
    b[i] = s / l[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    const x = b[i] / l[i * n + i];
    b[i] = x;
    for (let t = 0; t < i; t++) b[t] -= l[i * n + t] * x;
  }
}

/** Solves rows one after the other; rows with the mask of the row before share its factor. */
export interface KeptSolver {
  /**
   * Writes to `v` the weights that minimize e H e^T, e = w - v, among those that are 0 where `keep` is 0. False, and `v` is not to be used,
   * where H restricted to the kept places is not positive definite.
   */
  solve(v: F64, w: F64, keep: U8): boolean;
}

/**
 * The solver for a symmetric positive definite H, [n, n].
 *
 * Formula: with kept places K and removed ones P, v_K = w_K + H_KK^-1 H_KP w_P; or, where P is the smaller half and `inverse` is given, the same
 * by optimal brain surgery: v = w - H^-1[:, P] (H^-1[P, P])^-1 w_P.
 */
export function keptSolver(h: F64, n: number, inverse: F64 | null): KeptSolver {
  const factor = new Float64Array(n * n);
  const rest = new Float64Array(n);
  const last = new Uint8Array(n);
  let places = new Int32Array(0);
  let state: 'none' | 'good' | 'bad' = 'none';

  const prepare = (keep: U8, matrix: F64, chosen: 0 | 1): void => {
    if (state !== 'none' && keep.every((bit, k) => bit === last[k])) return;
    last.set(keep);
    places = Int32Array.from(keep.keys()).filter((k) => keep[k] === chosen);
    gather(factor, matrix, n, places);
    state = lowerCholesky(factor, places.length) ? 'good' : 'bad';
  };

  return {
    solve(v, w, keep) {
      const kept = keep.reduce((sum, bit) => sum + bit, 0);
      const byInverse = inverse !== null && 2 * kept > n;
      prepare(keep, byInverse ? inverse : h, byInverse ? 0 : 1);
      if (state === 'bad') return false;
      const b = rest.subarray(0, places.length);
      if (byInverse) {
        for (let i = 0; i < b.length; i++) b[i] = w[places[i]];
        solveLower(factor, b.length, b);
        for (let k = 0; k < n; k++) v[k] = keep[k] === 1 ? w[k] - gatheredDot(inverse, k * n, places, b) : 0;
        return true;
      }
      for (let i = 0; i < b.length; i++) b[i] = removedDot(h, places[i] * n, w, keep);
      solveLower(factor, b.length, b);
      v.fill(0);
      for (let i = 0; i < b.length; i++) v[places[i]] = w[places[i]] + b[i];
      return true;
    },
  };
}

/** The lower triangle of matrix[places, places], row-major in `to`. */
function gather(to: F64, matrix: F64, n: number, places: Int32Array): void {
  const count = places.length;
  for (let i = 0; i < count; i++) {
    const row = places[i] * n;
    for (let j = 0; j <= i; j++) to[i * count + j] = matrix[row + places[j]];
  }
}

function gatheredDot(matrix: F64, row: number, places: Int32Array, b: F64): number {
  let s = 0;
  for (let i = 0; i < b.length; i++) s += matrix[row + places[i]] * b[i];
  return s;
}

function removedDot(h: F64, row: number, w: F64, keep: U8): number {
  let s = 0;
  for (let k = 0; k < w.length; k++) if (keep[k] === 0) s += h[row + k] * w[k];
  return s;
}

/** H^-1 of a symmetric positive definite H, [n, n], or null where rounding leaves none. Cost: n^3 / 2 multiplications. */
export function inverseOf(h: F64, n: number): F64 | null {
  const l = h.slice();
  if (!lowerCholesky(l, n)) return null;
  // Row i of `rows` is column i of L^-1, which is 0 before place i: H^-1[i, j] is the product of rows i and j.
  const rows = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const at = i * n;
    rows[at + i] = 1 / l[at + i];
    for (let k = i + 1; k < n; k++) {
      let s = 0;
      for (let t = i; t < k; t++) s -= l[k * n + t] * rows[at + t];
      rows[at + k] = s / l[k * n + k];
    }
  }
  const inverse = l;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let s = 0;
      for (let t = i; t < n; t++) s += rows[i * n + t] * rows[j * n + t];
      inverse[i * n + j] = s;
      inverse[j * n + i] = s;
    }
  }
  return inverse;
}
