/** The named error of tensors that hold NaN or infinities. */
import type { F32, FloatArray } from '../core/arrays.js';
import { describe, NumericError } from '../core/errors.js';
import { kernels } from '../kernels/dispatch.js';

/** The error at the first element that is not finite; `values` are `data` in float32, and one of them is not. */
export function nonFiniteError(fn: string, data: FloatArray, values: F32, fix: string): NumericError {
  const index = kernels().firstNonFinite(values);
  const got = `${describe(data[index])} at index ${index}`;
  const message = `${fn}: "x" expected finite float32 values, got ${got} - ${fix}`;
  return new NumericError('NON_FINITE', message, index);
}
