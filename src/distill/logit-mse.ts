/** Squared differences of logits. */

import { checkOptions } from '../core/options.js';
import { NumericError, typeError } from '../core/errors.js';
import type { Pairs } from './arguments.js';
import { PAIR_KEYS, checkPairs } from './arguments.js';
import { largestLogit } from './engine.js';
import { gradientLike, reduced, reductionFactor } from './reduce.js';
import type { DistillLoss, PairOptions } from './types.js';

export interface LogitMseOptions extends Omit<PairOptions, 'temperature' | 'temperatureSquared'> {
  /** Whether each row's mean difference is taken out first: true by default. */
  readonly center?: boolean;
}

/**
 * Returns the squared difference of the logits and its gradient. It has no temperature.
 *
 * Formula: sum of (d - mean d)^2 per row, d = student - teacher; without `center`, sum of d^2. Reduction 'elementMean', the default of this loss, makes it a
 * mean. Gradient per row: 2 (d - mean d). The centred form does not change with a shift of a row, as no softmax does, and half of its mean is what T^2 KL
 * goes to for large T.
 *
 * Numerics: float64. Classes that both exclude (-Infinity) are left out; one that only one of them excludes is an error.
 *
 * Compatible with: TextBrewer's `kd_mse_loss` is `center: false`, 'elementMean', logits divided by T; Keras with MeanSquaredError the same.
 *
 * @param options logits, classes, centring, and how rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and classes that one of the two excludes
 * @example
 * const studentLogits = Float64Array.of(1, 2);
 * const teacherLogits = Float64Array.of(3, 2);
 * logitMse({ studentLogits, teacherLogits, classes: 2 }).loss; // 1
 * @see Ba and Caruana, Do Deep Nets Really Need to be Deep?, arXiv 1312.6184
 */
export function logitMse(options: LogitMseOptions): DistillLoss {
  const fn = 'logitMse';
  const keys = PAIR_KEYS.filter((key) => !key.startsWith('temperature')) as (keyof LogitMseOptions)[];
  const own = checkOptions<LogitMseOptions>(fn, options, [...keys, 'center']);
  const isCentred = own.center ?? true;
  if (typeof isCentred !== 'boolean')
    throw typeError(fn, 'center', 'a boolean', isCentred, 'pass true or false');
  const { center: _, ...rest } = own;
  const pairs = checkPairs(fn, { ...rest, reduction: own.reduction ?? 'elementMean' });
  const grad = gradientLike(pairs.student, pairs.out);
  const losses = new Float64Array(pairs.count);
  const d = new Float64Array(pairs.classes);
  const factor = reductionFactor(pairs);
  for (let row = 0; row < pairs.count; row++) {
    if (!pairs.isCounted(row)) continue;
    const at = row * pairs.classes;
    const count = differences(d, fn, pairs, row);
    if (isCentred) centre(d, count);
    let loss = 0;
    for (let i = 0; i < d.length; i++) {
      const difference = Number.isNaN(d[i]) ? 0 : d[i];
      loss += difference * difference;
      grad[at + i] = 2 * factor * pairs.weight(row) * difference;
    }
    losses[row] = pairs.weight(row) * loss;
  }
  return reduced(pairs, losses, grad);
}

/** d = student - teacher of a row, NaN where both exclude a class; returns how many classes there are. */
function differences(d: Float64Array, fn: string, { student, teacher, classes }: Pairs, row: number): number {
  const at = row * classes;
  largestLogit(fn, 'studentLogits', student, at, classes);
  largestLogit(fn, 'teacherLogits', teacher, at, classes);
  let count = 0;
  for (let i = 0; i < classes; i++) {
    d[i] = student[at + i] - teacher[at + i];
    if (Math.abs(d[i]) === Infinity) {
      throw new NumericError(
        'ONE_EXCLUDES',
        `${fn}: "studentLogits" expected to exclude the classes that the teacher excludes, got -Infinity in one of them at index ${at + i} - exclude the class in both`,
        at + i,
      );
    }
    if (!Number.isNaN(d[i])) count++;
  }
  return count;
}

function centre(d: Float64Array, count: number): void {
  let sum = 0;
  for (const value of d) if (!Number.isNaN(value)) sum += value;
  const mean = count === 0 ? 0 : sum / count;
  for (let i = 0; i < d.length; i++) d[i] -= mean;
}
