/** The proved error bound of affine codes. */
import { elementCount } from '../core/shape.js';
import { reachOf } from './affine-scale.js';
import { checkAffineTensor } from './affine-tensor.js';
import type { AffineTensor } from './affine-types.js';
import { planRegions, regionSizes } from './regions.js';

/** Unit roundoff of float32, half to even. */
const U = 2 ** -24;

/** Half of the smallest float32 above 0: what a product that underflows can lose. */
const TINY = 2 ** -150;

/**
 * Returns a bound of the error of `q` that holds for every finite float32 input with these codes.
 *
 * Proof, per element of a region with scale s, zero point z, reach h (1/2 to nearest, 1 for truncate and stochastic), and
 * M = max(|codeMin - z|, |codeMax - z|) + h: let k = code - z, so |k| <= M - h.
 * (1) The quotient is formed with at most two roundings: |q - x/s| <= |x/s| * (2U + U^2) (where it underflows, q rounds to the
 *     same whole number).
 * (2) An unclamped code has |q - k| <= h, so |x - s*k| <= s*h + s*|x/s|(2U + U^2) with |x/s| <= M * (1 + 3U).
 * (3) A clamped one lies at most `overflow` beyond s * (|k| + h), hence |x - s*k| <= s*h + overflow + the same slack.
 * (4) Decoding rounds s*k once: at most s*M*U, or TINY below the normal numbers.
 * Together |x - value| <= s*h + s*M*(3U + 8U^2) + overflow + TINY. Scales of at most 32 bits are exact, so scaleDtype adds nothing; a
 * float64 scale is rounded to float32 where codes are made, one more relative U: 4U stands for both.
 * A region of scale 0 has x = 0, or its values are in `overflow`.
 *
 * Numerics: computed in float64, rounded up by 2^-40 relative. Tight: inputs halfway between two levels reach more than 99 % of
 * it at 8 bits and fewer.
 *
 * @returns maxAbs: largest |error| of an element; l2: root of the sum of squares over the tensor
 */
export function affineErrorBound(q: AffineTensor): { maxAbs: number; l2: number } {
  const fn = 'errorBound';
  checkAffineTensor(fn, q);
  if (elementCount(q.shape, fn) === 0) return { maxAbs: 0, l2: 0 };
  const sizes = regionSizes(planRegions(q.shape, q.granularity));
  const reach = reachOf(q.rounding);
  let maxAbs = 0;
  let squares = 0;
  for (let r = 0; r < q.scale.length; r++) {
    if (sizes[r] === 0) continue;
    const zero = q.zeroPoint === null ? 0 : q.zeroPoint[r];
    const most = Math.max(Math.abs(q.codeMin - zero), Math.abs(q.codeMax - zero)) + reach;
    const step = q.scale[r] * (reach + most * (4 * U + 8 * U * U));
    const bound = step + q.overflow + (q.scale[r] === 0 ? 0 : TINY);
    maxAbs = Math.max(maxAbs, bound);
    squares += sizes[r] * bound * bound;
  }
  return { maxAbs: maxAbs * (1 + 2 ** -40), l2: Math.sqrt(squares) * (1 + 2 ** -20) };
}
