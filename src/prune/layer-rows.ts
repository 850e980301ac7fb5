/** A tensor of weights seen as rows along the axis of the inputs, as second-order methods go through it. */
import type { F32, F64, FloatArray, I32, U8 } from '../core/arrays.js';
import { describe, NumericError, rangeError } from '../core/errors.js';
import { normalizeAxis } from '../core/shape.js';
import { tensor, toContiguous, type Tensor, type TensorLike } from '../core/tensor.js';
import { checkMask } from './checks.js';

export interface LayerRows {
  readonly shape: readonly number[];
  /** Weights of a row, which lie `stride` apart. */
  readonly n: number;
  readonly stride: number;
  /** Index of every row's first weight. */
  readonly starts: I32;
  /** Row r at r * n, with rows of zeros up to a multiple of four. */
  readonly weights: F64;
  /** Whether results are rounded to float32, as the weights were. */
  readonly isFloat32: boolean;
}

/** Rows that share one pass over a factor, which is larger than any cache. */
export const ROWS_AT_ONCE: number = 4;

/** The rows of `w`, after checking it: at least one axis, finite. */
export function layerRows(fn: string, w: TensorLike, inputAxis: number | undefined): LayerRows {
  const { data, shape, size } = toContiguous(w, fn, 'w');
  if (shape.length === 0)
    throw rangeError(fn, 'w', 'at least one axis', 'a scalar', 'pass [outputs, inputs]');
  refuseNonFinite(fn, data);
  const axis = normalizeAxis(inputAxis ?? -1, shape.length, fn);
  const n = shape[axis];
  const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const count = size === 0 ? 0 : size / n;
  const starts = Int32Array.from(
    { length: count },
    (_, r) => Math.floor(r / stride) * n * stride + (r % stride),
  );
  const weights = new Float64Array(Math.ceil(count / ROWS_AT_ONCE) * ROWS_AT_ONCE * n);
  for (let r = 0; r < count; r++)
    for (let k = 0; k < n; k++) weights[r * n + k] = data[starts[r] + k * stride];
  return { shape, n, stride, starts, weights, isFloat32: data instanceof Float32Array };
}

function refuseNonFinite(fn: string, data: FloatArray): void {
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    const got = `${describe(data[i])} at index ${i}`;
    throw new NumericError(
      'NON_FINITE',
      `${fn}: "w" expected finite values, got ${got} - repair the tensor`,
      i,
    );
  }
}

/** `values`, by rows, as a tensor of the weights' shape and type. */
export function rowsToTensor({ shape, n, stride, starts, isFloat32 }: LayerRows, values: F64): Tensor {
  const data: F32 | F64 = new (isFloat32 ? Float32Array : Float64Array)(starts.length * n);
  for (let r = 0; r < starts.length; r++)
    for (let k = 0; k < n; k++) data[starts[r] + k * stride] = values[r * n + k];
  return tensor(data, shape);
}

/** A mask, by rows, in the order of the weights. */
export function rowsToMask({ n, stride, starts }: LayerRows, keep: U8): U8 {
  const mask = new Uint8Array(starts.length * n);
  for (let r = 0; r < starts.length; r++)
    for (let k = 0; k < n; k++) mask[starts[r] + k * stride] = keep[r * n + k];
  return mask;
}

/** A mask of the weights' shape, or a flat one, as rows. */
export function maskRows(fn: string, mask: unknown, { shape, n, stride, starts }: LayerRows): U8 {
  const flat = checkMask(fn, 'mask', mask, shape, starts.length * n);
  const keep = new Uint8Array(flat.length);
  for (let r = 0; r < starts.length; r++)
    for (let k = 0; k < n; k++) keep[r * n + k] = flat[starts[r] + k * stride];
  return keep;
}
