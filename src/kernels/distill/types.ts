/** Softmax and divergences over rows of float32 logits: a family of its own. One interface, three implementations that give the same bits. */
import type { F32, F64 } from '../../core/arrays.js';

/** One row of student and teacher; all numbers but the counts are float32. */
export interface PairRule {
  /** Factor of the logits: 1 / temperature. */
  readonly scale: number;
  /** Largest logit of the row, and log of the sum of exp((x - largest) * scale). */
  readonly studentMax: number;
  readonly studentLog: number;
  readonly teacherMax: number;
  /** 1 over the sum of the teacher's exponentials. */
  readonly teacherShare: number;
  /** studentLog - teacherLog, rounded once. */
  readonly logDifference: number;
  /** Factor of the gradient. */
  readonly factor: number;
}

/**
 * All work on x[begin ... begin + count), a row or a piece of one that begins a multiple of four elements into it: then the pieces give
 * the bits of the whole. `totals` holds four float64 sums that go on: element j of the piece is added to number j mod 4. Every float32 operation
 * is rounded; exp is `exponentialFloat32`.
 */
export interface DistillKernels {
  readonly name: 'reference' | 'scalar' | 'simd';

  /** The largest element; NaN where there is one, -Infinity of nothing. The sign of 0 is not defined. */
  largest(x: F32, begin: number, count: number): number;

  /** out = exp((x - shift) * scale), added to the totals; `out` is null where only they are wanted, or x. */
  exponentials(
    out: F32 | null,
    x: F32,
    begin: number,
    count: number,
    shift: number,
    scale: number,
    totals: F64,
  ): void;

  /** x = x * factor, in place. */
  multiply(x: F32, begin: number, count: number, factor: number): void;

  /** out = (x - shift) * scale - logSum. */
  logSoftmax(
    out: F32,
    x: F32,
    begin: number,
    count: number,
    shift: number,
    scale: number,
    logSum: number,
  ): void;

  /** out = (g - q * total) * factor: the gradient through a softmax q, where `total` is the sum of g. `out` may be g. */
  backward(out: F32, q: F32, g: F32, begin: number, count: number, total: number, factor: number): void;

  /**
   * Forward KL of a row, term by term without cancellation, and its gradient. `gradient` holds what `exponentials` makes of the
   * teacher, so that they are not computed twice. With us = (s - studentMax) * scale, ut likewise,
   *   d = (us - ut) - logDifference, p = gradient * teacherShare, q = exp(us - studentLog):
   *   where |d| < 0.5, e = d * d * excessSeriesFloat32(d), term = p * e, gradient = p * (d + e) * factor,
   *   elsewhere        term = (q - p) - (p = 0 ? 0 : p * d), gradient = (q - p) * factor.
   * Terms are never negative; a class that the student alone excludes gives Infinity; one that both exclude gives 0.
   */
  forwardKl(
    gradient: F32,
    student: F32,
    teacher: F32,
    begin: number,
    count: number,
    rule: PairRule,
    totals: F64,
  ): void;
}
