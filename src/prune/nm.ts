/** N:M masks: of every `of` neighbours along an axis, `keep` stay. */
import type { F32, U8 } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../core/options.js';
import { normalizeAxis, rowMajorStrides } from '../core/shape.js';
import { copyStrided } from '../core/strided.js';
import type { TensorLike } from '../core/tensor.js';
import { pruneFamily } from '../kernels/prune/family.js';
import type { Order } from '../kernels/prune/types.js';
import { MOST_OF } from '../kernels/prune/types.js';
import { nanError, refuseNaN, toNumbers32 } from './checks.js';
import { selectRows } from './select.js';
import { maskTransposable } from './transposable.js';
import type { PadReport } from './types.js';

const FN = 'maskNM';

export interface MaskNMOptions {
  /** Elements that stay of every `of`: 2 of 4 is NVIDIA's 2:4. SparseGPT's and Wanda's prune_n is of - keep. */
  readonly keep: number;
  readonly of: number;
  /** The axis along which groups lie; negative counts from the back. Default -1, the inputs of weights [outputs, inputs]. */
  readonly axis?: number;
  /**
   * Also along the other axis of a matrix, so that the transposed mask is one too: 'best' tries every pattern of a square (of <= 4), 'greedy' takes
   * the largest first. true is 'best' where that can be, else 'greedy'. Default false.
   */
  readonly transposable?: boolean | 'best' | 'greedy';
  /** An axis that `of` does not divide: 'error' (the default), or 'pad': the missing elements count as the lowest. */
  readonly tail?: 'error' | 'pad';
  /** Told what was padded, for every axis that was. */
  readonly onPad?: (report: PadReport) => void;
  /** What is kept: the largest scores ('value', the default), or the largest |x|. */
  readonly order?: 'value' | 'magnitude';
}

/**
 * Returns the mask that keeps the `keep` largest scores of every `of` neighbours along an axis: 1 keeps, 0 removes.
 *
 * Formula: groups are elements [g of, (g + 1) of) of each line along the axis. Of equal scores the first ones are kept. A ragged last group of t elements,
 * with tail 'pad', keeps min(keep, t). transposable: squares of `of` x `of` with exactly `keep` in every row and column; 'best' has the largest sum of
 * scores of all patterns (90 for 2:4), the first of equal ones in the order of their bits; 'greedy' takes entries from the largest down while their
 * row and column have room, then exchanges until all are full.
 *
 * Shapes: any for one axis, matrices for transposable; the mask is flat, in row-major order.
 *
 * Numerics: exact comparisons; -0 equals 0; float64 is rounded to float32 first. Sums of 'best' are taken in float64. Optimal: with scores w^2 no other mask of this
 * pattern leaves less of the sum of squares removed, as groups do not depend on each other ('best' likewise, 'greedy' not).
 *
 * Cost: 2:4 along the last axis is a few times a copy; other axes are transposed there and back.
 *
 * Compatible with: torch.ao's and apex's m4n2_1d, compressed-tensors' 2:4, tfmot's sparsity_m_by_n with (of - keep, of), but for the choice among equal magnitudes.
 *
 * @param scores what ranks the elements: of scoreMagnitude, scoreWanda ..., or weights with order 'magnitude'
 * @param options keep, of, axis, transposable, tail, onPad, order
 * @returns a new Uint8Array of 0 and 1
 * @throws TypeError or RangeError for arguments: keep above of, an axis that of does not divide; NumericError NAN with the index.
 * @example
 * maskNM(Float32Array.of(4, -1, 0.5, 2, 1, 1, 1, 1), { keep: 2, of: 4, order: 'magnitude' }); // Uint8Array [1, 0, 0, 1, 1, 1, 0, 0]
 * @see permutationNM, https://arxiv.org/abs/2104.08378
 */
