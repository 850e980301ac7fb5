/** The second moments of a layer's inputs, which tell solvers what an error in a weight costs. */
import type { F64, FloatArray } from './arrays.js';
import { describe, NumericError, rangeError } from './errors.js';
import { checkInteger } from './options.js';
import { toContiguous, type Tensor, type TensorLike } from './tensor.js';

/** Most features: the matrix of 16,384 takes 2 GiB. */
const MAX_FEATURES = 16_384;

/** Rows that one pass over the matrix adds: it is read and written once for four of them. */
const ROWS_AT_ONCE = 4;

export interface HessianAccumulator {
  /**
   * Adds the inputs of a layer for some tokens.
   *
   * @param activations [..., features]: every row one token; never changed
   * @throws RangeError for another number of features; NumericError NON_FINITE with the index of the first bad value. Nothing is added then.
   */
  add(activations: TensorLike): void;
  /** The sum of x^T x over the rows so far, [features, features], symmetric to the bit: a copy. */
  readonly matrix: Tensor & { readonly data: F64 };
  /** Rows so far, rows of zeros among them. */
  readonly count: number;
}

/**
 * Returns an accumulator of H = sum of x^T x over rows x of activations, the Hessian (but for a factor) of a linear layer's squared output
 * error in each line of its weights.
 *
 * Numerics: float64; entry (i, j) is the sum of x[i] * x[j] in the order of the rows, however they are cut into calls of `add`, so results
 * do not depend on batches. Rows of zeros (padding) change nothing and cost nothing. A solver takes any multiple of H: nothing is divided.
 *
 * Cost: features^2 / 2 multiplications per row, about 1 ns each; memory 8 * features^2 bytes, whatever the number of rows.
 *
 * Compatible with: GPTQModel's H up to its factor 2 / samples.
 *
 * @param features length of a row: the layer's inputs
 * @throws RangeError for a number of features that is not 1 to 16,384.
 * @example
 * const hessian = hessianAccumulator(2);
 * hessian.add({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });
 * hessian.matrix.data; // Float64Array [10, 14, 14, 20]
 * @see gptq
 */
export function hessianAccumulator(features: number): HessianAccumulator {
  const fn = 'hessianAccumulator';
  const n = checkInteger(fn, 'features', features, 1, MAX_FEATURES);
  const upper = new Float64Array(n * n);
  let count = 0;
  return {
    add(activations) {
      const { data, shape, size } = toContiguous(activations, fn, 'activations');
      if (shape[shape.length - 1] !== n) {
        const fix = 'rows are tokens, columns the inputs of the layer';
        throw rangeError(fn, 'activations.shape', `a last axis of ${n}`, Array.from(shape), fix);
      }
      refuseNonFinite(fn, data);
      const rows = size / n;
      const used = liveRows(data, rows, n);
      for (let r = 0; r < used.length; r += ROWS_AT_ONCE)
        addRows(upper, data, used.slice(r, r + ROWS_AT_ONCE), n);
      count += rows;
    },
    get matrix() {
      return { data: mirrored(upper, n), shape: [n, n], dtype: 'float64' as const };
    },
    get count() {
      return count;
    },
  };
}

function refuseNonFinite(fn: string, data: FloatArray): void {
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    const got = `${describe(data[i])} at index ${i}`;
    const message = `${fn}: "activations" expected finite numbers, got ${got} - leave such samples out`;
    throw new NumericError('NON_FINITE', message, i);
  }
}

/** Where the rows begin that are not all zeros. */
function liveRows(data: FloatArray, rows: number, n: number): number[] {
  const starts: number[] = [];
  for (let r = 0; r < rows; r++) {
    let i = r * n;
    while (i < (r + 1) * n && data[i] === 0) i++;
    if (i < (r + 1) * n) starts.push(r * n);
  }
  return starts;
}

/** Adds up to four rows to the upper triangle, one after the other in every entry. */
function addRows(upper: F64, data: FloatArray, starts: readonly number[], n: number): void {
  if (starts.length < ROWS_AT_ONCE) {
    for (const start of starts) addRow(upper, data, start, n);
    return;
  }
  const [a, b, c, d] = starts;
  for (let i = 0; i < n; i++) {
    const xa = data[a + i];
    const xb = data[b + i];
    const xc = data[c + i];
    const xd = data[d + i];
    if (xa === 0 && xb === 0 && xc === 0 && xd === 0) continue;
    const at = i * n;
    for (let j = i; j < n; j++) {
      const sum = upper[at + j] + xa * data[a + j] + xb * data[b + j];
      upper[at + j] = sum + xc * data[c + j] + xd * data[d + j];
    }
  }
}

function addRow(upper: F64, data: FloatArray, start: number, n: number): void {
  for (let i = 0; i < n; i++) {
    const x = data[start + i];
    if (x === 0) continue;
    for (let j = i; j < n; j++) upper[i * n + j] += x * data[start + j];
  }
}

function mirrored(upper: F64, n: number): F64 {
  const full = upper.slice();
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) full[i * n + j] = full[j * n + i];
  return full;
}
