/** Orthonormal bases of tall matrices: Cholesky of the Gram matrix twice, or Householder where that fails. */
import type { F64 } from '../core/arrays.js';
import { upperCholesky } from '../core/cholesky.js';
import { gemm } from '../kernels/gemm/family.js';
import { svdKernels } from '../kernels/svd/family.js';
import { applyQ, pivotedQr } from './pivoted-qr.js';
import type { Workspace } from './workspace.js';

/** The second Gram matrix is this near to the identity, or the first factor was not worth a second pass. */
const NEAR = 0.1;

/**
 * Makes the columns of `y` [rows, count] row-major, rows >= count, an orthonormal basis of what they span, in place; columns that depend on
 * others become any further directions. A Gram matrix squares the condition number, so one pass leaves the columns orthonormal to
 * 2^-52 cond^2; where the Gram matrix of the result is within 0.1 of the identity, a second pass makes it rounding error
 * (Yamamoto et al. 2015). Elsewhere, and where a pivot fails, Householder QR does it.
 */
export function orthonormalize(space: Workspace, y: F64, rows: number, count: number): void {
  if (!choleskyPass(space, y, rows, count, Infinity) || !choleskyPass(space, y, rows, count, NEAR)) {
    householder(space, y, rows, count);
  }
}

/** y R^-T for y^T y = R R^T; false, and y as it was, where a pivot fails or y^T y is further than `most` from the identity. */
function choleskyPass(space: Workspace, y: F64, rows: number, count: number, most: number): boolean {
  const gram = space.float64(count * count);
  const turned = { aRow: 1, aColumn: count, bRow: count, bColumn: 1 };
  const square = { rows: count, columns: count, depth: rows, ...turned, isSymmetric: true };
  gemm.inUse().gemmF64(gram, y, y, square);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      if (!(Math.abs(gram[i * count + j] - (i === j ? 1 : 0)) <= most)) return false;
    }
  }
  if (upperCholesky(gram, count) >= 0) return false;
  const inverse = space.float64(count * count);
  invertUpper(inverse, gram, count);
  const copy = space.float64(rows * count);
  copy.set(y);
  // R^-T is read from R^-1 by its strides.
  const strides = { aRow: count, aColumn: 1, bRow: 1, bColumn: count };
  const product = { rows, columns: count, depth: count, ...strides, isSymmetric: false };
  gemm.inUse().gemmF64(y, copy, inverse, product);
  return true;
}

/** out = r^-1 for an upper triangular matrix, row by row from the last. */
function invertUpper(out: F64, r: F64, n: number): void {
  for (let i = n - 1; i >= 0; i--) {
    const row = i * n;
    for (let k = i + 1; k < n; k++) {
      const factor = r[row + k];
      for (let j = k; j < n; j++) out[row + j] -= factor * out[k * n + j];
    }
    for (let j = i + 1; j < n; j++) out[row + j] /= r[row + i];
    out[row + i] = 1 / r[row + i];
  }
}

function householder(space: Workspace, y: F64, rows: number, count: number): void {
  const kernels = svdKernels.inUse();
  const columns = space.float64(rows * count);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < count; j++) columns[j * rows + i] = y[i * count + j];
  }
  const qr = pivotedQr(kernels, columns, rows, count, false);
  const q = space.float64(rows * count);
  for (let j = 0; j < count; j++) q[j * rows + j] = 1;
  applyQ(kernels, qr, q, count);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < count; j++) y[i * count + j] = q[j * rows + i];
  }
}
