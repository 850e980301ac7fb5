/** The leading part of a singular value decomposition. */
import { rangeError } from '../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../core/options.js';
import type { TensorLike } from '../core/tensor.js';
import { svdKernels } from '../kernels/svd/family.js';
import { certified, emptyPartial } from './certificate.js';
import { chooseRank, type RankRule } from './choose-rank.js';
import { jacobiSvd, rowMajor } from './jacobi-svd.js';
import { checkMatrix, exponentOf, scaleInto, type CheckedMatrix } from './matrix.js';
import { sketched } from './randomized-svd.js';
import type { PartialSvd } from './svd-types.js';
import { withWorkspace } from './workspace.js';

export interface TruncatedSvdOptions {
  /** Columns to keep, 1 to min(m, n). Exactly one of rank, energy and tolerance is given. */
  readonly rank?: number;
  /** Share of the squared Frobenius norm to keep, 0 to 1. */
  readonly energy?: number;
  /** Largest Frobenius norm of the error, relative to that of a, 0 to 1. */
  readonly tolerance?: number;
  /** 'exact', the default: the whole decomposition, cut. 'randomized': randomizedSvd with its usual settings, for `rank` alone. */
  readonly method?: 'exact' | 'randomized';
}

/**
 * Returns the best approximation of a matrix by one of lower rank, as its singular value decomposition, with a certificate of the error.
 *
 * Formula: u diag(s) v^T with the first k columns and values of svd(a); no matrix of rank k is nearer to a (Eckart and Young), and the error is
 * the root of the sum of the squares of the other values.
 *
 * Shapes: a [m, n]; u [m, k], s [k], v [n, k]. An energy of 0 or a tolerance of 1, and a matrix of zeros, give k = 0.
 *
 * Numerics: as svd; `certificate.relativeError` is at least the true |a - u diag(s) v^T|_F / |a|_F of this result: measured in float64, rounding added.
 * Non-finite elements are errors.
 *
 * Cost: that of svd, and one product for the certificate.
 *
 * Compatible with: sklearn.decomposition.TruncatedSVD (u diag(s) is its transform, v^T its components, up to signs).
 *
 * @param a the matrix; never changed
 * @param options one of rank, energy and tolerance; method
 * @throws TypeError or RangeError for arguments, NumericError NON_FINITE for elements.
 * @example
 * const a = { data: Float64Array.of(3, 0, 0, 4), shape: [2, 2] };
 * const { s, certificate } = truncatedSvd(a, { rank: 1 });
 * s[0]; // 4
 * Math.abs(certificate.relativeError - 0.6) < 1e-12; // true
 * @see svd, randomizedSvd, chooseRank, lowRank
 */
export function truncatedSvd(a: TensorLike, options: TruncatedSvdOptions): PartialSvd {
  const fn = 'truncatedSvd';
  return truncate(fn, checkMatrix(fn, 'a', a), options, ['rank', 'energy', 'tolerance', 'method']);
}

/** The same for a matrix that was checked, and for callers with options of their own, `keys`, beside these. */
export function truncate(
  fn: string,
  matrix: CheckedMatrix,
  options: TruncatedSvdOptions,
  keys: readonly string[],
): PartialSvd {
  const given = checkOptions<TruncatedSvdOptions>(fn, options, keys as (keyof TruncatedSvdOptions)[]);
  const { rows, columns } = matrix;
  const rules = (['rank', 'energy', 'tolerance'] as const).filter((key) => key in given);
  if (rules.length !== 1) {
    throw rangeError(
      fn,
      'options',
      'one of rank, energy and tolerance',
      rules,
      'pass for example {rank: 16}',
    );
  }
  const method = checkChoice(fn, 'options.method', given.method ?? 'exact', ['exact', 'randomized']);
  if (method === 'randomized' && rules[0] !== 'rank') {
    throw rangeError(fn, 'options.method', "'exact' for energy and tolerance", method, 'or pass a rank');
  }
  const least = Math.min(rows, columns);
  const rank =
    rules[0] === 'rank' ? checkInteger(fn, 'options.rank', given.rank, Math.min(1, least), least) : 0;
  // An empty list of values checks the rule, so that a wrong one is named before anything is computed.
  const rule = rules[0] === 'rank' ? null : ({ [rules[0]]: given[rules[0]] } as unknown as RankRule);
  if (rule !== null) chooseRank([], rule);
  if (least === 0) return emptyPartial(rows, columns, 0);
  if (method === 'randomized') return sketched(fn, matrix, rank, 10, 2, 0);
  return exact(fn, matrix, rank, rule);
}

function exact(
  fn: string,
  { data, rows, columns }: CheckedMatrix,
  rank: number,
  rule: RankRule | null,
): PartialSvd {
  return withWorkspace((space) => {
    const exponent = exponentOf(data);
    const scaled = space.float64(data.length);
    scaleInto(scaled, data, -exponent);
    const isWide = rows < columns;
    let upright = scaled;
    if (isWide) {
      upright = space.float64(data.length);
      upright.set(rowMajor(scaled, columns, rows));
    }
    const [long, short] = isWide ? [columns, rows] : [rows, columns];
    const found = jacobiSvd(fn, svdKernels.inUse(), space, upright, long, short, 0, true);
    const kept = rule === null ? rank : chooseRank(found.s, rule);
    if (kept === 0 || found.u === null || found.v === null) {
      return emptyPartial(rows, columns, found.s[0] === 0 ? 0 : 1);
    }
    const [u, v] = isWide ? [found.v, found.u] : [found.u, found.v];
    const about = { algorithm: 'jacobi', sweeps: found.sweeps } as const;
    return certified(fn, space, scaled, exponent, rows, columns, { u, s: found.s, v }, kept, about);
  });
}
