/** The singular value decomposition of a matrix with at least as many rows as columns, by pivoted QR and one-sided Jacobi. */
import type { F64, I32 } from '../core/arrays.js';
import { copyStrided } from '../core/strided.js';
import type { SvdKernels } from '../kernels/svd/types.js';
import { orthogonalize } from './jacobi.js';
import { applyQ, pivotedQr, type PivotedQr } from './pivoted-qr.js';
import type { Workspace } from './workspace.js';

/** Columns lie contiguous: column j of u begins at u[j * rows], of v at v[j * count]. Arrays of the workspace. */
export interface Columns {
  readonly s: F64;
  /** null where only values were asked for. */
  readonly u: F64 | null;
  readonly v: F64 | null;
  readonly uCount: number;
  readonly sweeps: number;
}

/**
 * Decomposes `a` [rows, count] row-major with rows >= count >= 1 and elements up to about 1. `extra` more columns complete u to a basis.
 *
 * Rows are sorted by their largest element, the largest first, and R comes from QR with column pivoting; rotations then make the columns of
 * R^T orthogonal: R^T J = W diag(s), so u = Q J and v = W. Sorted and pivoted like this, matrices with rows and columns of very different
 * sizes keep the digits of their small singular values.
 */
export function jacobiSvd(
  fn: string,
  kernels: SvdKernels,
  space: Workspace,
  a: F64,
  rows: number,
  count: number,
  extra: number,
  withVectors: boolean,
): Columns {
  const rowOrder = sortRows(a, rows, count);
  const columns = space.float64(rows * count);
  for (let i = 0; i < rows; i++) {
    const from = rowOrder[i] * count;
    for (let j = 0; j < count; j++) columns[j * rows + i] = a[from + j];
  }
  const qr = pivotedQr(kernels, columns, rows, count, true);
  const length = withVectors ? 2 * count : count;
  const x = space.float64(count * length);
  fillTransposedR(x, qr, length);
  for (let j = 0; withVectors && j < count; j++) x[j * length + count + j] = 1;
  const squares = space.float64(count);
  const sweeps = orthogonalize(fn, kernels, x, squares, count, count, length);
  const order = descending(squares);
  const s = Float64Array.from(order, (j) => Math.sqrt(squares[j]));
  if (!withVectors) return { s, u: null, v: null, uCount: 0, sweeps };

  const v = space.float64(count * count);
  fillNormalized(v, x, s, order, count, length);
  completeBasis(kernels, space, v, s, count);
  for (let k = 0; k < count; k++) unsort(v, k * count, qr.order);

  const uCount = count + extra;
  const u = space.float64(rows * uCount);
  for (let k = 0; k < count; k++) {
    const from = order[k] * length + count;
    u.set(x.subarray(from, from + count), k * rows);
  }
  for (let k = count; k < uCount; k++) u[k * rows + k] = 1;
  applyQ(kernels, qr, u, uCount);
  for (let k = 0; k < uCount; k++) unsort(u, k * rows, rowOrder);
  return { s, u, v, uCount, sweeps };
}

/** Indices of the rows, those with the largest |element| first. */
function sortRows(a: F64, rows: number, count: number): I32 {
  const largest = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let most = 0;
    for (let j = i * count; j < (i + 1) * count; j++) most = Math.max(most, Math.abs(a[j]));
    largest[i] = most;
  }
  return descending(largest);
}

/** Indices of `values`, the largest first, equal ones as they come. */
function descending(values: F64): I32 {
  const order = Int32Array.from(values, (_, i) => i);
  return order.sort((i, j) => values[j] - values[i] || i - j);
}

/** Column i of x becomes row i of R: zeros before the diagonal. */
function fillTransposedR(x: F64, { columns, diagonal, rows, count }: PivotedQr, length: number): void {
  for (let i = 0; i < count; i++) x[i * length + i] = diagonal[i];
  for (let j = 1; j < count; j++) {
    for (let i = 0; i < j; i++) x[i * length + j] = columns[j * rows + i];
  }
}

function fillNormalized(v: F64, x: F64, s: F64, order: I32, count: number, length: number): void {
  for (let k = 0; k < count; k++) {
    if (s[k] === 0) break;
    const from = order[k] * length;
    for (let i = 0; i < count; i++) v[k * count + i] = x[from + i] / s[k];
  }
}

/** Columns of singular values that are 0 have no direction of their own: any basis of what the others leave. */
function completeBasis(kernels: SvdKernels, space: Workspace, v: F64, s: F64, count: number): void {
  const rank = s.findIndex((value) => value === 0);
  if (rank < 0) return;
  const copy = space.float64(Math.max(rank, 1) * count);
  copy.set(v.subarray(0, rank * count));
  const qr = pivotedQr(kernels, copy, count, rank, false);
  for (let k = rank; k < count; k++) v[k * count + k] = 1;
  applyQ(kernels, qr, v.subarray(rank * count), count - rank);
}

/** Element order[i] of the column that begins at x[at] becomes what element i was. */
function unsort(x: F64, at: number, order: I32): void {
  const sorted = x.slice(at, at + order.length);
  for (let i = 0; i < order.length; i++) x[at + order[i]] = sorted[i];
}

/** Columns that lie contiguous, as a new row-major matrix [rows, count]. */
export function rowMajor(columns: F64, rows: number, count: number): F64 {
  const out = new Float64Array(rows * count);
  if (out.length > 0) copyStrided(out, columns, [rows, count], [1, rows], 0);
  return out;
}
