/** From losses of rows to one loss. */
import { arrayTag } from '../core/array-tag.js';
import type { F64, FloatArray } from '../core/arrays.js';
import type { Rows } from './arguments.js';
import type { DistillLoss } from './types.js';

/** Sum of the weights of the rows that count. */
export function totalWeight(rows: Rows): number {
  let total = 0;
  for (let row = 0; row < rows.count; row++) if (rows.isCounted(row)) total += rows.weight(row);
  return total;
}

/** What each row's weighted loss and gradient is multiplied by; 0 where nothing counts, so that an empty batch costs nothing. */
export function reductionFactor(rows: Rows): number {
  const { reduction } = rows;
  if (reduction === 'none' || reduction === 'sum') return 1;
  if (typeof reduction === 'object') return 1 / reduction.denominator;
  const weight = totalWeight(rows);
  if (weight === 0) return 0;
  return 1 / (reduction === 'rowMean' ? weight : weight * rows.classes);
}

/** The losses of the rows, each with its weight, to the result. */
export function reduced(rows: Rows, losses: F64, grad: FloatArray): DistillLoss {
  const factor = reductionFactor(rows);
  let sum = 0;
  let count = 0;
  for (let row = 0; row < rows.count; row++) {
    if (!rows.isCounted(row)) continue;
    sum += losses[row];
    count++;
  }
  const loss = factor === 0 ? 0 : sum * factor;
  const result = { loss, grad, rows: count };
  return rows.reduction === 'none' ? { ...result, perRow: losses } : result;
}

/** An array of zeros like the student's, or `out` with zeros. */
export function gradientLike(like: FloatArray, out: FloatArray | null): FloatArray {
  if (out !== null) return out.fill(0);
  return arrayTag(like) === 'Float32Array' ? new Float32Array(like.length) : new Float64Array(like.length);
}
