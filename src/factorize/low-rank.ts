/** Layers as products of two thinner ones. */
import type { F32 } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { printsAs } from '../core/inspect.js';
import { outputFloats } from '../core/numbers.js';
import { isPlainObject } from '../core/options.js';
import { toContiguous, type TensorLike } from '../core/tensor.js';
import { gemm } from '../kernels/gemm/family.js';
import { checkFinite } from './matrix.js';
import { truncate, type TruncatedSvdOptions } from './truncated-svd.js';

/** A weight as left [rows, rank] times right [rank, columns], both row-major float32. */
export interface LowRankTensor {
  readonly kind: 'lowRank';
  readonly left: F32;
  readonly right: F32;
  readonly rank: number;
  /** That of the weight: its first axis counts rows, all others together columns. */
  readonly shape: readonly number[];
  /** At least the largest |element| of the weight minus what expandLowRank returns: measured. */
  readonly maxError: number;
  /** Frobenius norm of that difference over that of the weight: measured. */
  readonly relativeError: number;
}

/** What is made of one weight: the options of truncatedSvd. */
export type LowRankOptions = TruncatedSvdOptions;

/**
 * Returns a weight as the product of two thinner matrices, with the error that this very product has.
 *
 * Formula: w = u diag(s) v^T cut to rank k; left = u diag(sqrt(s)), right = diag(sqrt(s)) v^T. A layer y = w x + b becomes y = left (right x) + b: the bias stays
 * as it is.
 *
 * Shapes: w [rows, ...], at least two axes; the others count as one of `columns` elements. k (rows + columns) numbers take the place of rows columns:
 * fewer if k < rows columns / (rows + columns).
 *
 * Numerics: the decomposition is float64, the factors are rounded to float32. maxError and relativeError are measured on the product as
 * expandLowRank makes it. Non-finite elements are errors.
 *
 * Cost: that of truncatedSvd; method 'randomized' takes a fraction of it for small ranks.
 *
 * Compatible with: the split of LoRA factors (B = left, A = right); plain SVD of a layer as in SVD-LLM's and AIMET's baselines.
 *
 * @param w the weight; never changed
 * @param options one of rank, energy and tolerance; method
 * @throws TypeError or RangeError for arguments, NumericError NON_FINITE for elements.
 * @example
 * const w = { data: Float32Array.of(1, 2, 2, 4), shape: [2, 2] };
 * const factors = lowRank(w, { rank: 1 });
 * factors.left.length; // 2
 * factors.maxError < 1e-6; // true
 * @see expandLowRank, truncatedSvd, chooseRank
 */
export function lowRank(w: TensorLike, options: LowRankOptions): LowRankTensor {
  const fn = 'lowRank';
  const { data, shape } = toContiguous(w, fn, 'w');
  if (shape.length < 2) {
    throw rangeError(
      fn,
      'w',
      'at least two axes',
      `${shape.length}`,
      'pass {data, shape: [outputs, inputs]}',
    );
  }
  checkFinite(fn, 'w', data);
  const rows = shape[0];
  const columns = shape.slice(1).reduce((product, length) => product * length, 1);
  const found = truncate(fn, { data, rows, columns }, options, ['rank', 'energy', 'tolerance', 'method']);
  const rank = found.s.length;
  const left = new Float32Array(rows * rank);
  const right = new Float32Array(rank * columns);
  for (let k = 0; k < rank; k++) {
    const root = Math.sqrt(found.s[k]);
    for (let i = 0; i < rows; i++) left[i * rank + k] = found.u.data[i * rank + k] * root;
    for (let j = 0; j < columns; j++) right[k * columns + j] = found.v.data[j * rank + k] * root;
  }
  const factors = { kind: 'lowRank', left, right, rank, shape: [...shape] } as const;
  const product = multiplied(factors, rows, columns, undefined, fn);
  let [maxError, rest, whole] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const difference = data[i] - product[i];
    maxError = Math.max(maxError, Math.abs(difference));
    rest += difference * difference;
    whole += data[i] * data[i];
  }
  // Differences of float64 weights are rounded once.
  const measured = {
    maxError: maxError * (1 + 2 ** -50),
    relativeError: whole === 0 ? 0 : Math.sqrt(rest / whole),
  };
  return printsAs(
    { ...factors, ...measured },
    (t) =>
      `lowRank [${t.shape.join(', ')}], rank ${t.rank}, relative error ${t.relativeError.toPrecision(3)}`,
  );
}

/**
 * Returns the weight that a LowRankTensor stands for, as row-major float32.
 *
 * Formula: left right. Shapes: as many elements as `shape` says.
 *
 * Numerics: each element is one float64 sum of exact products in the order of the rank, rounded to float32 once.
 *
 * Cost: rank multiplications per element.
 *
 * Compatible with: B @ A of LoRA factors, but for the order of sums.
 *
 * @param factors what lowRank returned
 * @param options out: a Float32Array to write to
 * @throws TypeError or RangeError for arguments.
 * @example
 * const factors = lowRank({ data: Float32Array.of(1, 2, 2, 4), shape: [2, 2] }, { rank: 1 });
 * expandLowRank(factors).length; // 4
 * @see lowRank
 */
export function expandLowRank(factors: LowRankTensor, options?: { readonly out?: F32 }): F32 {
  const fn = 'expandLowRank';
  if (!isPlainObject(factors) || factors.kind !== 'lowRank') {
    throw typeError(fn, 'factors', 'a LowRankTensor', factors, 'pass what lowRank returned');
  }
  const rows = factors.shape[0];
  const columns = factors.shape.slice(1).reduce((product, length) => product * length, 1);
  const { left, right, rank } = factors;
  if (left.length !== rows * rank || right.length !== rank * columns) {
    const expected = `factors of ${rows * rank} and ${rank * columns} elements`;
    throw rangeError(fn, 'factors', expected, [left.length, right.length], 'pass what lowRank returned');
  }
  return multiplied(factors, rows, columns, options?.out, fn);
}

function multiplied(
  { left, right, rank }: Pick<LowRankTensor, 'left' | 'right' | 'rank'>,
  rows: number,
  columns: number,
  out: F32 | undefined,
  fn: string,
): F32 {
  const values = outputFloats(out, rows * columns, fn);
  const wide = new Float64Array(rows * columns);
  const strides = { aRow: rank, aColumn: 1, bRow: columns, bColumn: 1 };
  const product = { rows, columns, depth: rank, ...strides, isSymmetric: false };
  gemm.inUse().gemmF64(wide, left, right, product);
  values.set(wide);
  return values;
}
