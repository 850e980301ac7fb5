/** One-sided Jacobi: rotates columns until every two of them are orthogonal. */
import type { F64 } from '../core/arrays.js';
import { NumericError } from '../core/errors.js';
import type { SvdKernels } from '../kernels/svd/types.js';
import { NOTHING } from './pivoted-qr.js';

/** Columns of a block: two blocks of 512 rows and as many elements that go along, 256 KiB, stay in the second cache. */
const BLOCK = 16;

/** Ten are the most that was seen; orders of pairs that never end are not known for columns sorted by length. */
const MOST_SWEEPS = 60;

/**
 * Makes `count` columns of x orthogonal, `dotLength` elements each; `length` >= dotLength elements of each are rotated. Returns the squared
 * lengths (0 for columns that vanish beside the largest) and the number of sweeps. Column j begins at x[j * length].
 */
export function orthogonalize(
  fn: string,
  kernels: SvdKernels,
  x: F64,
  squares: F64,
  count: number,
  dotLength: number,
  length: number,
): number {
  const tolerance = 2 ** -52 * Math.sqrt(Math.max(dotLength, 16));
  const shape = { stride: length, dotLength, length, tolerance };
  for (let sweep = 1; sweep <= MOST_SWEEPS; sweep++) {
    takeSquares(kernels, x, squares, count, dotLength, length);
    let rotations = 0;
    for (let p = 0; p < count; p += BLOCK) {
      const endP = Math.min(p + BLOCK, count);
      for (let q = p; q < count; q += BLOCK) {
        const endQ = Math.min(q + BLOCK, count);
        rotations += kernels.rotate(x, squares, { firstP: p, endP, firstQ: q, endQ, ...shape });
      }
    }
    if (rotations === 0) return sweep;
  }
  throw new NumericError(
    'NO_CONVERGENCE',
    `${fn}: "a" expected columns that ${MOST_SWEEPS} sweeps of rotations make orthogonal, got a matrix of ${count} columns that did not converge - scale its columns`,
  );
}

function takeSquares(
  kernels: SvdKernels,
  x: F64,
  squares: F64,
  count: number,
  dotLength: number,
  length: number,
): void {
  for (let j = 0; j < count; j++) {
    const square = kernels.dot(x, j * length, x, j * length, dotLength);
    squares[j] = square < NOTHING ? 0 : square;
  }
}
