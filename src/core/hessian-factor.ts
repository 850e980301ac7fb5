/** From a Hessian to what rounding a line needs: an order, the price of an error in each place, and how errors are passed on. */
import type { F64, FloatArray, I32 } from './arrays.js';
import { upperCholesky } from './cholesky.js';
import { describe, NumericError, rangeError } from './errors.js';

/** Entries (i, j) and (j, i) may differ by this fraction of the largest diagonal entry: float32 sums in two orders do. */
const ASYMMETRY = 1e-5;
/**
 * In which order the places of a line are settled; errors are passed on to those that come later.
 *
 * - `natural`: as they lie.
 * - `activation`: the input with the largest second moment first (act-order, desc_act).
 * - `grouped`: the group with the largest sum first, and so inside each group.
 */
export type EliminationOrder = 'natural' | 'activation' | 'grouped';

/** The first damping tried after 0, and the last tried at all. */
const LEAST_DAMPING = 1e-8;
const MOST_DAMPING = 1;

/** All arrays are in the order of processing: place k holds column `columns[k]`. */
export interface Factor {
  readonly n: number;
  readonly columns: I32;
  /** Price of a squared error in place k once the later places have answered it as well as they can. */
  readonly price: F64;
  /** Row k, entries j < k: how much of the error in place j is made good in place k. */
  readonly feedback: F64;
  /** The damped Hessian, reordered. */
  readonly hessian: F64;
  readonly damping: number;
  readonly dampingSteps: number;
  readonly deadColumns: number;
}

/** Checks that `h` can be a Hessian: finite, symmetric, no negative diagonal entry. */
export function checkHessian(fn: string, h: FloatArray, n: number): void {
  for (let i = 0; i < h.length; i++) {
    if (Number.isFinite(h[i])) continue;
    const got = `${describe(h[i])} at index ${i}`;
    const message = `${fn}: "hessian" expected finite numbers, got ${got} - leave samples with such activations out`;
    throw new NumericError('NON_FINITE', message, i);
  }
  let largest = 0;
  for (let i = 0; i < n; i++) {
    const d = h[i * n + i];
    if (d < 0) throw rangeError(fn, `hessian[${i}, ${i}]`, 'a sum of squares', d, 'sum x^T x over rows x');
    largest = Math.max(largest, d);
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const difference = Math.abs(h[i * n + j] - h[j * n + i]);
      if (difference <= ASYMMETRY * largest) continue;
      const pair = [h[i * n + j], h[j * n + i]];
      throw rangeError(
        fn,
        `hessian[${i}, ${j}]`,
        `the same as hessian[${j}, ${i}]`,
        pair,
        'pass a symmetric matrix',
      );
    }
  }
}

/** Columns in the order of processing. Equal ones stay in the order of the tensor. */
function orderColumns(diagonal: F64, order: EliminationOrder, groupSize: number): I32 {
  const n = diagonal.length;
  const columns = Int32Array.from({ length: n }, (_, i) => i);
  if (order === 'natural') return columns;
  const byDiagonal = (a: number, b: number): number => diagonal[b] - diagonal[a] || a - b;
  if (order === 'activation') return columns.sort(byDiagonal);
  const groups = Array.from({ length: Math.ceil(n / groupSize) }, (_, g) =>
    columns.slice(g * groupSize, (g + 1) * groupSize).sort(byDiagonal),
  );
  const total = groups.map((group) => group.reduce((sum, c) => sum + diagonal[c], 0));
  const ranked = groups.map((_, g) => g).sort((a, b) => total[b] - total[a] || a - b);
  return Int32Array.from(ranked.flatMap((g) => Array.from(groups[g])));
}

/**
 * The factor of a checked Hessian.
 *
 * Formula: H + damping * mean(diag H) * I = R R^T, R upper triangular; feedback = transposed R / diag(R), price = diag(R)^2. With t[k] =
 * w[k] + sum over j < k of feedback[k, j] * (w[j] - v[j]), the sum of price[k] * (t[k] - v[k])^2 is e H e^T exactly, e = w - v: so each place is
 * rounded for its own term. This is GPTQ (its inverse, factored, has the same rows) without the inverse.
 *
 * Numerics: a column of zeros gets the mean diagonal (1 if all are zeros): alone, its weights are rounded to nearest.
 * Cost: n^3 / 6 multiplications per try; 16 n^2 bytes.
 */
export function factorHessian(
  fn: string,
  h: FloatArray,
  n: number,
  damping: number,
  order: EliminationOrder,
  groupSize: number,
): Factor {
  const diagonal = Float64Array.from({ length: n }, (_, i) => h[i * n + i]);
  const mean = diagonal.reduce((sum, d) => sum + d, 0) / n;
  let deadColumns = 0;
  for (let i = 0; i < n; i++) {
    if (diagonal[i] > 0) continue;
    diagonal[i] = mean > 0 ? mean : 1;
    deadColumns++;
  }
  const columns = orderColumns(diagonal, order, groupSize);
  const hessian = new Float64Array(n * n);
  const feedback = new Float64Array(n * n);
  for (let used = damping, dampingSteps = 0; ; dampingSteps++) {
    for (let k = 0; k < n; k++) {
      const row = columns[k];
      for (let j = 0; j < n; j++) {
        const column = columns[j];
        hessian[k * n + j] = (h[row * n + column] + h[column * n + row]) / 2;
      }
      hessian[k * n + k] = diagonal[row] + used * mean;
    }
    feedback.set(hessian);
    const failed = upperCholesky(feedback, n);
    if (failed < 0) {
      const price = pricesOf(feedback, n);
      return { n, columns, price, feedback, hessian, damping: used, dampingSteps, deadColumns };
    }
    const next = Math.max(used * 10, LEAST_DAMPING);
    if (used >= MOST_DAMPING) {
      const message = `${fn}: "hessian" expected a sum of x^T x, got a matrix that is not positive even with damping ${used} - accumulate it with hessianAccumulator`;
      throw new NumericError('NOT_POSITIVE', message, columns[failed]);
    }
    used = Math.min(next, Math.max(MOST_DAMPING, damping));
  }
}

/** Turns R into feedback in place, row k from column k, and returns the squares of its diagonal. */
function pricesOf(r: F64, n: number): F64 {
  const price = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const pivot = r[k * n + k];
    price[k] = pivot * pivot;
    for (let j = 0; j < k; j++) {
      r[k * n + j] = r[j * n + k] / pivot;
      r[j * n + k] = 0;
    }
    r[k * n + k] = 1;
  }
  return price;
}
