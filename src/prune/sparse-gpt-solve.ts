/** SparseGPT itself: blocks of columns, masks chosen on weights that have answered what went before, errors passed on. */
import type { F64, U8 } from '../core/arrays.js';
import { roundHalfEven } from '../core/rounding.js';
import { ROWS_AT_ONCE, type LayerRows } from './layer-rows.js';
import { answered, type LayerCurvature } from './quadratic-loss.js';

/** How masks come about. */
export type Selection =
  | { readonly kind: 'fraction'; readonly sparsity: number; readonly blockSize: number }
  | { readonly kind: 'pattern'; readonly keep: number; readonly of: number }
  | { readonly kind: 'mask'; readonly mask: U8; readonly blockSize: number };

/** What is stored for a kept weight: rounded to the weights' type, and by the joint quantizer before. */
export type Store = (value: number, row: number, column: number) => number;

export interface Pruned {
  /** By rows. */
  readonly values: F64;
  readonly keep: U8;
  /** Of every row, summed up on the way. */
  readonly losses: F64;
}

/** One block of columns, of all rows. */
interface Columns {
  readonly begin: number;
  readonly end: number;
  /** [rows, width]: weights that have answered the errors before `begin`. */
  readonly t: F64;
}

export function pruneRows(
  rows: LayerRows,
  curvature: LayerCurvature,
  selection: Selection,
  store: Store,
): Pruned {
  const { n, weights } = rows;
  const count = rows.starts.length;
  const width = selection.kind === 'pattern' ? selection.of : selection.blockSize;
  const errors = new Float64Array(weights.length);
  const keep = selection.kind === 'mask' ? selection.mask.slice() : new Uint8Array(count * n);
  const pruned: Pruned = { values: new Float64Array(weights.length), keep, losses: new Float64Array(count) };
  for (let begin = 0; begin < n; begin += width) {
    const end = Math.min(n, begin + width);
    const t = new Float64Array((weights.length / n) * (end - begin));
    const columns = { begin, end, t };
    for (let r = 0; r < count; r += ROWS_AT_ONCE) {
      for (let k = begin; k < end; k++) {
        const at = r * (end - begin) + k - begin;
        answered(t, at, end - begin, weights, errors, r * n, k, begin, curvature.factor);
      }
    }
    choose(keep, columns, weights, count, curvature, selection);
    for (let r = 0; r < count; r++) settle(pruned, errors, columns, weights, r, curvature, store);
  }
  return pruned;
}

/** Settles a row's block place by place: removed or stored, each answering the errors of those before it. */
function settle(
  { values, keep, losses }: Pruned,
  errors: F64,
  { begin, end, t }: Columns,
  w: F64,
  r: number,
  { factor, dead }: LayerCurvature,
  store: Store,
): void {
  const { n, feedback, price } = factor;
  const at = r * n;
  for (let k = begin; k < end; k++) {
    let moved = t[r * (end - begin) + k - begin];
    for (let j = begin; j < k; j++) moved += feedback[k * n + j] * errors[at + j];
    const value = keep[at + k] === 1 ? store(moved, r, k) : 0;
    values[at + k] = value;
    if (dead[k] === 1) continue;
    errors[at + k] = w[at + k] - value;
    const lost = moved - value;
    losses[r] += price[k] * lost * lost;
  }
}

/** Writes the block's mask: by score, the price of removing a weight from where the answered ones stand; the first of equal ones stays. */
function choose(
  keep: U8,
  columns: Columns,
  w: F64,
  count: number,
  curvature: LayerCurvature,
  selection: Selection,
): void {
  if (selection.kind === 'mask') return;
  const { n } = curvature.factor;
  const { begin, end } = columns;
  const width = end - begin;
  const scores = scoresOf(columns, w, count, curvature);
  if (selection.kind === 'fraction') {
    const { sparsity } = selection;
    const removed = roundHalfEven(sparsity * count * end) - roundHalfEven(sparsity * count * begin);
    const bits = keepLargest(scores, scores.length - removed);
    for (let r = 0; r < count; r++) keep.set(bits.subarray(r * width, (r + 1) * width), r * n + begin);
    return;
  }
  for (let r = 0; r < count; r++) {
    const group = scores.subarray(r * width, (r + 1) * width);
    keep.set(keepLargest(group, selection.keep), r * n + begin);
  }
}

/** Scores of a block's weights as they stand when it begins: u^2 * price, where u has answered every error before the block. */
function scoresOf({ begin, end, t }: Columns, w: F64, count: number, { factor, dead }: LayerCurvature): F64 {
  const { n, feedback, price } = factor;
  const width = end - begin;
  const scores = new Float64Array(count * width);
  const moves = new Float64Array(width);
  for (let r = 0; r < count; r++) {
    for (let i = 0; i < width; i++) {
      let u = t[r * width + i];
      const row = (begin + i) * n + begin;
      for (let j = 0; j < i; j++) u += feedback[row + j] * moves[j];
      moves[i] = dead[begin + i] === 1 ? 0 : w[r * n + begin + i] - u;
      scores[r * width + i] = dead[begin + i] === 1 ? 0 : u * u * price[begin + i];
    }
  }
  return scores;
}

/** 1 for the `count` largest; of equal scores the first. */
export function keepLargest(scores: F64, count: number): U8 {
  const bits = new Uint8Array(scores.length);
  if (count <= 0) return bits;
  const threshold = scores.slice().sort()[scores.length - count];
  let left = count;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] <= threshold) continue;
    bits[i] = 1;
    left--;
  }
  for (let i = 0; left > 0; i++) {
    if (scores[i] !== threshold) continue;
    bits[i] = 1;
    left--;
  }
  return bits;
}
