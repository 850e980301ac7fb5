/** Total variation, alpha and Renyi divergences, squared Hellinger distance. */
import { checkOptions } from '../core/options.js';
import { PAIR_KEYS, checkPairs, checkShare } from './arguments.js';
import {
  alphaRow,
  forwardRow,
  hellingerRow,
  renyiRow,
  reverseRow,
  totalVariationRow,
} from './divergences.js';
import { pairLoss } from './engine.js';
import { rangeError } from '../core/errors.js';
import type { DistillLoss, PairOptions } from './types.js';

/**
 * Returns the total variation distance and its gradient.
 *
 * Formula: T^2 \* half the sum of |p - q| per row; T^2 only while `temperatureSquared` is true, the default. Gradient per row: T q (s - sum of s q) / 2,
 * s = sign(q - p), 0 where p = q.
 *
 * Numerics: float64; from 0 to 1 before T^2; always finite.
 *
 * Compatible with: DistiLLM's and Liger's TVD (without T^2); Liger takes -1/2 for the derivative at p = q and stops at the probabilities.
 *
 * @param options logits, classes, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const studentLogits = Float64Array.of(0, 0);
 * const teacherLogits = Float64Array.of(0, -Infinity);
 * tvd({ studentLogits, teacherLogits, classes: 2 }).loss; // 0.5
 */
export function tvd(options: PairOptions): DistillLoss {
  return pairLoss(checkPairs('tvd', checkOptions('tvd', options, PAIR_KEYS)), totalVariationRow);
}

export interface AlphaOptions extends PairOptions {
  /** From 0 to 1: 0.5 by default. */
  readonly alpha?: number;
}

/**
 * Returns the alpha divergence and its gradient.
 *
 * Formula: T^2 \* (1 - sum of p^a q^(1 - a)) / (a (1 - a)) per row; its limits a = 1, forward KL, and a = 0, reverse KL, are taken. T^2 only while
 * `temperatureSquared` is true, the default. Gradient per row: -T (w - q sum of w) / a, w = p^a q^(1 - a).
 *
 * Numerics: float64; 1 - sum of w as the sum of a p + (1 - a) q - w, whose terms are not negative.
 *
 * @param options logits, classes, alpha, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const studentLogits = Float64Array.of(0, -Infinity);
 * const teacherLogits = Float64Array.of(-Infinity, 0);
 * alphaDivergence({ studentLogits, teacherLogits, classes: 2 }).loss; // 4
 */
export function alphaDivergence(options: AlphaOptions): DistillLoss {
  const own = checkOptions('alphaDivergence', options, [...PAIR_KEYS, 'alpha']);
  const alpha = checkShare('alphaDivergence', 'alpha', own.alpha, 0.5);
  const row = alpha === 1 ? forwardRow : alpha === 0 ? reverseRow : alphaRow(alpha);
  return pairLoss(checkPairs('alphaDivergence', own), row);
}

export interface RenyiOptions extends PairOptions {
  /** Above 0, at most 1: 0.5 by default. */
  readonly alpha?: number;
}

/**
 * Returns the Renyi divergence of order alpha and its gradient.
 *
 * Formula: T^2 \* log(sum of p^a q^(1 - a)) / (a - 1) per row; a = 1 is its limit, forward KL; T^2 only while `temperatureSquared` is true, the
 * default. Gradient per row: T (q - w / sum of w), w = p^a q^(1 - a). It does not fall as a grows.
 *
 * Numerics: float64, through log1p of a sum without negative terms where the sum of w is near 1; Infinity where no class is common to both.
 *
 * @param options logits, classes, alpha, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const studentLogits = Float64Array.of(0, 0);
 * const teacherLogits = Float64Array.of(0, -Infinity);
 * renyiDivergence({ studentLogits, teacherLogits, classes: 2 }).loss; // 0.69314...
 */
export function renyiDivergence(options: RenyiOptions): DistillLoss {
  const fn = 'renyiDivergence';
  const own = checkOptions(fn, options, [...PAIR_KEYS, 'alpha']);
  const alpha = checkShare(fn, 'alpha', own.alpha, 0.5);
  if (alpha === 0) {
    throw rangeError(fn, 'alpha', 'an order above 0, at most 1', alpha, 'pass for example 0.5');
  }
  return pairLoss(checkPairs(fn, own), alpha === 1 ? forwardRow : renyiRow(alpha));
}

/**
 * Returns the squared Hellinger distance and its gradient.
 *
 * Formula: T^2 \* (1 - sum of sqrt(p q)) per row; T^2 only while `temperatureSquared` is true, the default. Gradient per row:
 * -T (w - q sum of w) / 2, w = sqrt(p q). H^2 <= total variation <= sqrt(2) H.
 *
 * Numerics: float64, as `alphaDivergence`, of which it is a quarter at alpha = 0.5; from 0 to 1 before T^2; always finite.
 *
 * @param options logits, classes, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const studentLogits = Float64Array.of(0, -Infinity);
 * const teacherLogits = Float64Array.of(-Infinity, 0);
 * squaredHellinger({ studentLogits, teacherLogits, classes: 2 }).loss; // 1
 */
export function squaredHellinger(options: PairOptions): DistillLoss {
  const own = checkOptions('squaredHellinger', options, PAIR_KEYS);
  return pairLoss(checkPairs('squaredHellinger', own), hellingerRow);
}
