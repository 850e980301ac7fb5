/** DIST: correlations of probabilities, along rows and along classes of a batch. */
import type { F64, FloatArray } from '../core/arrays.js';
import { checkOptions } from '../core/options.js';
import type { Pairs } from './arguments.js';
import { checkPairs, checkTemperature, checkWeight } from './arguments.js';
import { logSoftmaxRow, softmaxBackward } from './engine.js';
import { gradientLike } from './reduce.js';
import type { DistillLoss, PairOptions } from './types.js';

export interface DistOptions extends Omit<PairOptions, 'temperature' | 'rowWeights' | 'reduction'> {
  /** One temperature for all rows: 1 by default. */
  readonly temperature?: number;
  /** Weight of the correlation along each row: 1 by default. */
  readonly interWeight?: number;
  /** Weight of the correlation along each class: 1 by default. */
  readonly intraWeight?: number;
}

const KEYS = [
  'studentLogits',
  'teacherLogits',
  'classes',
  'temperature',
  'temperatureSquared',
  'mask',
  'labels',
  'ignoreIndex',
  'out',
  'interWeight',
  'intraWeight',
] as const satisfies readonly (keyof DistOptions)[];

/**
 * Returns the DIST loss of a batch and its gradient.
 *
 * Formula: T^2 \* (inter (1 - mean over rows of rho(q, p)) + intra (1 - mean over classes of rho(q, p))), rho being Pearson's correlation of probabilities at
 * temperature T; T^2 only while `temperatureSquared` is true, the default. It belongs to the batch as a whole, so it has no reduction and no row weights.
 *
 * Numerics: float64. rho of a constant row or class, such as every class of a batch of one row, is 0, and so is its gradient. Each part lies in [0, 2].
 *
 * Compatible with: the authors' code (without T^2; they add 1e-8 to the product of the norms); torchdistill with T^2.
 *
 * @param options logits, classes, temperature, weights, and which rows count
 * @returns loss, gradient by the student's logits, rows that counted
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity that are not masked
 * @example
 * const studentLogits = Float64Array.of(0, 1, 2, 1);
 * dist({ studentLogits, teacherLogits: studentLogits, classes: 2 }).loss; // 0
 * @see Huang et al., Knowledge Distillation from A Stronger Teacher, arXiv 2205.10536
 */
export function dist(options: DistOptions): DistillLoss {
  const { interWeight, intraWeight, ...own } = checkOptions('dist', options, KEYS);
  const inter = checkWeight('dist', 'interWeight', interWeight ?? 1);
  const intra = checkWeight('dist', 'intraWeight', intraWeight ?? 1);
  const temperature = checkTemperature('dist', 'temperature', own.temperature ?? 1);
  const pairs = checkPairs('dist', own);
  const { classes } = pairs;
  const kept = Array.from({ length: pairs.count }, (_, row) => row).filter(pairs.isCounted);
  const grad = gradientLike(pairs.student, pairs.out);
  const rows = kept.length;
  if (rows === 0) return { loss: 0, grad, rows };

  const q = probabilities(pairs, 'studentLogits', pairs.student, kept, temperature);
  const p = probabilities(pairs, 'teacherLogits', pairs.teacher, kept, temperature);
  const slope = new Float64Array(q.length);
  let between = 0;
  for (let r = 0; r < rows; r++) between += correlate(slope, q, p, r * classes, 1, classes, -inter / rows);
  let within = 0;
  for (let c = 0; c < classes; c++) within += correlate(slope, q, p, c, classes, rows, -intra / classes);
  const squared = pairs.isSquared ? temperature * temperature : 1;
  kept.forEach((row, r) => {
    const at = r * classes;
    const own = q.subarray(at, at + classes);
    // By log q: q times the derivative by q.
    const g = own.map((value, i) => value * slope[at + i]);
    softmaxBackward(grad, row * classes, own, g, squared / temperature);
  });
  return { loss: squared * (inter * (1 - between / rows) + intra * (1 - within / classes)), grad, rows };
}

function probabilities(
  { fn, classes }: Pairs,
  argument: string,
  logits: FloatArray,
  kept: readonly number[],
  temperature: number,
): F64 {
  const p = new Float64Array(kept.length * classes);
  const log = new Float64Array(classes);
  kept.forEach((row, r) => {
    const part = p.subarray(r * classes, (r + 1) * classes);
    logSoftmaxRow(log, part, fn, argument, logits, row, temperature);
  });
  return p;
}

/** The correlation of n numbers of a and b, `stride` apart; adds `weight` times its derivative by a to `slope`. */
function correlate(
  slope: F64,
  a: F64,
  b: F64,
  begin: number,
  stride: number,
  n: number,
  weight: number,
): number {
  const end = begin + n * stride;
  let [sumA, sumB] = [0, 0];
  for (let i = begin; i < end; i += stride) {
    sumA += a[i];
    sumB += b[i];
  }
  const [meanA, meanB] = [sumA / n, sumB / n];
  let [aa, bb, ab] = [0, 0, 0];
  for (let i = begin; i < end; i += stride) {
    aa += (a[i] - meanA) * (a[i] - meanA);
    bb += (b[i] - meanB) * (b[i] - meanB);
    ab += (a[i] - meanA) * (b[i] - meanB);
  }
  // A deviation within rounding of the mean is none: constant numbers have no correlation.
  if (isConstant(aa, meanA, n) || isConstant(bb, meanB, n)) return 0;
  const [normA, normB] = [Math.sqrt(aa), Math.sqrt(bb)];
  const rho = Math.max(-1, Math.min(1, ab / (normA * normB)));
  for (let i = begin; i < end; i += stride) {
    slope[i] += (weight * ((b[i] - meanB) / normB - (rho * (a[i] - meanA)) / normA)) / normA;
  }
  return rho;
}

const isConstant = (squares: number, mean: number, n: number): boolean =>
  squares <= n * (2 ** -50 * mean) * (2 ** -50 * mean);
