/** Optimal brain surgery on small systems, exactly. */
import type { F64, U8 } from '../core/arrays.js';
import { NumericError, rangeError } from '../core/errors.js';
import { checkInteger, checkOptions, checkChoice } from '../core/options.js';
import type { Tensor, TensorLike } from '../core/tensor.js';
import { inverseOf, keptSolver, type KeptSolver } from './kept-solve.js';
import { layerRows, maskRows, rowsToTensor, type LayerRows } from './layer-rows.js';
import type { MaskLike } from './sparse-gpt-types.js';
import { layerCurvature } from './sparse-gpt-options.js';

/** Inputs of the largest system: its inverse takes a second. */
const MOST_INPUTS = 1024;
/** Inputs of the largest exhaustive search: 184,756 masks of 10 in 20. */
const MOST_SEARCHED = 20;

export interface ObsResult {
  readonly weights: Tensor;
  /** e H e^T of every row, e = w - weights: twice the rise of a loss whose Hessian H is. */
  readonly losses: F64;
}

/**
 * Returns `w` with the weights that `mask` removes at 0 and the others where e H e^T is least, and that loss.
 *
 * Formula: for removed places P, weights = w - H^-1[:, P] (H^-1[P, P])^-1 w_P and loss = w_P^T (H^-1[P, P])^-1 w_P; computed as the least squares of
 * the kept places, which is the same.
 *
 * Shapes: w [..., n], H [n, n] with n up to 1024, mask as w.
 *
 * Numerics: float64; weights are rounded to float32 where w is float32, losses are those before that rounding. H must be positive
 * definite: nothing is added to it.
 *
 * Cost: m^3 / 6 multiplications per row with m kept places; rows with the mask of the row before share them.
 *
 * @param w the weights of a layer; never changed
 * @param hessian second moments of its inputs, such as hessianAccumulator's `matrix`
 * @param mask 1 keeps a weight
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE for values, NOT_POSITIVE for a singular Hessian.
 * @example
 * const hessian = { data: Float64Array.of(2, 1, 1, 2), shape: [2, 2] };
 * const { weights, losses } = obs(Float64Array.of(1, 3), hessian, Uint8Array.of(0, 1));
 * weights.data; // Float64Array [0, 3.5]: half of what went is made good
 * losses[0]; // 1.5
 * @see obsMask, repairWeights; Hassibi and Stork 1993
 */
export function obs(w: TensorLike, hessian: TensorLike, mask: MaskLike): ObsResult {
  const fn = 'obs';
  const rows = layerRows(fn, w, -1);
  const { matrix, solver } = smallSystem(fn, hessian, rows);
  const keep = maskRows(fn, mask, rows);
  const { n, weights } = rows;
  const values = new Float64Array(weights.length);
  const losses = new Float64Array(rows.starts.length);
  for (let r = 0; r < losses.length; r++) {
    const row = weights.subarray(r * n, (r + 1) * n);
    losses[r] = refit(
      fn,
      solver,
      matrix,
      values.subarray(r * n, (r + 1) * n),
      row,
      keep.subarray(r * n, (r + 1) * n),
    );
  }
  return { weights: rowsToTensor(rows, values), losses };
}

export interface ObsMaskOptions {
  /** Weights of every row that stay. */
  readonly keepCount: number;
  /** 'greedy' (the default): one weight after the other, each the cheapest of those left. 'exhaustive': the best of all masks; n up to 20. */
  readonly search?: 'greedy' | 'exhaustive';
}

/**
 * Returns the mask, 1 for a kept weight, under which `obs` loses little (greedy) or least (exhaustive).
 *
 * Formula: greedy removal takes the q with the smallest w_q^2 / [H^-1]_qq, moves the others by -w_q / [H^-1]_qq H^-1[:, q], and takes q out of
 * H^-1; of equal ones the last goes. The exhaustive search tries every mask; of equal ones the first in the order of bits, lowest place first.
 *
 * Shapes: w [..., n], H [n, n]; the mask has w's elements.
 *
 * Numerics: float64, H positive definite.
 *
 * Cost: greedy n^3 / 2 once and n^2 per removed weight; exhaustive the masks times keepCount^3 / 6.
 *
 * @param w the weights of a layer; never changed
 * @param hessian second moments of its inputs
 * @param options keepCount, search
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE for values, NOT_POSITIVE for a singular Hessian.
 * @example
 * const hessian = { data: Float64Array.of(2, 1, 1, 2), shape: [2, 2] };
 * obsMask(Float64Array.of(1, 3), hessian, { keepCount: 1 }); // Uint8Array [0, 1]
 * @see obs
 */
