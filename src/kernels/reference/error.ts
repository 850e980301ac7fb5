/** Sums over pairs, as their definitions read. */
import type { F32, F64 } from '../../core/arrays.js';
import type { ErrorSums } from '../types.js';

/**
 * Everything in float64. Pair i goes to partial sum i mod 4; the sums are added as (0 + 2) + (1 + 3). a * a, b * b and
 * a * b are exact (24 + 24 bits), so only the additions round; a - b rounds once where the exponents lie far apart.
 * maxAbs is NaN if any a - b is.
 */
export function errorSums(a: F32, b: F32): ErrorSums {
  let maxAbs = 0;
  const squaredError = new Float64Array(4);
  const squaredA = new Float64Array(4);
  const squaredB = new Float64Array(4);
  const dot = new Float64Array(4);
  for (let i = 0; i < a.length; i++) {
    const difference = a[i] - b[i];
    maxAbs = Math.max(maxAbs, Math.abs(difference));
    squaredError[i % 4] += difference * difference;
    squaredA[i % 4] += a[i] * a[i];
    squaredB[i % 4] += b[i] * b[i];
    dot[i % 4] += a[i] * b[i];
  }
  return {
    maxAbs,
    sumSquaredError: addLanes(squaredError),
    sumSquaredA: addLanes(squaredA),
    sumSquaredB: addLanes(squaredB),
    dot: addLanes(dot),
  };
}

function addLanes(s: F64): number {
  return s[0] + s[2] + (s[1] + s[3]);
}
