/** Permutations of columns that let an N:M mask keep more. */
import type { F64, I32 } from '../core/arrays.js';
import { NumericError, rangeError } from '../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../core/options.js';
import { checkSeed, createRandom } from '../core/random.js';
import type { TensorLike } from '../core/tensor.js';
import { toScores } from './checks.js';
import { createSearch } from './permutation-search.js';

const FN = 'permutationNM';

export interface PermutationOptions {
  readonly keep: number;
  /** At most 32; it divides the number of columns. */
  readonly of: number;
  /**
   * What is exchanged between two groups at a time: 'stripes' tries every way to share out their columns (of <= 4: 35 for 4), 'swaps' every pair of columns.
   * Default 'stripes' where it can be.
   */
  readonly method?: 'stripes' | 'swaps';
  /** Random exchanges that are tried first, so that the ascent does not end at the first local best. Default 100,000; 0 for the ascent alone. */
  readonly trials?: number;
  /** Of the random exchanges. Default 0. */
  readonly seed?: number;
  /** Bounds the work: so many elements are looked at, at most. Default 10^9, a few seconds. */
  readonly maxWork?: number;
}

export interface PermutationResult {
  /** Column permutation[j] of the matrix is column j of the permuted one. */
  readonly permutation: I32;
  /** Sum of |x| that the mask keeps after the permutation, and before. */
  readonly kept: number;
  readonly keptBefore: number;
  /** What rows alone could keep without any pattern: no permutation keeps more. */
  readonly keptByRows: number;
  /** (kept - keptBefore) / (keptByRows - keptBefore): 0 for none, 1 for all that can be had; 1 where nothing can. */
  readonly efficacy: number;
  /** Exchanges made on the way to the result. */
  readonly moves: number;
  /** Whether maxWork ended the search. */
  readonly isCut: boolean;
}

/**
 * Returns a permutation of a matrix's columns under which an N:M mask keeps more of the sum of |x|.
 *
 * Formula: random exchanges of two columns, of which those that lose less than a falling limit are made (threshold accepting); then greedy ascent: of all pairs of groups, the exchange that gains most, until none gains. Permute the columns of W and the outputs of the
 * layer before it alike: their product stays what it was.
 *
 * Shapes: x [rows, columns], groups along columns.
 *
 * Numerics: float64 sums. `kept` is never below `keptBefore`: where nothing gains the identity is returned. Columns within a group, and groups, are in ascending order.
 *
 * Cost: one look at every pair of groups, then at pairs with the two that changed; 128 x 64 take some tenths of a second. maxWork bounds it, by
 * counts and not by a clock: results do not depend on the machine.
 *
 * Compatible with: apex's permutation search: its efficacy, its channel swaps and its stripe groups of 8 columns.
 *
 * @param x weights or scores; never changed
 * @param options keep, of, method, trials, seed, maxWork
 * @returns the permutation with what it gains
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN, NON_FINITE for infinities.
 * @example
 * const x = { data: Float32Array.of(9, 8, 7, 6, 1, 1, 1, 1), shape: [1, 8] };
 * permutationNM(x, { keep: 2, of: 4 }).kept; // 30
 * @see https://proceedings.neurips.cc/paper/2021/hash/6e8404c3b93a9527c8db241a1846599a-Abstract.html
 */
export function permutationNM(x: TensorLike, options: PermutationOptions): PermutationResult {
  const given = checkOptions(FN, options, ['keep', 'of', 'method', 'trials', 'seed', 'maxWork']);
  const of = checkInteger(FN, 'of', given.of, 1, 32);
  const keep = checkInteger(FN, 'keep', given.keep, 0, 32);
  if (keep > of) throw rangeError(FN, 'keep', `at most of, ${of}`, keep, '2:4 is { keep: 2, of: 4 }');
  const method = checkChoice(FN, 'method', given.method ?? (of <= 4 ? 'stripes' : 'swaps'), [
    'stripes',
    'swaps',
  ]);
  if (method === 'stripes' && of > 4) {
    throw rangeError(FN, 'of', 'at most 4 for stripes', of, "there are too many ways: use 'swaps'");
  }
  const trials = checkInteger(FN, 'trials', given.trials ?? 100_000, 0, Number.MAX_SAFE_INTEGER);
  const seed = checkSeed(FN, given.seed ?? 0);
  const maxWork = checkInteger(FN, 'maxWork', given.maxWork ?? 1e9, 0, Number.MAX_SAFE_INTEGER);
  const { columns, rows } = columnsOf(x, of);
  const search = createSearch(columns, rows, keep, of, method, maxWork);
  const keptBefore = search.total();
  search.wander(trials, createRandom(seed));
  search.climb();
  const permutation = sortGroups(search.best(), of);
  const kept = Math.max(keptBefore, search.bestTotal());
  const keptByRows = rowBound(columns, rows, (columns.length / of) * keep);
  const possible = keptByRows - keptBefore;
  return {
    permutation,
    kept,
    keptBefore,
    keptByRows,
    efficacy: possible > 0 ? (kept - keptBefore) / possible : 1,
    moves: search.moves(),
    isCut: search.isCut(),
  };
}

/** |x| column by column. */
function columnsOf(x: TensorLike, of: number): { columns: readonly F64[]; rows: number } {
  const { data, shape } = toScores(x, FN, 'x');
  if (shape.length !== 2) throw rangeError(FN, 'x', 'a matrix', `${shape.length} axes`, 'reshape it');
  const [rows, width] = shape;
  if (width % of !== 0) {
    throw rangeError(FN, 'of', `a divisor of the columns, ${width}`, of, 'pad the matrix with zeros');
  }
  const index = data.findIndex((value) => !Number.isFinite(value));
  if (index >= 0) {
    const message = `${FN}: "x[${index}]" expected a finite number, got ${data[index]} - sums of infinities cannot be compared`;
    throw new NumericError('NON_FINITE', message, index);
  }
  const columns = Array.from({ length: width }, (_, c) =>
    Float64Array.from({ length: rows }, (__, r) => Math.abs(data[r * width + c])),
  );
  return { columns, rows };
}

/** The sum of the `keep` largest of every row. */
function rowBound(columns: readonly F64[], rows: number, keep: number): number {
  let sum = 0;
  const row = new Float64Array(columns.length);
  for (let r = 0; r < rows; r++) {
    columns.forEach((column, c) => (row[c] = column[r]));
    row.sort();
    for (let i = row.length - keep; i < row.length; i++) sum += row[i];
  }
  return sum;
}

/** The same groups, ascending within and by their first column. */
function sortGroups(order: I32, of: number): I32 {
  const groups = Array.from({ length: order.length / of }, (_, g) =>
    order.slice(g * of, (g + 1) * of).sort(),
  );
  groups.sort((a, b) => a[0] - b[0]);
  return Int32Array.from(groups.flatMap((group) => [...group]));
}
