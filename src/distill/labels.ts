/** Cross-entropy with labels, smoothed or not: the hard part of a distillation loss. */
import type { FloatArray } from '../core/arrays.js';
import { checkOptions } from '../core/options.js';
import {
  ROW_KEYS,
  checkClasses,
  checkLabels,
  checkLogits,
  checkOut,
  checkRows,
  checkShare,
} from './arguments.js';
import { logSoftmaxRow, softmaxBackward } from './engine.js';
import { gradientLike, reduced, reductionFactor } from './reduce.js';
import type { DistillLoss, RowOptions } from './types.js';

export interface CrossEntropyOptions extends RowOptions {
  readonly studentLogits: Float32Array | Float64Array;
  /** The class of each row; rows with `ignoreIndex` are left out. */
  readonly labels: Int32Array | readonly number[];
  /** What the label gives up to all classes alike, from 0 to 1: 0 by default. */
  readonly labelSmoothing?: number;
}

/**
 * Returns the cross-entropy of the student with labels and its gradient. It has no temperature.
 *
 * Formula: -sum of target \* log q per row, target = (1 - s) at the label plus s / classes everywhere, s = `labelSmoothing`. Gradient per row: q - target.
 * Label smoothing is distillation from a uniform teacher ("Tf-KD"), mixed with hard labels.
 *
 * Numerics: float64. A label whose class is excluded (-Infinity) gives Infinity, and so does smoothing with any excluded class.
 *
 * Compatible with: torch's `cross_entropy` with `label_smoothing` and `ignore_index`; reduction 'rowMean' is its 'mean', also with row weights;
 * optax `smooth_labels`.
 *
 * @param options logits, classes, labels, smoothing, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments, labels outside [0, classes) among them; NumericError for NaN, Infinity and rows of -Infinity
 * @example
 * crossEntropy({ studentLogits: Float64Array.of(1, 2, 3), classes: 3, labels: [2] }).loss; // 0.4076...
 * @see Szegedy et al., Rethinking the Inception Architecture, arXiv 1512.00567
 */
export function crossEntropy(options: CrossEntropyOptions): DistillLoss {
  const fn = 'crossEntropy';
  const own = checkOptions(fn, options, [...ROW_KEYS, 'studentLogits', 'labelSmoothing']);
  const classes = checkClasses(fn, own.classes);
  const student = checkLogits(fn, 'studentLogits', own.studentLogits, classes);
  const rows = checkRows(fn, own, classes, student.length / classes);
  const labels = checkLabels(rows, own.labels);
  const smoothing = checkShare(fn, 'labelSmoothing', own.labelSmoothing, 0);
  const out = checkOut(fn, own.out, student);

  const grad: FloatArray = gradientLike(student, out);
  const losses = new Float64Array(rows.count);
  const logQ = new Float64Array(classes);
  const q = new Float64Array(classes);
  const g = new Float64Array(classes);
  const factor = reductionFactor(rows);
  for (let row = 0; row < rows.count; row++) {
    if (!rows.isCounted(row)) continue;
    logSoftmaxRow(logQ, q, fn, 'studentLogits', student, row, 1);
    let loss = 0;
    g.fill(-smoothing / classes);
    g[labels[row]] -= 1 - smoothing;
    for (let i = 0; i < classes; i++) if (g[i] !== 0) loss += g[i] * logQ[i];
    const weight = rows.weight(row);
    losses[row] = weight === 0 ? 0 : weight * loss;
    softmaxBackward(grad, row * classes, q, g, factor * weight);
  }
  return reduced(rows, losses, grad);
}
