/** A tensor beside what came back of it, where some elements are not finite. */
import type { FloatArray } from '../core/arrays.js';
import type { ErrorSums } from '../kernels/types.js';
import { errorSums } from '../metrics/error.js';

export interface Pair {
  readonly original: FloatArray;
  readonly restored: FloatArray;
  /** Whether an element that is not finite became another. */
  readonly isChanged: boolean;
}

/**
 * The pair as arrays whose difference is the error: an element that is not finite and came back as itself is 0 in both, and so is one that
 * became another, which `isChanged` tells. What was finite and is no longer has become Infinity: an error, be it NaN or not.
 */
export function comparable(original: FloatArray, restored: FloatArray): Pair {
  if (original.every(Number.isFinite) && restored.every(Number.isFinite)) {
    return { original, restored, isChanged: false };
  }
  const [a, b] = [original.slice(), restored.slice()];
  let isChanged = false;
  for (let i = 0; i < a.length; i++) {
    if (!Number.isFinite(a[i])) {
      if (!Object.is(a[i], b[i])) isChanged = true;
      a[i] = b[i] = 0;
    } else if (!Number.isFinite(b[i])) b[i] = Infinity;
  }
  return { original: a, restored: b, isChanged };
}

export interface Compared {
  /** Over all elements; NaN or Infinity where one that is not finite became another. */
  readonly sums: ErrorSums;
  /** Over the finite ones, of which bounds speak. */
  readonly finite: ErrorSums;
}

/** The error sums of a pair. */
export function compareTensors(original: FloatArray, restored: FloatArray): Compared {
  const sums = errorSums(original, restored);
  // The sums are finite only where every element is: then no other pass is needed.
  if (Number.isFinite(sums.sumSquaredA + sums.sumSquaredB)) return { sums, finite: sums };
  const pair = comparable(original, restored);
  const finite = errorSums(pair.original, pair.restored);
  return { sums: pair.isChanged ? sums : finite, finite };
}
