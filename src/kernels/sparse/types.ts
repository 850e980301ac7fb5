/**
 * Products of sparse float32 matrices with a vector: a family of its own. Every operation is rounded to float32. The entries of a row go,
 * in their order, to four partial sums in turn, and these are added as (p[0] + p[2]) + (p[1] + p[3]). Sums begin at +0. NaN and infinities
 * go through as IEEE 754 says; what is not stored takes no part, so that an infinity of x meets no zero.
 */
import type { F32, U16, U32, U8 } from '../../core/arrays.js';

export type Indices = U8 | U16 | U32;

export interface SparseKernels {
  readonly name: 'reference' | 'scalar' | 'simd';

  /** y = W x for compressed rows: entries pointers[r] .. pointers[r + 1] of row r, with their columns. */
  csrGemv(y: F32, values: F32, indices: Indices, pointers: U32, x: F32, rows: number): void;

  /**
   * y = W x for rows of bits, lowest first, each row from a byte of its own: a 1 for every stored value. The sums are those of csrGemv. Bits
   * behind the last column are 0.
   */
  bitmaskGemv(y: F32, values: F32, bits: U8, x: F32, rows: number, columns: number): void;

  /**
   * y = W x for blocks of `height` x `width`: blocks pointers[b] .. pointers[b + 1] of block row b, with their block columns, each row-major.
   * Column j of a block goes to partial sum j mod 4. x has `width` elements for every block column, y `height` for every block row.
   */
  bsrGemv(
    y: F32,
    values: F32,
    indices: Indices,
    pointers: U32,
    x: F32,
    blockRows: number,
    height: number,
    width: number,
  ): void;
}
