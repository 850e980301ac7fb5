/** Linear layers over quantized weights: y = x W^T with W in affine codes. */
import { arrayTag } from '../../core/array-tag.js';
import type { F32, I16, I32 } from '../../core/arrays.js';
import { describe, NumericError, rangeError } from '../../core/errors.js';
import { outputFloats } from '../../core/numbers.js';
import { checkChoice, checkOptions } from '../../core/options.js';
import { roundHalfEven } from '../../core/rounding.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { gemm } from '../../kernels/gemm/family.js';
import { integer } from '../../kernels/integer/family.js';
import type { GroupedCodes } from '../../kernels/integer/types.js';
import { dequantizeAffine } from '../affine/affine.js';
import { toFloat32 } from '../affine/affine-scale.js';
import { checkAffineTensor } from '../affine/affine-tensor.js';
import type { AffineTensor } from '../affine/affine-types.js';
import { groupedCodes } from './grouped-codes.js';

/** How x enters the products: as it is, or in whole numbers of so many bits with one scale per token. */
export type Activations = 'float32' | 'int16' | 'int8';

export interface QuantizedLinearOptions {
  /** Default 'float32'. */
  readonly activations?: Activations;
  /** A Float32Array of the result's size to write to, instead of a new one. */
  readonly out?: Float32Array;
}

export const ACTIVATIONS: readonly Activations[] = ['float32', 'int16', 'int8'];

/** Largest code of x. */
export const LARGEST: Readonly<Record<Exclude<Activations, 'float32'>, number>> = { int16: 32767, int8: 127 };

/**
 * Returns x W^T for weights in affine codes, which are read as they are: W is never written out.
 *
 * Formula: y[t, r] = sum over k of W[r, k] * x[t, k], W = scale * (code - zeroPoint). With activations 'int8' or 'int16' every token x is first
 * rounded to whole numbers: scale absmax / 127 or / 32767 in float64, half to even. Zero points leave as zeroPoint times sums of x.
 *
 * Shapes: w [outputs, inputs]; x [..., inputs]; the result has as many rows as x, of `outputs` each.
 *
 * Numerics: 'float32': every operation rounded to float32, in an order that docs/numerics.md fixes. 'int8', 'int16': products summed in
 * int32, exactly, per group or part of a group that cannot overflow, then scaled and added in float32. `quantizedLinearBound` bounds the
 * distance to the exact product; int16 comes at least 20 times closer to it than activations in bfloat16, and 100 times closer than int8. NaN and infinities in x are an error. No inputs: zeros.
 *
 * Cost: per token, one pass over the codes. 8192 x 8192, one thread, against float32 weights: int8 weights 1.3 to 1.5 times as fast
 * with 'float32' and 2.2 to 3.7 times with whole numbers; 4 bits 1.5 to 1.9 and 2.5 to 4 times (groups of 32; larger ones). That is for 4 or 8 bits, one
 * scale per tensor or row or whole groups of a multiple of 32 along the inputs, inputs a multiple of 32 and at most 65,536. Every other
 * AffineTensor is restored first, for 'float32' alone. The checks of w cost as much as the product where groups are small: quantizedLayer makes them once.
 *
 * @param w weights; allocate() keeps large codes where the kernels read them in place
 * @param x activations, real numbers; never changed
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * const w = quantizeAffine({ data: new Float32Array(64).fill(0.5), shape: [2, 32] }, { bits: 4 });
 * quantizedLinear(w, new Float32Array(32).fill(1)); // Float32Array [16, 16]
 * @see quantizedLayer
 */
export function quantizedLinear(w: AffineTensor, x: TensorLike, options?: QuantizedLinearOptions): F32 {
  const fn = 'quantizedLinear';
  return multiply(fn, checkWeights(fn, w), w, x, options);
}

/** Weights that were checked once, for many calls. */
export interface QuantizedLayer {
  readonly inputs: number;
  readonly outputs: number;
  /**
   * x W^T, as quantizedLinear(w, x, options).
   *
   * @throws as quantizedLinear
   */
  multiply(x: TensorLike, options?: QuantizedLinearOptions): F32;
}

/**
 * Returns a layer that multiplies by `w` any number of times: quantizedLinear whose checks and conversions of scales and zero points, as long
 * as the product itself where groups are small, are made once.
 *
 * Numerics: as quantizedLinear. Codes and scales are read where they lie, zero points of 4-bit groups are copied: change none of
 * them while the layer is in use. Weights in layouts that must be restored are restored at the first call and kept.
 *
 * @param w weights [outputs, inputs]
 * @throws TypeError or RangeError for weights that are no matrix in affine codes.
 * @example
 * const layer = quantizedLayer(quantizeAffine({ data: new Float32Array(64).fill(0.5), shape: [2, 32] }, { bits: 4 }));
 * layer.multiply(new Float32Array(32).fill(1)); // Float32Array [16, 16]
 * @see quantizedLinear
 */
export function quantizedLayer(w: AffineTensor): QuantizedLayer {
  const fn = 'quantizedLayer';
  const weights = checkWeights(fn, w);
  return {
    inputs: weights.columns,
    outputs: weights.rows,
    multiply: (x, options) => multiply(fn, weights, w, x, options),
  };
}

