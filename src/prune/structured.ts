/** Masks of whole channels, filters, heads or rows, and of blocks. */
import type { F32, F64, I32, U8 } from '../core/arrays.js';
import { rangeError } from '../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../core/options.js';
import { normalizeAxis } from '../core/shape.js';
import { toContiguous, type TensorLike } from '../core/tensor.js';
import { channelNorms, checkNorm } from './channel-norms.js';
import { checkMask, nanError, toNumbers32, toScores } from './checks.js';
import { countRule, type CountRule } from './count.js';
import { geometricMedianScores } from './geometric-median.js';
import { selectRows } from './select.js';
import { checkBlockShape } from './top-k.js';
import type { PruneCompat } from './types.js';

export interface MaskStructuredOptions {
  /** The axis whose slices go together: 0 for filters of OIHW, -1 for those of HWIO, 0 for rows of [outputs, inputs]; negative counts from the back. */
  readonly axis: number;
  /** Part of the units to remove, from 0 to 1. Either this or keepCount. */
  readonly sparsity?: number;
  /** Units to keep. */
  readonly keepCount?: number;
  /** Neighbouring slices that are one unit, such as the channels of a head. Default 1. */
  readonly unit?: number;
  /** Rank by the sum of |x|^norm of a slice (Infinity: the largest |x|): 1, 2 (the default) or any other number above 0. */
  readonly norm?: number;
  /** In place of a norm: 'geometricMedian', or scores of your own, one per slice. */
  readonly criterion?: 'norm' | 'geometricMedian' | TensorLike;
  /** The number kept becomes a multiple of this many slices, for hardware. Default 1. */
  readonly multipleOf?: number;
  /** Which multiple: 'up' keeps more than asked (the default), 'down' fewer, but never none where some were to stay. */
  readonly multipleRounding?: 'up' | 'down';
  /** Another tool's count and ties. */
  readonly compat?: PruneCompat;
}

const KEYS = [
  'axis',
  'sparsity',
  'keepCount',
  'unit',
  'norm',
  'criterion',
  'multipleOf',
  'multipleRounding',
  'compat',
] as const;

interface Slices {
  readonly kept: U8;
  readonly shape: readonly number[];
  readonly axis: number;
  readonly size: number;
}

/**
 * Returns the mask of `x` that removes whole slices along an axis, those of the lowest score: 1 keeps, 0 removes.
 *
 * Formula: a slice's score is the norm of its elements; a unit of several slices has the sum of their p-th powers. Of n units round-half-even(sparsity * n) are removed; of equal scores
 * the lowest index is kept first. multipleOf then rounds the number of slices that are kept, up to the whole axis at most.
 *
 * Shapes: the mask is flat, in row-major order of x.
 *
 * Numerics: norms are summed in float64 and rounded to float32 once, as are scores of your own.
 *
 * Compatible with: torch.nn.utils.prune.ln_structured(amount, n, dim) wherever its float32 norms tell slices apart as ours do; 'down' is Torch-Pruning's round_to.
 * What is called filter and channel differs between tools: here it is an axis.
 *
 * @param x weights; never changed
 * @param options axis, sparsity or keepCount, unit, norm, criterion, multipleOf, multipleRounding, compat
 * @returns a new Uint8Array of 0 and 1, as many as x has elements
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * const w = { data: Float32Array.of(1, 2, 0.1, 0.2, 3, 4), shape: [3, 2] };
 * maskStructured(w, { axis: 0, sparsity: 1 / 3 }); // Uint8Array [1, 1, 0, 0, 1, 1]
 * @see keptSlices, scoreChannels, scoreGeometricMedian
 */
export function maskStructured(x: TensorLike, options: MaskStructuredOptions): U8 {
  const { kept, shape, axis, size } = selectSlices('maskStructured', x, options);
  const mask = new Uint8Array(size);
  const inner = shape.slice(axis + 1).reduce((product, length) => product * length, 1);
  for (let at = 0, slice = 0; at < size; at += inner, slice++) {
    if (kept[slice % kept.length] === 1) mask.fill(1, at, at + inner);
  }
  return mask;
}

/**
 * Returns the indices of the slices that maskStructured keeps with the same options, in ascending order: what removeChannels and gathers take.
 *
 * @param x weights; never changed
 * @param options as of maskStructured
 * @returns a new Int32Array
 * @throws as maskStructured
 * @example
 * const w = { data: Float32Array.of(1, 2, 0.1, 0.2, 3, 4), shape: [3, 2] };
 * keptSlices(w, { axis: 0, keepCount: 2 }); // Int32Array [0, 2]
 * @see maskStructured
 */
