/** Divergences to a mixture of student and teacher: finite for every pair. */
import { checkChoice, checkOptions } from '../core/options.js';
import { PAIR_KEYS, checkPairs, checkShare } from './arguments.js';
import { forwardRow, jsdRow, reverseRow, skewForwardRow, skewReverseRow } from './divergences.js';
import { pairLoss } from './engine.js';
import type { DistillLoss, PairOptions, RowLoss } from './types.js';

export interface JsdOptions extends PairOptions {
  /** The teacher's share of the mixture, from 0 to 1: 0.5 by default. */
  readonly beta?: number;
}

/**
 * Returns the generalized Jensen-Shannon divergence of GKD and its gradient.
 *
 * Formula: T^2 \* (beta KL(p || m) + (1 - beta) KL(q || m)) per row, m = beta p + (1 - beta) q; T^2 only while `temperatureSquared` is true, the default.
 * Gradient per row: T (1 - beta) q (log q - log m - KL(q || m)). beta = 0 is forward KL and beta = 1 reverse KL by convention: the formula is 0 there.
 *
 * Numerics: float64, log(m / q) as log1p(beta expm1(log p - log q)), so that equal rows give exactly 0. At most the entropy of (beta, 1 - beta), log 2 for 0.5;
 * finite whatever is excluded, for beta strictly between 0 and 1.
 *
 * Compatible with: TRL's GKD and Liger (without T^2: pass `temperatureSquared: false`); DistiLLM's `lam` is 1 - beta.
 *
 * @param options logits, classes, beta, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const studentLogits = Float64Array.of(0, -Infinity);
 * const teacherLogits = Float64Array.of(-Infinity, 0);
 * jsd({ studentLogits, teacherLogits, classes: 2 }).loss; // 0.69314...
 * @see Agarwal et al., On-Policy Distillation of Language Models, arXiv 2306.13649
 */
export function jsd(options: JsdOptions): DistillLoss {
  const own = checkOptions('jsd', options, [...PAIR_KEYS, 'beta']);
  const beta = checkShare('jsd', 'beta', own.beta, 0.5);
  const row = beta === 0 ? forwardRow : beta === 1 ? reverseRow : jsdRow(beta);
  return pairLoss(checkPairs('jsd', own), row);
}

export interface SkewKlOptions extends PairOptions {
  /** The share of the first distribution in the mixture, from 0 to 1: 0.1 by default. */
  readonly alpha?: number;
  /** 'forward' by default. */
  readonly direction?: 'forward' | 'reverse';
}

const nothingRow: RowLoss = (_pair, g) => {
  g.fill(0);
  return 0;
};

/**
 * Returns the skew KL divergence of DistiLLM in either direction and its gradient.
 *
 * Formula, per row: forward T^2 \* KL(p || alpha p + (1 - alpha) q), reverse T^2 \* KL(q || (1 - alpha) p + alpha q); T^2 only while `temperatureSquared` is
 * true, the default. alpha = 0 is plain KL, alpha = 1 is 0.
 *
 * Numerics: float64, as `jsd`. At most log(1 / alpha) for all logits.
 *
 * Compatible with: DistiLLM's `skewed_forward_kl` and `skewed_reverse_kl` (`lam` = alpha, without T^2); its forward one is a cross-entropy,
 * not 0 at equality.
 *
 * @param options logits, classes, alpha, direction, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const studentLogits = Float64Array.of(0, -Infinity);
 * const teacherLogits = Float64Array.of(-Infinity, 0);
 * skewKl({ studentLogits, teacherLogits, classes: 2 }).loss; // 2.302585...
 * @see Ko et al., DistiLLM, arXiv 2402.03898
 */
export function skewKl(options: SkewKlOptions): DistillLoss {
  const own = checkOptions('skewKl', options, [...PAIR_KEYS, 'alpha', 'direction']);
  const alpha = checkShare('skewKl', 'alpha', own.alpha, 0.1);
  const direction = checkChoice('skewKl', 'direction', own.direction ?? 'forward', ['forward', 'reverse']);
  return pairLoss(checkPairs('skewKl', own), skewRow(alpha, direction));
}

function skewRow(alpha: number, direction: 'forward' | 'reverse'): RowLoss {
  if (alpha === 1) return nothingRow;
  if (direction === 'forward') return alpha === 0 ? forwardRow : skewForwardRow(alpha);
  return alpha === 0 ? reverseRow : skewReverseRow(alpha);
}
