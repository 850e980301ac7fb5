/** Cross-entropy with a teacher and the Kullback-Leibler divergences in both directions. */
import { arrayTag } from '../core/array-tag.js';
import type { F32 } from '../core/arrays.js';
import { checkOptions } from '../core/options.js';
import { PAIR_KEYS, checkPairs, checkShare } from './arguments.js';
import { adaptiveShare, crossEntropyRow, forwardRow, mixedRow, reverseRow } from './divergences.js';
import { pairLoss } from './engine.js';
import { fastForwardKl, isFast } from './fast-kl.js';
import type { DistillLoss, PairOptions, RowLoss } from './types.js';

/**
 * Returns the cross-entropy of the student under the teacher's probabilities and its gradient.
 *
 * Formula: T^2 \* -sum of p log q per row, p = softmax(teacher / T), q = softmax(student / T); T^2 only while `temperatureSquared` is true, the
 * default. Gradient per row: T (q - p). It is KL(p || q) plus the entropy of p: the same gradient, but its minimum is that entropy, not 0.
 *
 * Numerics: float64 throughout; the result has the type of the student's logits. A class that the student alone excludes gives Infinity.
 *
 * Compatible with: torch's `cross_entropy` with probabilities; what TextBrewer and DistiLLM call KD or forward KL (without T^2).
 *
 * @param options logits, classes, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const logits = Float64Array.of(1, 2, 3);
 * softCrossEntropy({ studentLogits: logits, teacherLogits: logits, classes: 3 }).loss; // 0.8323955...
 */
export function softCrossEntropy(options: PairOptions): DistillLoss {
  const own = checkOptions('softCrossEntropy', options, PAIR_KEYS);
  return pairLoss(checkPairs('softCrossEntropy', own), crossEntropyRow);
}

/**
 * Returns the forward KL divergence, Hinton's knowledge distillation loss, and its gradient.
 *
 * Formula: T^2 \* KL(p || q) per row, p = softmax(teacher / T), q = softmax(student / T); T^2 only while `temperatureSquared` is true, the
 * default, which keeps gradients of one size for all T. Gradient per row: T (q - p). For large T the loss goes to half the mean squared difference
 * of the centred logits, with an error of O(1 / T).
 *
 * Numerics: sum of p (e^d - 1 - d), d = log q - log p: equal to KL, but no term is negative, so the result is not, and it is 0 for equal
 * logits. Float32 logits: float32 arithmetic with exponentials within 1 ulp, float64 sums in four totals; else float64. Temperatures below 1e-30 or above
 * 1e30 are float64 too. A class that the student alone excludes (-Infinity) gives Infinity.
 *
 * Cost: five passes over a row, three exponentials a class; 64 x 32,000 float32 logits take about 19 ms.
 *
 * Compatible with: RepDistiller, mdistiller and DistillKit (T^2, mean over rows); TRL, Liger and DistiLLM leave T^2 out. Swap the two
 * models in `reverseKl` for the teacher's gradient.
 *
 * @param options logits, classes, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const studentLogits = Float32Array.of(1, 2, 3);
 * const teacherLogits = Float32Array.of(1, 2, 4);
 * forwardKl({ studentLogits, teacherLogits, classes: 3, temperature: 2 }).loss; // 0.12066...
 * @see Hinton et al., Distilling the Knowledge in a Neural Network, arXiv 1503.02531
 */
export function forwardKl(options: PairOptions): DistillLoss {
  const pairs = checkPairs('forwardKl', checkOptions('forwardKl', options, PAIR_KEYS));
  const { student, teacher } = pairs;
  if (arrayTag(student) === 'Float32Array' && arrayTag(teacher) === 'Float32Array' && isFast(pairs)) {
    return fastForwardKl(pairs, student as F32, teacher as F32);
  }
  return pairLoss(pairs, forwardRow);
}

