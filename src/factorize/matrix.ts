/** Matrices on their way in: checked, and scaled by a power of two. */
import type { F64, FloatArray } from '../core/arrays.js';
import { describe, NumericError, rangeError } from '../core/errors.js';
import { powerOfTwo } from '../core/float-formats.js';
import { toContiguous, type TensorLike } from '../core/tensor.js';
import type { FloatMatrix } from './svd-types.js';

export interface CheckedMatrix {
  readonly data: FloatArray;
  readonly rows: number;
  readonly columns: number;
}

/** `a` as a row-major matrix of finite numbers, or the named error. */
export function checkMatrix(fn: string, argument: string, a: TensorLike): CheckedMatrix {
  const { data, shape } = toContiguous(a, fn, argument);
  if (shape.length !== 2) {
    throw rangeError(fn, `${argument}.shape`, 'two axes', shape, 'pass {data, shape: [rows, columns]}');
  }
  checkFinite(fn, argument, data);
  return { data, rows: shape[0], columns: shape[1] };
}

export function checkFinite(fn: string, argument: string, data: FloatArray): void {
  for (let i = 0; i < data.length; i++) {
    if (data[i] - data[i] === 0) continue;
    const got = `${describe(data[i])} at index ${i}`;
    const message = `${fn}: "${argument}" expected finite numbers, got ${got} - repair the matrix`;
    throw new NumericError('NON_FINITE', message, i);
  }
}

/** The e with 2^(e - 1) <= largest |element| < 2^e; 0 for a matrix of zeros. */
export function exponentOf(data: FloatArray): number {
  let most = 0;
  for (let i = 0; i < data.length; i++) most = Math.max(most, Math.abs(data[i]));
  let exponent = 0;
  for (; most >= 1; most /= 2) exponent++;
  for (; most > 0 && most < 0.5; most *= 2) exponent--;
  return exponent;
}

/** out = x * 2^exponent, for exponents that themselves are no float64 too. */
export function scaleInto(out: F64, x: FloatArray, exponent: number): void {
  const half = Math.trunc(exponent / 2);
  const first = powerOfTwo(half);
  const second = powerOfTwo(exponent - half);
  for (let i = 0; i < x.length; i++) out[i] = x[i] * first * second;
}

/** Singular values at the matrix's own scale, or the named error where one is no float64. */
export function unscale(fn: string, s: F64, exponent: number): F64 {
  const out = new Float64Array(s.length);
  scaleInto(out, s, exponent);
  if (out.length > 0 && out[0] === Infinity) {
    const message = `${fn}: "a" expected singular values below 2^1024, got a larger one - scale the matrix down`;
    throw new NumericError('OVERFLOW', message);
  }
  return out;
}

export function floatMatrix(data: F64, rows: number, columns: number): FloatMatrix {
  return { data, shape: [rows, columns], dtype: 'float64' };
}