function multiply(
  fn: string,
  weights: CheckedWeights,
  w: AffineTensor,
  x: TensorLike,
  options: QuantizedLinearOptions | undefined,
): F32 {
  const given = checkOptions(fn, options, ['activations', 'out']);
  const { rows, columns, grouped } = weights;
  const { activations, values, tokens } = checkInput(fn, weights, x, given.activations);
  const out = outputFloats(given.out, tokens * rows, fn);
  if (grouped === null) weights.restored ??= dequantizeAffine(w);
  for (let t = 0; t < tokens; t++) {
    const y = out.subarray(t * rows, (t + 1) * rows) as F32;
    const token = values.subarray(t * columns, (t + 1) * columns) as F32;
    if (weights.restored !== null) gemm.inUse().gemvF32(y, weights.restored, token, rows, columns);
    else if (grouped === null) y.fill(0);
    else if (activations === 'float32')
      integer.inUse().weightDots(y, grouped, token, realSums(grouped, token));
    else multiplyWhole(y, grouped, token, LARGEST[activations]);
  }
  return out;
}

export interface CheckedWeights {
  readonly rows: number;
  readonly columns: number;
  /** null: the weights must be restored. */
  readonly grouped: GroupedCodes | null;
  /** Their values, once they were. */
  restored: F32 | null;
}

export function checkWeights(fn: string, w: AffineTensor): CheckedWeights {
  const plan = checkAffineTensor(fn, w);
  if (w.shape.length !== 2) {
    throw rangeError(fn, 'w.shape', '[outputs, inputs]', Array.from(w.shape), 'reshape before quantizing');
  }
  const [rows, columns] = w.shape;
  return {
    rows,
    columns,
    grouped: rows * columns === 0 ? null : groupedCodes(w, plan.regions),
    restored: null,
  };
}

/** Activations after their checks. */
export interface CheckedInput {
  readonly activations: Activations;
  readonly values: F32;
  readonly tokens: number;
}

export function checkInput(
  fn: string,
  { rows, columns, grouped }: CheckedWeights,
  x: TensorLike,
  activations: unknown,
): CheckedInput {
  const kind = checkChoice(fn, 'activations', activations ?? 'float32', ACTIVATIONS);
  const { data, shape, size } = toContiguous(x, fn);
  if (shape[shape.length - 1] !== columns) {
    throw rangeError(fn, 'x.shape', `a last axis of ${columns}`, Array.from(shape), "that of w's inputs");
  }
  if (grouped === null && kind !== 'float32' && rows * columns > 0) {
    const expected = "'float32' for weights in this layout";
    const fix =
      'whole numbers need 4 or 8 bits, one scale per row or whole groups of a multiple of 32 inputs';
    throw rangeError(fn, 'activations', expected, kind, fix);
  }
  const values = toFloat32(data);
  refuseNonFinite(fn, values);
  const tokens = columns === 0 ? shape.slice(0, -1).reduce((a, b) => a * b, 1) : size / columns;
  return { activations: kind, values, tokens };
}

function refuseNonFinite(fn: string, values: F32): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    const message = `${fn}: "x" expected finite float32 values, got ${describe(values[i])} at index ${i} - leave such tokens out`;
    throw new NumericError('NON_FINITE', message, i);
  }
}

/** By how much the kernels take codes and offsets to be less: 128 for unsigned bytes, whose sign bit they turn. */
export function turnOf(w: GroupedCodes): number {
  return w.bits === 8 && arrayTag(w.codes) === 'Uint8Array' ? 128 : 0;
}

/** Sums of x over every group, added in float64; zeros where no group needs them. */
function realSums(w: GroupedCodes, x: F32): F32 {
  const sums = new Float32Array(w.columns / w.group);
  if (w.offsets === null && w.offset === turnOf(w)) return sums;
  for (let g = 0; g < sums.length; g++) {
    let sum = 0;
    for (let k = g * w.group; k < (g + 1) * w.group; k++) sum += x[k];
    sums[g] = sum;
  }
  return sums;
}

/** A token in whole numbers: x = scale * code to within half a step. */
export interface WholeToken {
  readonly codes: I16;
  /** Float64, so that no range of float32 numbers makes it 0. */
  readonly scale: number;
}

export function wholeToken(x: F32, largest: number): WholeToken {
  let absmax = 0;
  for (let k = 0; k < x.length; k++) absmax = Math.max(absmax, Math.abs(x[k]));
  const scale = absmax / largest;
  const codes = new Int16Array(x.length);
  // The quotient of the largest value may lie a rounding above `largest`: half to even brings it back.
  for (let k = 0; absmax > 0 && k < x.length; k++) codes[k] = roundHalfEven(x[k] / scale);
  return { codes, scale };
}

function multiplyWhole(y: F32, w: GroupedCodes, x: F32, largest: number): void {
  const { codes, scale } = wholeToken(x, largest);
  const part = partOf(w, largest);
  integer.inUse().groupDots(y, w, codes, wholeSums(codes, part), part);
  for (let r = 0; r < y.length; r++) y[r] *= scale;
}

/**
 * Elements whose products are summed in int32 at a time: the largest divisor of the group, a multiple of 32, for which no sum can overflow. The first of four
 * sums holds a quarter of the products and the offset times all of x: 5/4 of part * codes * largest.
 */
export function partOf({ bits, group }: GroupedCodes, largest: number): number {
  const most = Math.floor((2 ** 31 - 1) / (1.25 * (bits === 4 ? 15 : 255) * largest));
  let part = Math.min(group, most - (most % 32));
  while (group % part !== 0) part -= 32;
  return part;
}

function wholeSums(codes: I16, part: number): I32 {
  const sums = new Int32Array(codes.length / part);
  for (let k = 0; k < codes.length; k++) sums[Math.floor(k / part)] += codes[k];
  return sums;
}
