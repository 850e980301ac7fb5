/** Steps of orthogonal factorizations of float64 matrices whose columns lie contiguous: a family of its own. */
import type { F64 } from '../../core/arrays.js';

/** Columns p of [firstP, endP) against columns q of [firstQ, endQ) with q > p; column j begins at x[j * stride]. */
export interface Pairs {
  readonly firstP: number;
  readonly endP: number;
  readonly firstQ: number;
  readonly endQ: number;
  readonly stride: number;
  /** Elements of a column that products are taken over, and elements that are rotated: what lies behind them only goes along. */
  readonly dotLength: number;
  readonly length: number;
  /** Largest |cosine| of two columns that counts as orthogonal. */
  readonly tolerance: number;
}

export interface SvdKernels {
  readonly name: 'reference' | 'scalar' | 'simd';

  /**
   * The product of x[p + k] and y[q + k], k = 0 .. length - 1, in float64. Product k goes to partial sum s[k mod 8], which begins at +0; they
   * are added as S[l] = s[l] + s[l + 4] for l = 0 .. 3, then (S[0] + S[2]) + (S[1] + S[3]).
   */
  dot(x: F64, p: number, y: F64, q: number, length: number): number;

  /**
   * For each of `columns` columns of x, the first at x[begin], the next `stride` further: w = tau * dot(v, column), then column -= w v. v is
   * `length` elements of `v` from v[at]; x and v may be one array if v lies in no column that changes.
   */
  reflect(
    x: F64,
    begin: number,
    stride: number,
    columns: number,
    v: F64,
    at: number,
    length: number,
    tau: number,
  ): void;

  /**
   * One pass of one-sided Jacobi over the pairs, p ascending and q ascending for each p; squares[j] is the squared length of column j, kept
   * up to date. Returns the number of rotations. For each pair with a = squares[p] and b = squares[q]:
   *
   *   a pair with a = 0 or b = 0 is passed over;  g = dot(column p, column q)
   *   |g| <= tolerance * (sqrt(a) * sqrt(b)):     the pair is passed over
   *   z = (b - a) / (2 g);  t = sign(z) / (|z| + sqrt(1 + z * z)), with sign(0) = 1, or 0.5 / z where |z| > 2^500
   *   c = 1 / sqrt(1 + t * t);  s = c * t
   *   x' = c x - s y,  y' = s x + c y;            a' = a - t g,  b' = b + t g
   *
   * Column p gets the longer of the two (x' if a' >= b'). The square of a column that shrank to at most 2^-20 of what it was, which the
   * formula no longer tells, is taken from the column. Infinite or NaN elements are not allowed.
   */
  rotate(x: F64, squares: F64, pairs: Pairs): number;
}
