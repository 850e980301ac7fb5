import type { F32 } from '../../core/arrays.js';

/** How a type searches: codes 0 to `most`, and for candidate k the range is cut into numerators[k] steps. */
export interface AffineRule {
  readonly most: number;
  readonly numerators: F32;
  /** Absolute instead of squared errors. */
  readonly absolute: boolean;
}

/** Numerators first + step * k + most, each operation in float32. */
export function affineRule(
  most: number,
  first: number,
  step: number,
  candidates: number,
  absolute = false,
): AffineRule {
  const numerators = new Float32Array(candidates + 1);
  for (let k = 0; k <= candidates; k++) {
    numerators[k] = Math.fround(Math.fround(first) + Math.fround(Math.fround(step) * k)) + most;
  }
  return { most, numerators, absolute };
}
