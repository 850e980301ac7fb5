/** Importances: what an error in each value of a tensor costs. */
import type { FloatArray } from '../../core/arrays.js';
import { describe, NumericError, rangeError } from '../../core/errors.js';
import { elementCount } from '../../core/shape.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';

/** Beyond it, sums of products with the fourth power of an error would leave float64. */
const LARGEST = 3.4028234663852886e38;

/**
 * One importance per element of `shape`: the given array where its shape is that, else its values repeated as broadcasting repeats them.
 *
 * @throws TypeError or RangeError for the wrong kind, a shape that does not broadcast, negative or too large numbers and zeros alone; NumericError
 * NON_FINITE with the index of the first bad one.
 */
export function checkImportance(fn: string, importance: TensorLike, shape: readonly number[]): FloatArray {
  const argument = 'importance';
  const { data, shape: own } = toContiguous(importance, fn, argument);
  checkValues(fn, data);
  const missing = shape.length - own.length;
  const fits = own.every((length, axis) => length === 1 || length === shape[axis + missing]);
  if (missing < 0 || !fits) {
    const fix = 'pass one number per column, or one per value';
    throw rangeError(fn, `${argument}.shape`, `a shape that broadcasts to [${shape.join(', ')}]`, own, fix);
  }
  if (missing === 0 && own.every((length, axis) => length === shape[axis])) return data;
  return broadcast(data, own, shape, elementCount(shape, fn));
}

function checkValues(fn: string, data: FloatArray): void {
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    const v = data[i];
    if (!Number.isFinite(v)) {
      const message = `${fn}: "importance" expected finite numbers, got ${describe(v)} at index ${i} - give 0 to what is unknown`;
      throw new NumericError('NON_FINITE', message, i);
    }
    if (v < 0 || v > LARGEST) {
      const fix = v < 0 ? 'pass squares or magnitudes' : 'divide all of them by the largest';
      throw rangeError(fn, `importance[${i}]`, 'a number from 0 to 3.4e38', v, fix);
    }
    largest = Math.max(largest, v);
  }
  if (largest === 0 && data.length > 0) {
    throw rangeError(fn, 'importance', 'at least one number above 0', 0, 'leave it out to count all alike');
  }
}

/** out[index] = data[index with 0 along the axes of length 1]. */
function broadcast(
  data: FloatArray,
  own: readonly number[],
  shape: readonly number[],
  size: number,
): FloatArray {
  const out = data instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
  const missing = shape.length - own.length;
  const steps = new Array<number>(shape.length).fill(0);
  for (let axis = own.length - 1, step = 1; axis >= 0; step *= own[axis--]) {
    if (own[axis] > 1) steps[axis + missing] = step;
  }
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let i = 0; i < size; i++) {
    out[i] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < shape[axis]) break;
      from -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}
