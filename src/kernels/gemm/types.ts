/** Products of float matrices: a family of its own, since only solvers, factorizations and whole layers need them. */
import type { F32, F64, FloatArray } from '../../core/arrays.js';

/** C = A B with C [rows, columns] row-major, A [rows, depth] and B [depth, columns] at any positive strides, so that either may be transposed. */
export interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** Element (i, k) of A is a[i * aRow + k * aColumn]. */
  readonly aRow: number;
  readonly aColumn: number;
  /** Element (k, j) of B is b[k * bRow + j * bColumn]. */
  readonly bRow: number;
  readonly bColumn: number;
  /** Promise that C equals its transpose to the bit, as A A^T does: half of it is then copied, with the same bits. */
  readonly isSymmetric: boolean;
}

export interface GemmKernels {
  readonly name: 'reference' | 'scalar' | 'simd';

  /**
   * y = W x for a row-major `rows` x `columns` matrix. Every operation is rounded to float32. Column k goes to partial sum p[k mod 8];
   * they are added as P[l] = p[l] + p[l + 4] for l = 0 .. 3, then (P[0] + P[2]) + (P[1] + P[3]). Sums begin at +0.
   * NaN and infinities go through as IEEE 754 says.
   */
  gemvF32(y: F32, w: F32, x: F32, rows: number, columns: number): void;

  /**
   * C = A B, every operation rounded to float32: each element is one sum that begins at +0 and takes its products for k = 0, 1 ... in turn.
   * NaN and infinities go through as IEEE 754 says. `c` overlaps neither operand.
   */
  gemmF32(c: F32, a: F32, b: F32, product: Product): void;

  /** The same with every operation rounded to float64. Operands may be float32: their products are then exact, and only sums are rounded. */
  gemmF64(c: F64, a: FloatArray, b: FloatArray, product: Product): void;
}