/**
 * Returns the reverse KL divergence and its gradient: the student seeks modes of the teacher.
 *
 * Formula: T^2 \* KL(q || p) per row; T^2 only while `temperatureSquared` is true, the default. Gradient per row: T q (d - KL(q || p)), d = log q - log p.
 *
 * Numerics: float64, the form without cancellation of `forwardKl`. A class that the teacher alone excludes gives Infinity; the gradient is then that of
 * the classes that both allow.
 *
 * Compatible with: MiniLLM, TRL and Liger at beta = 1 (without T^2).
 *
 * @param options logits, classes, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const studentLogits = Float64Array.of(0, 0);
 * const teacherLogits = Float64Array.of(0, 1);
 * reverseKl({ studentLogits, teacherLogits, classes: 2 }).loss; // 0.1201145...
 */
export function reverseKl(options: PairOptions): DistillLoss {
  return pairLoss(checkPairs('reverseKl', checkOptions('reverseKl', options, PAIR_KEYS)), reverseRow);
}

export interface JeffreysOptions extends PairOptions {
  /** Weight of KL(q || p), from 0 to 1; the other direction has the rest. 0.5 by default. */
  readonly reverseWeight?: number;
}

/**
 * Returns a weighted sum of the two KL divergences and its gradient.
 *
 * Formula: T^2 \* ((1 - w) KL(p || q) + w KL(q || p)) per row, w = `reverseWeight`; T^2 only while `temperatureSquared` is true, the default. w = 0.5 is half of
 * Jeffreys' divergence.
 *
 * Numerics: as `forwardKl` and `reverseKl` in float64.
 *
 * Compatible with: torchtune's `sym_kd_ratio` is 1 - w; DistiLLM's `lam` is w; both without T^2.
 *
 * @param options logits, classes, weight, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const studentLogits = Float64Array.of(0, 0);
 * const teacherLogits = Float64Array.of(0, 1);
 * jeffreys({ studentLogits, teacherLogits, classes: 2 }).loss; // 0.1155...
 */
export function jeffreys(options: JeffreysOptions): DistillLoss {
  const own = checkOptions('jeffreys', options, [...PAIR_KEYS, 'reverseWeight']);
  const share = checkShare('jeffreys', 'reverseWeight', own.reverseWeight, 0.5);
  return pairLoss(checkPairs('jeffreys', own), mixedRow(forwardRow, reverseRow, share));
}

export interface AdaptiveKlOptions extends PairOptions {
  /** Mass of the teacher's least likely classes that make the tail, from 0 to 1: 0.5 by default. */
  readonly tail?: number;
}

/**
 * Returns adaptive KL: forward KL where the gap |p - q| lies in the teacher's likely classes, reverse KL where it lies in its tail.
 *
 * Formula: T^2 \* (gh KL(p || q) + gt KL(q || p)) / (gh + gt) per row; classes in ascending order of p belong to the tail while the sum of p is at most
 * `tail`; gt and gh are the sums of |p - q| over tail and head, constants for the gradient. 0 at equality. T^2 only while `temperatureSquared` is true, the
 * default.
 *
 * Numerics: float64; equal probabilities in the order of their classes.
 *
 * Compatible with: DSKD's adaptive KL (without T^2), which gives NaN at equality.
 *
 * @param options logits, classes, tail, and how rows count
 * @returns loss, gradient by the student's logits with the gaps held fixed, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const logits = Float64Array.of(1, 2, 3);
 * adaptiveKl({ studentLogits: logits, teacherLogits: logits, classes: 3 }).loss; // 0
 * @see Wu et al., Rethinking Kullback-Leibler Divergence in Knowledge Distillation for Large Language Models, arXiv 2404.02657
 */
export function adaptiveKl(options: AdaptiveKlOptions): DistillLoss {
  const own = checkOptions('adaptiveKl', options, [...PAIR_KEYS, 'tail']);
  const tail = checkShare('adaptiveKl', 'tail', own.tail, 0.5);
  const pairs = checkPairs('adaptiveKl', own);
  const order = new Uint32Array(pairs.classes);
  const row: RowLoss = (pair, g, at) =>
    mixedRow(forwardRow, reverseRow, adaptiveShare(pair, tail, order))(pair, g, at);
  return pairLoss(pairs, row);
}