export function maskNM(scores: TensorLike, options: MaskNMOptions): U8 {
  const given = checkOptions(FN, options, ['keep', 'of', 'axis', 'transposable', 'tail', 'onPad', 'order']);
  const of = checkInteger(FN, 'of', given.of, 1, Number.MAX_SAFE_INTEGER);
  const keep = checkInteger(FN, 'keep', given.keep, 0, Number.MAX_SAFE_INTEGER);
  if (keep > of) throw rangeError(FN, 'keep', `at most of, ${of}`, keep, '2:4 is { keep: 2, of: 4 }');
  const order = checkChoice(FN, 'order', given.order ?? 'value', ['value', 'magnitude']);
  const tail = checkChoice(FN, 'tail', given.tail ?? 'error', ['error', 'pad']);
  const transposable = checkTransposable(given.transposable ?? false, of);
  const { data, shape, size } = toNumbers32(scores, FN, 'scores');
  const lines = { keep, of, order };
  const axis = normalizeAxis(given.axis ?? -1, Math.max(1, shape.length), FN);
  const report = (at: number): void => checkTail(shape[at] ?? 1, at, keep, of, tail, given.onPad);
  if (transposable === false) {
    report(axis);
    return size === 0 ? new Uint8Array(0) : alongAxis(data, shape, axis, lines);
  }
  if (shape.length !== 2) {
    throw rangeError(FN, 'scores', 'a matrix for transposable', `${shape.length} axes`, 'reshape it');
  }
  report(0);
  report(1);
  refuseNaN(data, FN, 'scores');
  return maskTransposable(data, shape[0], shape[1], keep, of, order, transposable);
}

function checkTransposable(value: unknown, of: number): false | 'best' | 'greedy' {
  if (value === true) return of <= 4 ? 'best' : 'greedy';
  if (value === false) return false;
  const choice = checkChoice(FN, 'transposable', value, ['best', 'greedy']);
  if (choice === 'best' && of > 4) {
    const fix = "there are too many patterns to try: use 'greedy'";
    throw rangeError(FN, 'of', "at most 4 for transposable 'best'", of, fix);
  }
  return choice;
}

function checkTail(
  length: number,
  axis: number,
  keep: number,
  of: number,
  tail: 'error' | 'pad',
  onPad: unknown,
): void {
  if (onPad !== undefined && typeof onPad !== 'function') {
    throw typeError(FN, 'onPad', 'a function', onPad, 'it is called with a report');
  }
  const rest = length % of;
  if (rest === 0) return;
  if (tail === 'error') {
    const fix = `pass tail: 'pad', or another axis: axis ${axis} of the scores has ${length}`;
    throw rangeError(FN, 'of', `a divisor of the axis, ${length}`, of, fix);
  }
  const report: PadReport = { axis, length, padding: of - rest, keptOfLast: Math.min(keep, rest) };
  (onPad as ((report: PadReport) => void) | undefined)?.(report);
}

interface Lines {
  readonly keep: number;
  readonly of: number;
  readonly order: Order;
}

/** Lines along another axis than the last are copied to the end and their mask back. */
function alongAxis(data: F32, shape: readonly number[], axis: number, lines: Lines): U8 {
  const length = shape[axis] ?? 1;
  if (axis >= shape.length - 1) return alongLast(data, length, lines);
  const rank = shape.length;
  const order = [...Array(rank).keys()].filter((a) => a !== axis).concat(axis);
  const moved = order.map((a) => shape[a]);
  const strides = rowMajorStrides(shape);
  const turned = new Float32Array(data.length);
  copyStrided(
    turned,
    data,
    moved,
    order.map((a) => strides[a]),
    0,
  );
  let found: U8;
  try {
    found = alongLast(turned, length, lines);
  } catch (error) {
    // The index in a message is that of the tensor as it was given.
    refuseNaN(data, FN, 'scores');
    throw error;
  }
  const movedStrides = rowMajorStrides(moved);
  const back = shape.map((_, a) => movedStrides[order.indexOf(a)]);
  const mask = new Uint8Array(data.length);
  copyStrided(mask, found, shape, back, 0);
  return mask;
}

function alongLast(data: F32, length: number, { keep, of, order }: Lines): U8 {
  const mask = new Uint8Array(data.length);
  const asker = { fn: FN, argument: 'scores' };
  const rest = length % of;
  if (rest === 0 && of <= MOST_OF) {
    const hasNaN = pruneFamily.inUse().maskGroups(mask, data, data.length / of, of, keep, order);
    if (hasNaN) throw nanError(data, FN, 'scores');
    return mask;
  }
  const rule = { keep, ties: 'first' } as const;
  if (rest === 0) {
    selectRows(mask, data, 0, data.length / of, of, rule, order, asker);
    return mask;
  }
  const last = { keep: Math.min(keep, rest), ties: 'first' } as const;
  for (let at = 0; at < data.length; at += length) {
    selectRows(mask, data, at, (length - rest) / of, of, rule, order, asker);
    selectRows(mask, data, at + length - rest, 1, rest, last, order, asker);
  }
  return mask;
}
