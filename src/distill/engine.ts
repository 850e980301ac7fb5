/**
 * The one engine of the losses between rows of logits: stable log-softmax, a row's loss with g = dL / d log q, one softmax backward. Everything in
 * float64, sums in the order of the classes.
 */
import type { F64, FloatArray } from '../core/arrays.js';
import { exponential, logarithm } from '../core/elementary.js';
import { NumericError, describe } from '../core/errors.js';
import type { Pairs } from './arguments.js';
import { gradientLike, reduced, reductionFactor } from './reduce.js';
import type { DistillLoss, RowLoss, RowPair } from './types.js';

/** The loss of every row that counts, its gradient, and both reduced. */
export function pairLoss(pairs: Pairs, rowLoss: RowLoss): DistillLoss {
  const { student, teacher, classes, count } = pairs;
  const grad = gradientLike(student, pairs.out);
  const losses = new Float64Array(count);
  const pair = emptyPair(classes);
  const g = new Float64Array(classes);
  const factor = reductionFactor(pairs);
  for (let row = 0; row < count; row++) {
    if (!pairs.isCounted(row)) continue;
    const temperature = pairs.temperature(row);
    logSoftmaxRow(pair.logQ, pair.q, pairs.fn, 'studentLogits', student, row, temperature);
    logSoftmaxRow(pair.logP, pair.p, pairs.fn, 'teacherLogits', teacher, row, temperature);
    const weight = pairs.weight(row);
    const squared = pairs.isSquared ? temperature * temperature : 1;
    losses[row] = times(rowLoss(pair, g, row), weight * squared);
    softmaxBackward(grad, row * classes, pair.q, g, (factor * weight * squared) / temperature);
  }
  return reduced(pairs, losses, grad);
}

/** A weight of 0 takes a row out, an infinite one too. */
const times = (loss: number, weight: number): number => (weight === 0 ? 0 : loss * weight);

function emptyPair(classes: number): RowPair {
  const made = (): F64 => new Float64Array(classes);
  return { classes, logQ: made(), q: made(), logP: made(), p: made() };
}

/**
 * log-softmax of row `row` of x / temperature, and its exponentials. Differences to the largest logit are taken before the division, so that no
 * temperature overflows; -Infinity excludes a class.
 */
export function logSoftmaxRow(
  logP: F64,
  p: F64,
  fn: string,
  argument: string,
  x: FloatArray,
  row: number,
  temperature: number,
): void {
  const n = logP.length;
  const at = row * n;
  const most = largestLogit(fn, argument, x, at, n);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const u = (x[at + i] - most) / temperature;
    logP[i] = u;
    p[i] = exponential(u);
    sum += p[i];
  }
  const logSum = logarithm(sum);
  const inverse = 1 / sum;
  for (let i = 0; i < n; i++) {
    logP[i] -= logSum;
    p[i] *= inverse;
  }
}

/** The largest of n logits from `at`; refuses NaN, Infinity, and rows that exclude every class. */
export function largestLogit(fn: string, argument: string, x: FloatArray, at: number, n: number): number {
  let most = -Infinity;
  for (let i = at; i < at + n; i++) {
    if (x[i] > most) most = x[i];
    else if (x[i] !== x[i]) throw badLogit(fn, argument, x, i);
  }
  if (most === Infinity) throw badLogit(fn, argument, x, x.indexOf(Infinity, at));
  if (most === -Infinity) throw noSupport(fn, argument, at / n, at);
  return most;
}

/** The named error of the first NaN or Infinity from `at`. */
export function badLogit(fn: string, argument: string, x: FloatArray, index: number): NumericError {
  return new NumericError(
    'NOT_A_LOGIT',
    `${fn}: "${argument}" expected finite logits, or -Infinity for a class that is excluded, got ${describe(x[index])} at index ${index} - leave the row out with "mask", or look for what overflowed`,
    index,
  );
}

export function noSupport(fn: string, argument: string, row: number, index: number): NumericError {
  return new NumericError(
    'NO_CLASS_LEFT',
    `${fn}: "${argument}" expected a class that is not excluded in every row, got -Infinity in all of row ${row} - leave the row out with "mask"`,
    index,
  );
}

/** grad = (g - q sum(g)) * factor. */
export function softmaxBackward(grad: FloatArray, at: number, q: F64, g: F64, factor: number): void {
  let total = 0;
  for (let i = 0; i < g.length; i++) total += g[i];
  for (let i = 0; i < g.length; i++) grad[at + i] = factor === 0 ? 0 : (g[i] - q[i] * total) * factor;
}