export function obsMask(w: TensorLike, hessian: TensorLike, options: ObsMaskOptions): U8 {
  const fn = 'obsMask';
  const given = checkOptions(fn, options, ['keepCount', 'search']);
  const rows = layerRows(fn, w, -1);
  const { n, weights } = rows;
  const keepCount = checkInteger(fn, 'keepCount', given.keepCount, 0, n);
  const search = checkChoice(fn, 'search', given.search ?? 'greedy', ['greedy', 'exhaustive']);
  if (search === 'exhaustive' && n > MOST_SEARCHED) {
    throw rangeError(fn, 'search', `'greedy' beyond ${MOST_SEARCHED} inputs`, search, `w has ${n} of them`);
  }
  const { matrix, solver } = smallSystem(fn, hessian, rows);
  const inverse = search === 'greedy' ? inverseOf(matrix, n) : null;
  if (search === 'greedy' && inverse === null) throw notPositive(fn);
  const mask = new Uint8Array(rows.starts.length * n);
  for (let r = 0; r < rows.starts.length; r++) {
    const row = weights.subarray(r * n, (r + 1) * n);
    const keep =
      inverse === null
        ? bestMask(row, keepCount, (v, bits) => refit(fn, solver, matrix, v, row, bits))
        : greedyMask(row.slice(), inverse.slice(), keepCount);
    mask.set(keep, r * n);
  }
  return mask;
}

function smallSystem(fn: string, hessian: TensorLike, { n }: LayerRows): { matrix: F64; solver: KeptSolver } {
  if (n > MOST_INPUTS) {
    throw rangeError(fn, 'w', `at most ${MOST_INPUTS} inputs`, n, 'use sparseGpt or repairWeights');
  }
  const { factor } = layerCurvature(fn, { hessian }, n, 0);
  if (factor.dampingSteps > 0 || factor.deadColumns > 0) throw notPositive(fn);
  return { matrix: factor.hessian, solver: keptSolver(factor.hessian, n, null) };
}

function notPositive(fn: string): NumericError {
  const message = `${fn}: "hessian" expected a positive definite matrix, got a singular one - use repairWeights, which damps it`;
  return new NumericError('NOT_POSITIVE', message);
}

/** Writes the refit of a row to `v` and returns its loss, e H e^T summed over the removed places, where alone the gradient is not 0. */
function refit(fn: string, solver: KeptSolver, h: F64, v: F64, w: F64, keep: U8): number {
  if (!solver.solve(v, w, keep)) throw notPositive(fn);
  const n = w.length;
  let loss = 0;
  for (let p = 0; p < n; p++) {
    if (keep[p] === 1) continue;
    let gradient = 0;
    for (let j = 0; j < n; j++) gradient += h[p * n + j] * (w[j] - v[j]);
    loss += w[p] * gradient;
  }
  return Math.max(loss, 0);
}

/** Removes the cheapest weight until keepCount are left; changes w and the inverse. */
function greedyMask(w: F64, inverse: F64, keepCount: number): U8 {
  const n = w.length;
  const keep = new Uint8Array(n).fill(1);
  for (let left = n; left > keepCount; left--) {
    let q = -1;
    let least = Infinity;
    for (let k = 0; k < n; k++) {
      const price = (w[k] * w[k]) / inverse[k * n + k];
      if (keep[k] === 0 || price > least) continue;
      least = price;
      q = k;
    }
    const pivot = inverse[q * n + q];
    const step = w[q] / pivot;
    keep[q] = 0;
    for (let k = 0; k < n; k++) if (keep[k] === 1) w[k] -= step * inverse[k * n + q];
    for (let i = 0; i < n; i++) {
      const share = inverse[i * n + q] / pivot;
      if (keep[i] === 1)
        for (let j = 0; j < n; j++) if (keep[j] === 1) inverse[i * n + j] -= share * inverse[q * n + j];
    }
  }
  return keep;
}

/** The mask of keepCount places that loses least. */
function bestMask(w: F64, keepCount: number, lossOf: (v: F64, keep: U8) => number): U8 {
  const n = w.length;
  const v = new Float64Array(n);
  let best = new Uint8Array(n);
  let least = Infinity;
  for (let bits = 0; bits < 2 ** n; bits++) {
    const keep = Uint8Array.from({ length: n }, (_, k) => (bits >>> k) & 1);
    if (keep.reduce((sum, bit) => sum + bit, 0) !== keepCount) continue;
    const loss = lossOf(v, keep);
    if (loss >= least) continue;
    least = loss;
    best = keep;
  }
  return best;
}
