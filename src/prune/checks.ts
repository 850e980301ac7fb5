/** Checks that the functions of this room share. */
import { arrayTag } from '../core/array-tag.js';
import type { F32, FloatArray, U8 } from '../core/arrays.js';
import { describe, NumericError, rangeError, typeError } from '../core/errors.js';
import { checkAttached, ownArray } from '../core/numbers.js';
import { isPlainObject } from '../core/options.js';
import { toContiguous, type TensorLike } from '../core/tensor.js';

/** A tensor in float32, row-major. */
export interface Numbers32 {
  readonly data: F32;
  readonly shape: readonly number[];
  readonly size: number;
}

/** The tensor in float32: the same array where it holds float32 already, else its values rounded. NaN may be in it. */
export function toNumbers32(x: TensorLike, fn: string, argument: string): Numbers32 {
  const { data, shape, size } = toContiguous(x, fn, argument);
  return { data: inFloat32(data), shape, size };
}

function inFloat32(data: FloatArray): F32 {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

/** The same, and no NaN in it. */
export function toScores(x: TensorLike, fn: string, argument: string): Numbers32 {
  const numbers = toNumbers32(x, fn, argument);
  refuseNaN(numbers.data, fn, argument);
  return numbers;
}

export function refuseNaN(data: F32 | FloatArray, fn: string, argument: string): void {
  let hasNaN = false;
  for (let i = 0; i < data.length; i++) hasNaN ||= data[i] !== data[i];
  if (hasNaN) throw nanError(data, fn, argument);
}

/** The named error at the first NaN of `data`, which has one. */
export function nanError(data: FloatArray, fn: string, argument: string): NumericError {
  const index = data.findIndex((value) => Number.isNaN(value));
  const message = `${fn}: "${argument}[${index}]" expected a number to rank, got NaN - find where it comes from: a NaN has no rank`;
  return new NumericError('NAN', message, index);
}

/** `value` when it is a number from 0 to 1, else the named error. */
export function checkFraction(fn: string, argument: string, value: unknown): number {
  if (typeof value !== 'number') {
    throw typeError(fn, argument, 'a number from 0 to 1', value, 'for example 0.5');
  }
  if (!(value >= 0 && value <= 1)) {
    throw rangeError(fn, argument, 'a number from 0 to 1', value, 'it is the part that is removed');
  }
  return value;
}

/** `value` when it is a finite number of at least `min`, else the named error. */
export function checkNumber(fn: string, argument: string, value: unknown, min: number): number {
  const expected = min === -Infinity ? 'a finite number' : `a finite number of at least ${min}`;
  if (typeof value !== 'number') throw typeError(fn, argument, expected, value, 'pass a number');
  if (!Number.isFinite(value) || value < min) {
    throw rangeError(fn, argument, expected, value, 'pass a value in this range');
  }
  return value;
}

/** `value` when it is a mask of `size` bytes of 0 and 1, as bare bytes or as a record of this shape; else the named error. */
export function checkMask(
  fn: string,
  argument: string,
  value: unknown,
  shape: readonly number[],
  size: number,
): U8 {
  const data: unknown = isPlainObject(value) && 'data' in value ? value.data : value;
  const fix = 'pass a mask that maskTopK or its like returned for this tensor';
  if (arrayTag(data) !== 'Uint8Array') {
    throw typeError(fn, argument, 'a Uint8Array of 0 and 1', value, fix);
  }
  const mask = ownArray(data as U8, 'Uint8Array') as U8;
  checkAttached(mask, fn, argument);
  const own: unknown = isPlainObject(value) && 'shape' in value ? value.shape : undefined;
  const isSame = own === undefined || (Array.isArray(own) && String(own) === String(shape));
  if (!isSame || mask.length !== size) {
    const got = isSame ? `${mask.length} elements` : `shape ${describe(own)}`;
    throw rangeError(fn, argument, `a mask of shape [${shape.join(', ')}], ${size} elements`, got, fix);
  }
  const wrong = mask.findIndex((bit) => bit > 1);
  if (wrong >= 0) throw rangeError(fn, `${argument}[${wrong}]`, '0 or 1', mask[wrong], fix);
  return mask;
}

/** The named error when two tensors that go together have other shapes. */
export function checkSameShape(
  fn: string,
  argument: string,
  shape: readonly number[],
  wanted: readonly number[],
): void {
  if (String(shape) !== String(wanted)) {
    const expected = `the shape [${wanted.join(', ')}]`;
    throw rangeError(fn, argument, expected, `[${shape.join(', ')}]`, 'one value per weight');
  }
}