export function keptSlices(x: TensorLike, options: MaskStructuredOptions): I32 {
  const { kept } = selectSlices('keptSlices', x, options);
  return Int32Array.from(kept.keys()).filter((slice) => kept[slice] === 1);
}

function selectSlices(fn: string, x: TensorLike, options: MaskStructuredOptions): Slices {
  const given = checkOptions(fn, options, KEYS);
  const rule = countRule(fn, given, false);
  const { data, shape, size } = toContiguous(x, fn);
  if (shape.length === 0) throw rangeError(fn, 'x', 'at least one axis', 'a scalar', 'reshape it');
  const axis = normalizeAxis(given.axis as number, shape.length, fn);
  const length = shape[axis];
  const unit = checkInteger(fn, 'unit', given.unit ?? 1, 1, Number.MAX_SAFE_INTEGER);
  if (length % unit !== 0) {
    throw rangeError(fn, 'unit', `a divisor of the axis, ${length}`, unit, 'slices per unit, such as a head');
  }
  const scores = sliceScores(fn, data, shape, axis, given);
  const units = length / unit;
  if (given.keepCount !== undefined && given.keepCount > units) {
    throw rangeError(fn, 'keepCount', `at most ${units}, the number of units`, given.keepCount, 'keep fewer');
  }
  const summed = new Float32Array(units);
  for (let u = 0; u < units; u++) {
    let sum = 0;
    for (let i = u * unit; i < (u + 1) * unit; i++) sum += scores[i];
    summed[u] = sum;
  }
  const kept = new Uint8Array(units);
  const exact = roundToMultiple(fn, rule, units, unit, given);
  selectRows(kept, summed, 0, 1, units, exact, 'value', { fn, argument: 'scores' });
  const slices = new Uint8Array(length);
  for (let i = 0; i < length; i++) slices[i] = kept[Math.floor(i / unit)];
  return { kept: slices, shape, axis, size };
}

function roundToMultiple(
  fn: string,
  rule: CountRule,
  units: number,
  unit: number,
  given: Partial<MaskStructuredOptions>,
): ReturnType<CountRule> {
  const multiple = checkInteger(fn, 'multipleOf', given.multipleOf ?? 1, 1, Number.MAX_SAFE_INTEGER);
  const rounding = checkChoice(fn, 'multipleRounding', given.multipleRounding ?? 'up', ['up', 'down']);
  const exact = rule(units);
  if (multiple === 1) return exact;
  if (multiple % unit !== 0) {
    throw rangeError(fn, 'multipleOf', `a multiple of unit, ${unit}`, multiple, 'it counts slices');
  }
  const step = multiple / unit;
  const up = Math.ceil(exact.keep / step) * step;
  const down = Math.max(exact.keep === 0 ? 0 : step, Math.floor(exact.keep / step) * step);
  return { keep: Math.min(units, rounding === 'up' ? up : down), ties: 'first' };
}

/** One score per slice, in float64: powers of norms, so that units can be summed. */
function sliceScores(
  fn: string,
  data: F32 | F64,
  shape: readonly number[],
  axis: number,
  given: Partial<MaskStructuredOptions>,
): F64 {
  const { criterion = 'norm' } = given;
  const norm = checkNorm(fn, given.norm ?? 2);
  if (typeof criterion === 'string') {
    const name = checkChoice(fn, 'criterion', criterion, ['norm', 'geometricMedian']);
    return name === 'norm'
      ? channelNorms(fn, data, shape, axis, norm, true)
      : geometricMedianScores(fn, data, shape, axis, norm);
  }
  const { data: own, size } = toScores(criterion, fn, 'criterion');
  if (size !== shape[axis]) {
    throw rangeError(fn, 'criterion', `${shape[axis]} scores, one per slice`, size, 'or another axis');
  }
  return Float64Array.from(own);
}

export interface MaskBlocksOptions {
  /** Rows and columns of a block of the tensor seen as [all other axes, last axis]. */
  readonly blockShape: readonly [rows: number, columns: number];
  /** Part of the blocks to remove, from 0 to 1. Either this or keepCount. */
  readonly sparsity?: number;
  /** Blocks to keep. */
  readonly keepCount?: number;
  /**
   * What a block scores: 'sumOfSquares' (the default; optimal for the squared error, ragged blocks included), 'sum' or 'mean' of |x|, or 'max'. Blocks at
   * ragged edges have fewer elements: only 'mean' is blind to that.
   */
  readonly pooling?: 'sumOfSquares' | 'sum' | 'mean' | 'max';
  readonly compat?: PruneCompat;
}

