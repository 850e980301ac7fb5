/** Least squares on a mask that stands: the kept weights make good for the removed ones. */
import type { F64, U8 } from '../core/arrays.js';
import { checkOptions } from '../core/options.js';
import type { TensorLike } from '../core/tensor.js';
import { inverseOf, keptSolver } from './kept-solve.js';
import { layerRows, maskRows, rowsToTensor, type LayerRows } from './layer-rows.js';
import { errorsOf, rowLosses, total, type LayerCurvature } from './quadratic-loss.js';
import { layerCurvature } from './sparse-gpt-options.js';
import type { RepairOptions, RepairResult } from './sparse-gpt-types.js';

/** From this many rows on, an inverse of the Hessian pays, where masks keep more than they remove. */
const ROWS_FOR_INVERSE = 4;

/**
 * Returns `w` on a fixed mask with the kept weights moved to where the layer's outputs are closest to the original, and what that gained.
 *
 * Formula: per row, the v that minimizes e H e^T, e = w - v, among those with v = 0 where the mask is 0: v_K = w_K + H_KK^-1 H_KP w_P for kept
 * places K and removed ones P. It is the refit of the kept weights by least squares on the layer's inputs (ridge with the damping), and
 * what optimal brain surgery gives for removing P at once.
 *
 * Shapes: w of any rank, H [n, n] with n = w.shape[inputAxis]; every other axis counts rows.
 *
 * Numerics: float64 inside; the result is rounded to float32 where w is float32. A row is left as it was where that loses no more, so that
 * the loss is never above that of the kept weights alone. Weights of dead inputs stay. Non-finite weights are an error.
 *
 * Cost: per row m^3 / 6 multiplications, with m the smaller of kept and removed places; rows with the mask of the row before share
 * them, so structured masks cost next to nothing. Memory: 40 n^2 bytes.
 *
 * @param w the weights of a layer; never changed
 * @param options mask, and hessian or activations
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE for values, NOT_POSITIVE for a matrix that is no Hessian.
 * @example
 * const w = Float32Array.of(1, 2);
 * const activations = { data: Float32Array.of(1, 1, 2, 1.9), shape: [2, 2] };
 * const { weights, report } = repairWeights(w, { mask: Uint8Array.of(1, 0), activations, damping: 0 });
 * weights.data[0]; // 2.92...: the first input speaks for both
 * report.loss < report.unchangedLoss; // true
 * @see sparseGpt, hessianAccumulator
 */
export function repairWeights(w: TensorLike, options: RepairOptions): RepairResult {
  const fn = 'repairWeights';
  const given = checkOptions(fn, options, ['hessian', 'activations', 'mask', 'inputAxis', 'damping']);
  const rows = layerRows(fn, w, given.inputAxis);
  const keep = maskRows(fn, given.mask, rows);
  const { n } = rows;
  const curvature = layerCurvature(fn, given, n, given.damping ?? 0.01);
  const values = rows.weights.map((value, i) => (keep[i] === 1 ? value : 0));
  const losses = rowLosses(errorsOf(rows.weights, values, curvature), rows.starts.length, curvature);
  const unchangedLoss = total(losses);
  const best = { values, losses, source: new Uint8Array(losses.length) };
  refitRows(best, 1, rows, keep, curvature);
  const { damping, dampingSteps, deadColumns } = curvature.factor;
  const unchangedRows = rowsFrom(best, 0);
  const report = { loss: total(losses), unchangedLoss, unchangedRows, damping, dampingSteps, deadColumns };
  return { weights: rowsToTensor(rows, values), report };
}

/** Rows as they are best known so far. */
export interface Best {
  readonly values: F64;
  readonly losses: F64;
  /** Which candidate each row comes from. */
  readonly source: U8;
}

/** Puts the least squares of every row in its place where they lose less, as candidate `mark`. */
export function refitRows(
  best: Best,
  mark: number,
  rows: LayerRows,
  keep: U8,
  curvature: LayerCurvature,
): void {
  const { n, weights, isFloat32 } = rows;
  const count = rows.starts.length;
  const { hessian } = curvature.factor;
  const isLarge = count >= ROWS_FOR_INVERSE && 2 * keep.reduce((sum, bit) => sum + bit, 0) > keep.length;
  const solver = keptSolver(hessian, n, isLarge ? inverseOf(hessian, n) : null);
  const refitted = best.values.slice();
  const v = new Float64Array(n);
  for (let r = 0; r < count; r++) {
    const [begin, end] = [r * n, (r + 1) * n];
    if (!solver.solve(v, weights.subarray(begin, end), keep.subarray(begin, end))) continue;
    refitted.set(isFloat32 ? v.map(Math.fround) : v, begin);
  }
  const losses = rowLosses(errorsOf(weights, refitted, curvature), count, curvature);
  takeBetter(best, mark, n, refitted, losses);
}

/** Takes the rows of `values` that lose less than the best so far. A loss that is NaN, from an overflow, is never taken. */
export function takeBetter(best: Best, mark: number, n: number, values: F64, losses: F64): void {
  for (let r = 0; r < losses.length; r++) {
    if (!(losses[r] < best.losses[r])) continue;
    best.values.set(values.subarray(r * n, (r + 1) * n), r * n);
    best.losses[r] = losses[r];
    best.source[r] = mark;
  }
}

/** Rows that come from candidate `mark`. */
export const rowsFrom = ({ source }: Best, mark: number): number =>
  source.reduce((sum, one) => sum + (one === mark ? 1 : 0), 0);
