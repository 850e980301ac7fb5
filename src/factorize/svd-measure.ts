/** How good a decomposition is, measured by products in float64; and the signs of its columns. */
import type { F64 } from '../core/arrays.js';
import { gemm } from '../kernels/gemm/family.js';
import type { Workspace } from './workspace.js';

/** Largest |element| of u^T u - I for `count` columns of `rows` elements that lie contiguous. */
export function orthogonalityOf(space: Workspace, u: F64, rows: number, count: number): number {
  const gram = space.float64(count * count);
  const strides = { aRow: rows, aColumn: 1, bRow: 1, bColumn: rows };
  const product = { rows: count, columns: count, depth: rows, ...strides, isSymmetric: true };
  gemm.inUse().gemmF64(gram, u, u, product);
  let most = 0;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      most = Math.max(most, Math.abs(gram[i * count + j] - (i === j ? 1 : 0)));
    }
  }
  return most;
}

/** Squared Frobenius norms of a and of a - u diag(s) v^T; a is row-major, columns of u and v lie contiguous. */
export function squaresOf(
  space: Workspace,
  a: F64,
  rows: number,
  columns: number,
  u: F64,
  s: F64,
  v: F64,
): { readonly whole: number; readonly rest: number } {
  const scaled = space.float64(rows * s.length);
  for (let k = 0; k < s.length; k++) {
    for (let i = k * rows; i < (k + 1) * rows; i++) scaled[i] = u[i] * s[k];
  }
  const product = space.float64(rows * columns);
  const strides = { aRow: 1, aColumn: rows, bRow: columns, bColumn: 1 };
  const shape = { rows, columns, depth: s.length, ...strides, isSymmetric: false };
  gemm.inUse().gemmF64(product, scaled, v, shape);
  let whole = 0;
  let rest = 0;
  for (let i = 0; i < rows; i++) {
    // One sum for each row and one over the rows: fewer roundings in a chain than elements.
    let wholeOfRow = 0;
    let restOfRow = 0;
    for (let j = i * columns; j < (i + 1) * columns; j++) {
      const difference = a[j] - product[j];
      wholeOfRow += a[j] * a[j];
      restOfRow += difference * difference;
    }
    whole += wholeOfRow;
    rest += restOfRow;
  }
  return { whole, rest };
}

/** Makes the largest |element| of every column of u positive, the first of equals; the column of v turns along where there is one. */
export function fixSigns(u: F64, rows: number, count: number, v: F64, vRows: number, vCount: number): void {
  for (let k = 0; k < count; k++) {
    let most = 0;
    let at = k * rows;
    for (let i = k * rows; i < (k + 1) * rows; i++) {
      const size = Math.abs(u[i]);
      if (size > most) {
        most = size;
        at = i;
      }
    }
    if (!(u[at] < 0)) continue;
    negate(u, k * rows, rows);
    if (k < vCount) negate(v, k * vRows, vRows);
  }
}

function negate(x: F64, begin: number, length: number): void {
  for (let i = begin; i < begin + length; i++) x[i] = -x[i];
}
