/** How far two tensors lie apart, summed in float64. */
import type { F32, FloatArray } from '../core/arrays.js';
import { rangeError } from '../core/errors.js';
import { kernels } from '../kernels/dispatch.js';
import type { ErrorSums } from '../kernels/types.js';

export interface ErrorMeasures {
  /** Largest |a - b|. */
  readonly maxAbs: number;
  /** Root of the sum of (a - b)^2. */
  readonly l2: number;
  /** l2 divided by the root of the sum of a^2; 0 when both are 0, Infinity when only a is. */
  readonly relativeL2: number;
  /** Mean of (a - b)^2; 0 for empty tensors. */
  readonly mse: number;
  /** Signal to noise: 10 log10(sum of a^2 / sum of (a - b)^2) decibels; Infinity when a equals b, -Infinity when only a is 0. */
  readonly sqnrDb: number;
  /** Cosine of the angle between a and b; 1 when a equals b (zero vectors too), 0 when just one is 0. */
  readonly cosine: number;
}

/**
 * Returns the error measures of `b` against the reference `a`.
 *
 * Numerics: differences of float32 are exact in float64 or rounded once; sums in the fixed order of docs/numerics.md, so that every
 * backend gives the same bits. NaN in either gives NaN.
 *
 * @param a the reference
 * @param b as many values
 * @throws RangeError when the lengths differ.
 */
export function errorMeasures(a: FloatArray, b: FloatArray): ErrorMeasures {
  return measuresOfSums(errorSums(a, b), a.length);
}

/** The sums that every measure is made of; those of several tensors can be added. */
export function errorSums(a: FloatArray, b: FloatArray): ErrorSums {
  if (a.length !== b.length)
    throw rangeError('errorMeasures', 'b', `${a.length} values`, b.length, 'compare equal shapes');
  return a instanceof Float32Array && b instanceof Float32Array
    ? kernels().errorSums(a as F32, b as F32)
    : plainSums(a, b);
}

/** The sums for float64 data, element by element. */
function plainSums(a: FloatArray, b: FloatArray): ErrorSums {
  let maxAbs = 0;
  let sumSquaredError = 0;
  let sumSquaredA = 0;
  let sumSquaredB = 0;
  let dot = 0;
  for (let i = 0; i < a.length; i++) {
    const error = a[i] - b[i];
    const magnitude = Math.abs(error);
    if (!(magnitude <= maxAbs)) maxAbs = magnitude;
    sumSquaredError += error * error;
    sumSquaredA += a[i] * a[i];
    sumSquaredB += b[i] * b[i];
    dot += a[i] * b[i];
  }
  return { maxAbs, sumSquaredError, sumSquaredA, sumSquaredB, dot };
}

/** The measures of `count` values with these sums. */
export function measuresOfSums(sums: ErrorSums, count: number): ErrorMeasures {
  const { maxAbs, sumSquaredError, sumSquaredA, sumSquaredB, dot } = sums;
  const l2 = Math.sqrt(sumSquaredError);
  const norm = Math.sqrt(sumSquaredA);
  return {
    maxAbs,
    l2,
    relativeL2: l2 === 0 ? 0 : l2 / norm,
    mse: count === 0 ? 0 : sumSquaredError / count,
    sqnrDb: sumSquaredError === 0 ? Infinity : 10 * Math.log10(sumSquaredA / sumSquaredError),
    cosine: cosineOf(dot, norm, Math.sqrt(sumSquaredB), sumSquaredError),
  };
}

/** Rounding could lift the quotient a hair beyond 1. */
function cosineOf(dot: number, normA: number, normB: number, squaredError: number): number {
  if (squaredError === 0) return 1;
  if (normA === 0 || normB === 0) return 0;
  const cosine = dot / (normA * normB);
  return Number.isNaN(cosine) ? NaN : Math.max(-1, Math.min(1, cosine));
}
