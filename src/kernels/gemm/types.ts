/** Products of float32 matrices: a family of its own, since only solvers and whole layers need them. */
import type { F32 } from '../../core/arrays.js';

export interface GemmKernels {
  readonly name: 'reference' | 'scalar' | 'simd';

  /**
   * y = W x for a row-major `rows` x `columns` matrix. Every operation is rounded to float32. Column k goes to partial sum p[k mod 8];
   * they are added as P[l] = p[l] + p[l + 4] for l = 0 .. 3, then (P[0] + P[2]) + (P[1] + P[3]). Sums begin at +0.
   * NaN and infinities go through as IEEE 754 says.
   */
  gemvF32(y: F32, w: F32, x: F32, rows: number, columns: number): void;
}
