/** Search in quantized vectors: a family of its own. One interface, three implementations that give the same bits. */
import type { F32, I32, U8 } from '../../core/arrays.js';

export interface VectorKernels {
  readonly name: 'reference' | 'scalar' | 'simd';

  /** out[i] = the number of bits in which bytes i * bytes .. (i + 1) * bytes of `codes` differ from `query`. */
  hamming(out: I32, query: U8, codes: U8, count: number, bytes: number): void;

  /**
   * out[i] = the sum over m < subspaces of tables[m * centroids + codes[i * subspaces + m]], in this order, from +0, each addition rounded to
   * float32. Codes are below `centroids`.
   */
  scanTables(out: F32, tables: F32, codes: U8, count: number, subspaces: number, centroids: number): void;

  /**
   * What lies between a query and each vector v[d] = low[d] + step[d] * codes[i * dimensions + d]: the sum of (query[d] - v[d])^2, or of
   * query[d] * v[d] with `isDot`. Every operation is rounded to float32. Dimension d goes to partial sum p[d mod 8], from +0; then
   * P[l] = p[l] + p[l + 4], (P[0] + P[2]) + (P[1] + P[3]).
   */
  scanLevels(
    out: F32,
    query: F32,
    low: F32,
    step: F32,
    codes: U8,
    count: number,
    dimensions: number,
    isDot: boolean,
  ): void;

  /**
   * codes[i] = the column of least distance from row i of `x` (count x dimensions), the first of equal ones, 0 where none is below infinity;
   * distances[i] = that distance. `centers` is dimensions x columns, columns a multiple of 4 up to 256; columns to be left out hold Infinity. The
   * distance is the sum over d of (x[d] - center[d])^2 in this order, from +0, every operation rounded to float32.
   */
  nearest(
    codes: U8,
    distances: F32,
    x: F32,
    centers: F32,
    count: number,
    dimensions: number,
    columns: number,
  ): void;
}
