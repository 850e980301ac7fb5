/** The proved error bound of affine codes. */
import { elementCount } from '../../core/shape.js';
import { checkAffineTensor } from './affine-tensor.js';
import type { AffineTensor } from './affine-types.js';
import { regionSizes } from './regions.js';
import { isUsableReciprocal, reachOf } from './scale-rule.js';

/** Unit roundoff of float32, half to even. */
const U = 2 ** -24;

/**
 * Returns a bound of the error of `q` that holds for every finite float32 or float64 input with these codes.
 *
 * Formula: per element |x - value| <= scale * (reach + slack) + overflow, see docs/numerics.md. `maxAbs` is the largest of these, `l2` the
 * root of the sum of their squares; Infinity where a level that the codes can name lies beyond float32.
 *
 * Proof. In a region with scale s and zero point z let k = code - z, h = 1/2 for the roundings to nearest and 1 for truncate and
 * stochastic, K = max(|codeMin - z|, |codeMax - z|), M = K + h, and H(v) half the distance of float32 numbers at v.
 * (1) Quotient: the kernels form q = fround(x * r) with r = fround(1 / s), or q = fround(x / s). With d = |1 / (r s) - 1|, or 0 for the
 *     division, |q - x / s| <= |q| d + H(q) (1 + d). Where q underflows it is below 1/2 and so is x / s: the code is that of 0.
 * (2) A code that was not clamped has |q - k| <= h and |q| <= M, so |x - s k| <= s (h + M d + H(M) (1 + d)).
 * (3) A clamped one lies at most overflow beyond s (|k| + h), or on the inner side of that by the slack of (2): the sum covers both.
 * (4) Decoding rounds s k once: at most H(s K).
 * (5) Float64 input is rounded to float32 once: at most H(s M + overflow).
 * If s is a power of two then r, x r and s k are exact, and only h and (5) remain. A float64 scale is rounded to float32 where codes
 * are made: d covers that too. A region of scale 0 has only zeros, or its values are in overflow.
 *
 * Numerics: computed in float64, rounded up by 2^-40 relative. Tight: for every mapping, width, rounding, granularity and type of scale
 * some input reaches 99 % of it.
 *
 * @returns maxAbs: largest |error| of an element; l2: root of the sum of squares over the tensor
 */
export function affineErrorBound(q: AffineTensor): { maxAbs: number; l2: number } {
  const fn = 'errorBound';
  const plan = checkAffineTensor(fn, q);
  if (elementCount(q.shape, fn) === 0) return { maxAbs: 0, l2: 0 };
  const sizes = regionSizes(plan);
  const reach = reachOf(q.rounding);
  let maxAbs = 0;
  let squares = 0;
  for (let r = 0; r < q.scale.length; r++) {
    const zero = q.zeroPoint === null ? 0 : q.zeroPoint[r];
    const outermost = Math.max(Math.abs(q.codeMin - zero), Math.abs(q.codeMax - zero));
    const bound = regionBound(q.scale[r], outermost, reach, q.overflow);
    maxAbs = Math.max(maxAbs, bound);
    squares += sizes[r] * bound * bound;
  }
  // Each of fewer than 2^32 terms rounds once in the sum.
  return { maxAbs: maxAbs * (1 + 2 ** -40), l2: Math.sqrt(squares) * (1 + 2 ** -20) };
}

/** The bound of an element of a region, by the proof above; the names are its letters. */
function regionBound(s: number, K: number, h: number, overflow: number): number {
  const M = K + h;
  if (Math.fround(s * K) === Infinity) return Infinity;
  if (s === 0 || isPowerOfTwo(s)) return s * h + overflow + halfUnit(s * M + overflow);
  const rounded = Math.fround(s);
  const reciprocal = Math.fround(1 / rounded);
  const ofProduct = isUsableReciprocal(reciprocal) ? Math.abs(1 / (reciprocal * s) - 1) : 0;
  // 2^-51 is more than what rounding takes from d.
  const d = Math.max(Math.abs(rounded / s - 1), ofProduct) + 2 ** -51;
  const slack = M * d + halfUnit(M) * (1 + d);
  return s * (h + slack) + halfUnit(s * K) + overflow + halfUnit(s * M * (1 + d) + overflow);
}

/** Half the distance of neighbouring float32 numbers at v; v may be too small by the slack of the proof, 2^-21 of it. */
function halfUnit(v: number): number {
  scratch[0] = Math.min(Math.max(v * (1 + 2 ** -20), 2 ** -126), LARGEST);
  scratchBits[0] &= EXPONENT;
  return scratch[0] * U;
}

const LARGEST = 3.4028234663852886e38;
const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);
const EXPONENT = 0x7f800000;

function isPowerOfTwo(s: number): boolean {
  scratch[0] = s;
  return scratch[0] === s && (scratchBits[0] & ~EXPONENT) === 0 && s >= 2 ** -126;
}
