/** Norms of the slices along an axis. */
import type { F64, FloatArray } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { nanError } from './checks.js';

/** `value` when it is a number above 0 (Infinity is one), else the named error. */
export function checkNorm(fn: string, value: unknown): number {
  const expected = 'a number above 0, or Infinity';
  if (typeof value !== 'number') throw typeError(fn, 'norm', expected, value, 'for example 2');
  if (!(value > 0)) throw rangeError(fn, 'norm', expected, value, 'for example 2');
  return value;
}

/**
 * For every slice along `axis` the sum of |x|^p, or its p-th root unless `isPower`; for p = Infinity the largest |x|. Sums run in the order of the
 * elements, in float64. Powers other than 1 and 2 are the engine's Math.pow.
 */
export function channelNorms(
  fn: string,
  data: FloatArray,
  shape: readonly number[],
  axis: number,
  p: number,
  isPower: boolean,
): F64 {
  const length = shape[axis];
  const inner = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  const norms = new Float64Array(length);
  for (let i = 0; i < data.length; i++) {
    const slice = Math.floor(i / inner) % length;
    const value = Math.abs(data[i]);
    if (Number.isNaN(value)) throw nanError(data, fn, 'x');
    if (p === Infinity) norms[slice] = Math.max(norms[slice], value);
    else norms[slice] += p === 1 ? value : p === 2 ? value * value : Math.pow(value, p);
  }
  if (isPower || p === 1 || p === Infinity) return norms;
  return norms.map((sum) => (p === 2 ? Math.sqrt(sum) : Math.pow(sum, 1 / p)));
}
