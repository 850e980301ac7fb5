/** Hadamard transforms of rows: a family of its own. One interface, three implementations that give the same bits. */
import type { F32 } from '../../core/arrays.js';

/** The transform of n = power * base elements by the matrix B x S, a Kronecker product. */
export interface HadamardRule {
  /** Size of Sylvester's S: a power of two. */
  readonly power: number;
  /** Size of B: 1, or a multiple of 4, at most 128. */
  readonly base: number;
  /** B, row-major, of 1 and -1; empty for base 1. */
  readonly matrix: F32;
  /** n factors of 1 and -1 each, or null for ones: of the elements, and of the results. */
  readonly before: F32 | null;
  readonly after: F32 | null;
  /** A float32. */
  readonly scale: number;
}

export interface HadamardKernels {
  readonly name: 'reference' | 'scalar' | 'simd';

  /**
   * Each of `rows` rows of n elements: out = after * scale * (B x S) (before * x), every operation rounded to float32:
   *   1. v = before * x;
   *   2. in each run of `power` elements, for h = 1, 2, 4 ... power / 2, all pairs (v[i], v[i + h]) with floor(i / h) even become
   *      (v[i] + v[i + h], v[i] - v[i + h]);
   *   3. if base > 1, for each a < power, w[i] = the sum over j < base of B[i, j] v[j * power + a]: of four terms each as
   *      (t0 + t1) + (t2 + t3), these sums to two totals in turn, the even and the odd ones, then even + odd;
   *   4. times scale, times after.
   * NaN and infinities go through as IEEE 754 says. `out` is not `x`.
   */
  hadamard(out: F32, x: F32, rows: number, rule: HadamardRule): void;
}
