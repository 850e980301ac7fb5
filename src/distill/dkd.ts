/** Decoupled knowledge distillation: the label's class against the rest, and the rest among themselves. */
import type { F64 } from '../core/arrays.js';
import { exponential, logarithm } from '../core/elementary.js';
import { checkOptions } from '../core/options.js';
import { PAIR_KEYS, checkLabels, checkPairs, checkWeight } from './arguments.js';
import { difference, klTerm } from './divergences.js';
import { pairLoss } from './engine.js';
import type { DistillLoss, PairOptions, RowLoss } from './types.js';

export interface DkdOptions extends PairOptions {
  /** The target class of each row; rows with `ignoreIndex` are left out. */
  readonly labels: Int32Array | readonly number[];
  /** Weight of the target class's part: 1 by default. */
  readonly alpha?: number;
  /** Weight of the other classes' part: 8 by default. */
  readonly beta?: number;
}

/**
 * Returns the decoupled knowledge distillation loss and its gradient.
 *
 * Formula: T^2 \* (alpha TCKD + beta NCKD) per row with target t; TCKD = KL of (p_t, 1 - p_t) to (q_t, 1 - q_t), NCKD = KL of the other classes' probabilities,
 * normalized among themselves. T^2 only while `temperatureSquared` is true, the default. KL(p || q) = TCKD + (1 - p_t) NCKD. Two classes: NCKD is
 * exactly 0.
 *
 * Numerics: float64; log(1 - q_t) is a sum over the other classes, never 1 minus something. Where the teacher excludes all of them NCKD is 0.
 *
 * Compatible with: mdistiller (alpha 1, beta 8 and T = 4 there; mean over rows), which masks by adding -1000 and overflows.
 *
 * @param options logits, classes, labels, weights, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const studentLogits = Float64Array.of(1, 2, 3);
 * const teacherLogits = Float64Array.of(1, 2, 4);
 * dkd({ studentLogits, teacherLogits, classes: 3, labels: [2], temperature: 4 }).loss; // 0.1241...
 * @see Zhao et al., Decoupled Knowledge Distillation, arXiv 2203.08679
 */
export function dkd(options: DkdOptions): DistillLoss {
  const own = checkOptions('dkd', options, [...PAIR_KEYS, 'alpha', 'beta']);
  const alpha = checkWeight('dkd', 'alpha', own.alpha ?? 1);
  const beta = checkWeight('dkd', 'beta', own.beta ?? 8);
  const pairs = checkPairs('dkd', own);
  const labels = checkLabels(pairs, own.labels);
  return pairLoss(pairs, dkdRow(labels, alpha, beta));
}

/** The rest of a row without its target. */
interface Rest {
  /** log of their sum, and the sum. */
  readonly log: number;
  readonly mass: number;
}

function restOf(log: F64, target: number): Rest {
  let most = -Infinity;
  for (let i = 0; i < log.length; i++) if (i !== target && log[i] > most) most = log[i];
  if (most === -Infinity) return { log: most, mass: 0 };
  let sum = 0;
  for (let i = 0; i < log.length; i++) if (i !== target) sum += exponential(log[i] - most);
  const logSum = most + logarithm(sum);
  return { log: logSum, mass: exponential(logSum) };
}

const gap = (a: number, b: number): number => (a === b ? 0 : a - b);

export function dkdRow(labels: ArrayLike<number>, alpha: number, beta: number): RowLoss {
  return ({ classes, p, q, logP, logQ }, g, row) => {
    const target = labels[row];
    const restQ = restOf(logQ, target);
    const restP = restOf(logP, target);
    const d = gap(logQ[target], logP[target]);
    const restGap = gap(restQ.log, restP.log);
    const targetPart = klTerm(p[target], q[target], d) + klTerm(restP.mass, restQ.mass, restGap);
    // The smaller of the two sides has the more accurate difference.
    const move =
      restP.mass < p[target]
        ? -difference(restP.mass, restQ.mass, restGap)
        : difference(p[target], q[target], d);
    let restPart = 0;
    g[target] = alpha * move;
    for (let i = 0; i < classes; i++) {
      if (i === target) continue;
      const inQ = restQ.log === -Infinity ? 0 : exponential(logQ[i] - restQ.log);
      g[i] = -alpha * move * inQ;
      if (restP.log === -Infinity || restQ.log === -Infinity) continue;
      const inP = exponential(logP[i] - restP.log);
      const within = gap(logQ[i] - restQ.log, logP[i] - restP.log);
      restPart += klTerm(inP, inQ, within);
      g[i] += beta * difference(inP, inQ, within);
    }
    if (restQ.log === -Infinity && restP.mass > 0) restPart = Infinity;
    return weighted(alpha, targetPart) + weighted(beta, restPart);
  };
}

/** A weight of 0 takes a part out, an infinite one too. */
const weighted = (weight: number, part: number): number => (weight === 0 ? 0 : weight * part);