/**
 * Returns the mask that removes whole blocks, those of the lowest score: 1 keeps, 0 removes.
 *
 * Formula: of n blocks, ragged ones at the edges included, round-half-even(sparsity * n) are removed; of equal scores the first in row-major order is kept first.
 *
 * Shapes: any; rows are all axes but the last. The mask is flat, in row-major order.
 *
 * Numerics: pooled in float64, rounded to float32 once. With 'sumOfSquares' no other choice of as many blocks leaves less of the sum of squares removed (up to that rounding).
 *
 * Compatible with: tfmot's block_size with block_pooling_type 'AVG' (mean) and 'MAX' and compat 'tfmot'; llm-compressor's block_r,c.
 *
 * @param x weights; never changed
 * @param options blockShape, sparsity or keepCount, pooling, compat
 * @returns a new Uint8Array of 0 and 1
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * const w = { data: Float32Array.of(1, 1, 0, 0, 0, 0, 2, 2), shape: [2, 4] };
 * maskBlocks(w, { blockShape: [1, 2], sparsity: 0.5 }); // Uint8Array [1, 1, 0, 0, 0, 0, 1, 1]
 * @see maskStructured
 */
export function maskBlocks(x: TensorLike, options: MaskBlocksOptions): U8 {
  const fn = 'maskBlocks';
  const given = checkOptions(fn, options, ['blockShape', 'sparsity', 'keepCount', 'pooling', 'compat']);
  const rule = countRule(fn, given, false);
  const [height, breadth] = checkBlockShape(fn, 'blockShape', given.blockShape);
  const pooling = checkChoice(fn, 'pooling', given.pooling ?? 'sumOfSquares', [
    'sumOfSquares',
    'sum',
    'mean',
    'max',
  ]);
  const { data, shape, size } = toNumbers32(x, fn, 'x');
  const mask = new Uint8Array(size);
  if (size === 0) return mask;
  const width = shape.length === 0 ? 1 : shape[shape.length - 1];
  const across = Math.ceil(width / breadth);
  const blocks = Math.ceil(size / width / height) * across;
  if (given.keepCount !== undefined && given.keepCount > blocks) {
    throw rangeError(
      fn,
      'keepCount',
      `at most ${blocks}, the number of blocks`,
      given.keepCount,
      'keep fewer',
    );
  }
  const sums = new Float64Array(blocks);
  const sizes = new Float64Array(blocks);
  const blockOf = (i: number): number =>
    Math.floor(i / width / height) * across + Math.floor((i % width) / breadth);
  for (let i = 0; i < size; i++) {
    const b = blockOf(i);
    const value = Math.abs(data[i]);
    if (Number.isNaN(value)) throw nanError(data, fn, 'x');
    if (pooling === 'max') sums[b] = Math.max(sums[b], value);
    else sums[b] += pooling === 'sumOfSquares' ? value * value : value;
    sizes[b]++;
  }
  const scores = Float32Array.from(sums, (sum, b) => (pooling === 'mean' ? sum / sizes[b] : sum));
  const kept = new Uint8Array(blocks);
  selectRows(kept, scores, 0, 1, blocks, rule(blocks), 'value', { fn, argument: 'x' });
  for (let i = 0; i < size; i++) mask[i] = kept[blockOf(i)];
  return mask;
}

/**
 * Returns `x` with zeros where the mask is 0.
 *
 * Numerics: kept elements are those of x in float32; removed ones become +0, whatever they were, NaN included.
 *
 * @param x any tensor; never changed
 * @param mask one byte per element, 0 or 1
 * @returns a new Float32Array
 * @throws TypeError or RangeError for a mask of another shape or with other values.
 * @example
 * applyMask(Float32Array.of(1, -2, 3), Uint8Array.of(1, 0, 1)); // Float32Array [1, 0, 3]
 */
export function applyMask(x: TensorLike, mask: U8): F32 {
  const { data, shape, size } = toNumbers32(x, 'applyMask', 'x');
  const bits = checkMask('applyMask', 'mask', mask, shape, size);
  return Float32Array.from(data, (value, i) => (bits[i] === 1 ? value : 0));
}
