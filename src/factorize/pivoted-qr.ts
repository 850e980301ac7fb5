/** Householder QR of a matrix whose columns lie contiguous, with columns chosen by length. */
import type { F64, I32 } from '../core/arrays.js';
import type { SvdKernels } from '../kernels/svd/types.js';

/** A P = Q R: Q is the product of the reflections I - tau v v^T in their order. */
export interface PivotedQr {
  /** Column k holds row 0 .. k - 1 of R above the vector v of reflection k, whose first element is 1. */
  readonly columns: F64;
  readonly diagonal: F64;
  readonly tau: F64;
  /** Column k of A P is column order[k] of A. */
  readonly order: I32;
  readonly rows: number;
  readonly count: number;
}

/** Below this share of what it was when it was last taken from the column, a squared length is not known from updates any more. */
const KNOWN = 2 ** -20;

/** Squared lengths below this, of matrices with elements up to 1, count as 0: subnormal products would make a reflection that is none. */
export const NOTHING: number = 2 ** -940;

/**
 * Factors `a`, `rows` >= `count` columns of `rows` elements each, in place. With `pivot` each step takes the longest column that is left, the
 * first of equals. Rows should come with the largest first: then small rows keep their digits (Cox and Higham 1998).
 */
export function pivotedQr(
  kernels: SvdKernels,
  a: F64,
  rows: number,
  count: number,
  pivot: boolean,
): PivotedQr {
  const diagonal = new Float64Array(count);
  const tau = new Float64Array(count);
  const order = Int32Array.from({ length: count }, (_, j) => j);
  const squares = new Float64Array(count);
  const square = (j: number, k: number): number => kernels.dot(a, j * rows + k, a, j * rows + k, rows - k);
  for (let j = 0; pivot && j < count; j++) squares[j] = square(j, 0);
  const known = squares.slice();
  for (let k = 0; k < count; k++) {
    if (pivot) bringForward(longest(squares, k), k, a, rows, order, squares, known);
    const at = k * rows + k;
    tau[k] = reflection(a, at, rows - k, square(k, k), diagonal, k);
    if (tau[k] !== 0) {
      kernels.reflect(a, at + rows, rows, count - k - 1, a, at, rows - k, tau[k]);
    }
    for (let j = k + 1; pivot && j < count; j++) {
      const element = a[j * rows + k];
      squares[j] -= element * element;
      if (squares[j] <= KNOWN * known[j]) {
        squares[j] = square(j, k + 1);
        known[j] = squares[j];
      }
    }
  }
  return { columns: a, diagonal, tau, order, rows, count };
}

function longest(squares: F64, begin: number): number {
  let best = begin;
  for (let j = begin + 1; j < squares.length; j++) if (squares[j] > squares[best]) best = j;
  return best;
}

function bringForward(
  from: number,
  to: number,
  a: F64,
  rows: number,
  order: I32,
  squares: F64,
  known: F64,
): void {
  if (from === to) return;
  const column = a.slice(from * rows, (from + 1) * rows);
  a.copyWithin(from * rows, to * rows, (to + 1) * rows);
  a.set(column, to * rows);
  [order[from], order[to]] = [order[to], order[from]];
  squares[from] = squares[to];
  known[from] = known[to];
}

/** Makes x[at ..] the vector of a reflection to a multiple of the first unit vector, which goes to diagonal[k]; returns tau, 0 for none. */
function reflection(x: F64, at: number, length: number, square: number, diagonal: F64, k: number): number {
  const first = x[at];
  if (square < NOTHING || length === 1) {
    diagonal[k] = square < NOTHING ? 0 : first;
    x.fill(0, at, at + length);
    x[at] = 1;
    return 0;
  }
  const norm = Math.sqrt(square);
  const beta = first > 0 ? -norm : norm;
  const divisor = first - beta;
  x[at] = 1;
  for (let i = at + 1; i < at + length; i++) x[i] /= divisor;
  diagonal[k] = beta;
  return (beta - first) / beta;
}

/** Multiplies `width` columns of `u`, which are as long as those of the factored matrix, by Q from the left, in place. */
export function applyQ(
  kernels: SvdKernels,
  { columns, tau, rows, count }: PivotedQr,
  u: F64,
  width: number,
): void {
  for (let k = count - 1; k >= 0; k--) {
    if (tau[k] === 0) continue;
    kernels.reflect(u, k, rows, width, columns, k * rows + k, rows - k, tau[k]);
  }
}
