/** The end of every partial decomposition: cut, measured and certified. */
import type { F64 } from '../core/arrays.js';
import { rowMajor } from './jacobi-svd.js';
import { floatMatrix, scaleInto, unscale } from './matrix.js';
import { fixSigns, orthogonalityOf, squaresOf } from './svd-measure.js';
import type { PartialSvd } from './svd-types.js';
import type { Workspace } from './workspace.js';

/**
 * The result with the first `rank` columns of u and v, which lie contiguous, and its certificate. `scaled` is a 2^-exponent, row-major.
 *
 * The certificate is |scaled - u diag(s) v^T|_F as measured in float64, plus what rounding can have hidden: each element of the product is
 * off by at most (rank + 2) 2^-53 of the sum of its |terms|, whose Frobenius norm is at most the sum of s |u| |v|, and |u| |v| <= 1 + the
 * measured orthogonality error; each difference is rounded once; sums of squares, in two chains, are off by a share of
 * (m + n + 2) 2^-53. Every one of these is taken twice.
 */
export function certified(
  fn: string,
  space: Workspace,
  scaled: F64,
  exponent: number,
  rows: number,
  columns: number,
  found: { readonly u: F64; readonly s: F64; readonly v: F64 },
  rank: number,
  about: { readonly algorithm: PartialSvd['algorithm']; readonly sweeps: number },
): PartialSvd {
  const u = found.u.subarray(0, rows * rank);
  const v = found.v.subarray(0, columns * rank);
  fixSigns(u, rows, rank, v, columns, rank);
  const s = unscale(fn, found.s.subarray(0, rank), exponent);
  // Values that became subnormal lost digits: what is returned is what is measured.
  const measured = new Float64Array(rank);
  scaleInto(measured, s, -exponent);
  const { whole, rest } = squaresOf(space, scaled, rows, columns, u, measured, v);
  const orthogonality = Math.max(
    orthogonalityOf(space, u, rows, rank),
    orthogonalityOf(space, v, columns, rank),
  );
  const sum = measured.reduce((total, value) => total + value, 0);
  const share = (rows + columns + 8) * 2 ** -52;
  const hidden = (rank + 8) * 2 ** -52 * sum * (1 + orthogonality);
  const norm = Math.sqrt(whole);
  const bound = (Math.sqrt(rest) * (1 + share) + hidden) / (norm * (1 - share));
  return {
    u: floatMatrix(rowMajor(u, rows, rank), rows, rank),
    s,
    v: floatMatrix(rowMajor(v, columns, rank), columns, rank),
    residual: norm === 0 ? 0 : Math.sqrt(rest) / norm,
    orthogonality,
    ...about,
    certificate: { relativeError: norm === 0 ? 0 : bound * (1 + 2 ** -50) },
  };
}

/** The partial decomposition of a matrix without elements, or of rank 0. */
export function emptyPartial(rows: number, columns: number, relativeError: number): PartialSvd {
  const none = new Float64Array(0);
  return {
    u: floatMatrix(none, rows, 0),
    s: none,
    v: floatMatrix(none, columns, 0),
    residual: relativeError,
    orthogonality: 0,
    algorithm: 'empty',
    sweeps: 0,
    certificate: { relativeError },
  };
}
