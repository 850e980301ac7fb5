/** The singular value decomposition. */
import type { F64 } from '../core/arrays.js';
import { checkChoice, checkOptions } from '../core/options.js';
import type { TensorLike } from '../core/tensor.js';
import { svdKernels } from '../kernels/svd/family.js';
import { gramSvd, isTall } from './gram-svd.js';
import { jacobiSvd, rowMajor } from './jacobi-svd.js';
import { checkMatrix, exponentOf, floatMatrix, scaleInto, unscale, type CheckedMatrix } from './matrix.js';
import { fixSigns, orthogonalityOf, squaresOf } from './svd-measure.js';
import type { Svd, SvdKind, SvdOptions } from './svd-types.js';
import { withWorkspace, type Workspace } from './workspace.js';

const KINDS: readonly SvdKind[] = ['values', 'thin', 'full'];

/**
 * Returns the singular value decomposition of a matrix, with the figures that tell how good it is.
 *
 * Formula: a = u diag(s) v^T with orthonormal columns in u and v and s[0] >= s[1] >= ... >= 0.
 *
 * Shapes: a [m, n]; s has r = min(m, n) values; u [m, r] and v [n, r], or [m, m] and [n, n] for kind 'full'. An empty matrix has no
 * singular values; for 'full' its u and v are the identity.
 *
 * Numerics: float64 in a fixed order with +, -, *, / and sqrt alone: the same bits on every engine. The matrix is first scaled by a power of
 * two, so that svd of 2^k a has exactly 2^k s. Rows sorted by size, QR with column pivoting and one-sided Jacobi keep the digits even of small
 * singular values where rows or columns differ in size: on the graded suite of docs/numerics.md no value of 18 decades is off by more than
 * 1e-13 of itself. For other matrices the error is that of every backward stable method, min(m, n) 2^-52 s[0] or less. Values below about 2^-470 s[0] become 0. Signs: the
 * element of largest size in each column of u is positive. A tall or wide float32 matrix (four to one or more, 2^18 elements) goes through
 * its Gram matrix in float64, if its condition proves that u is orthonormal to 2^-24; `algorithm` says so.
 * Non-finite elements are errors.
 *
 * Cost: about 70 ms for 256 x 256 and 560 ms for 512 x 512 with vectors, half of that for values; 16 m n to 40 m n bytes of memory.
 *
 * Compatible with: LAPACK's gesvj and gejsv (the same method), numpy.linalg.svd and torch.linalg.svd (vh = v^T, full_matrices = 'full').
 *
 * @param a the matrix; never changed
 * @param options kind: 'values', 'thin' (the default) or 'full'
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first, OVERFLOW where a singular value is no
 *   float64, NO_CONVERGENCE in place of a hang.
 * @example
 * const a = { data: Float64Array.of(3, 0, 0, 4), shape: [2, 2] };
 * const { s, residual } = svd(a);
 * Array.from(s); // [4, 3]
 * residual; // 0
 * @see truncatedSvd, randomizedSvd, Drmac and Veselic, "New fast and accurate Jacobi SVD algorithm", 2008
 */
export function svd(a: TensorLike, options?: SvdOptions): Svd {
  const fn = 'svd';
  const matrix = checkMatrix(fn, 'a', a);
  const { kind } = checkOptions(fn, options, ['kind']);
  return decompose(fn, matrix, kind === undefined ? 'thin' : checkChoice(fn, 'options.kind', kind, KINDS));
}

/** `svd` of a matrix that was checked. */
export function decompose(fn: string, matrix: CheckedMatrix, kind: SvdKind): Svd {
  const { rows, columns } = matrix;
  if (rows === 0 || columns === 0) return emptySvd(rows, columns, kind);
  return withWorkspace((space) => {
    const gram = kind !== 'full' && isTall(matrix) ? gramSvd(fn, space, matrix, kind === 'thin') : null;
    return gram ?? jacobi(fn, space, matrix, kind);
  });
}

function jacobi(fn: string, space: Workspace, { data, rows, columns }: CheckedMatrix, kind: SvdKind): Svd {
  const exponent = exponentOf(data);
  const isWide = rows < columns;
  const scaled = space.float64(data.length);
  scaleInto(scaled, data, -exponent);
  const [long, short] = isWide ? [columns, rows] : [rows, columns];
  const upright = isWide ? transposed(space, scaled, rows, columns) : scaled;
  const extra = kind === 'full' ? long - short : 0;
  const kernels = svdKernels.inUse();
  const found = jacobiSvd(fn, kernels, space, upright, long, short, extra, kind !== 'values');
  const s = unscale(fn, found.s, exponent);
  const rest = { algorithm: 'jacobi', sweeps: found.sweeps } as const;
  if (found.u === null || found.v === null) {
    return { u: null, s, v: null, residual: null, orthogonality: null, ...rest };
  }
  const [u, v] = isWide ? [found.v, found.u] : [found.u, found.v];
  const uCount = isWide ? short : found.uCount;
  const vCount = isWide ? found.uCount : short;
  fixSigns(u, rows, uCount, v, columns, vCount);
  // Values that became subnormal lost digits: what is returned is what is measured.
  const measured = new Float64Array(s.length);
  scaleInto(measured, s, -exponent);
  const squares = squaresOf(space, scaled, rows, columns, u, measured, v);
  const orthogonality = Math.max(
    orthogonalityOf(space, u, rows, uCount),
    orthogonalityOf(space, v, columns, vCount),
  );
  return {
    u: floatMatrix(rowMajor(u, rows, uCount), rows, uCount),
    s,
    v: floatMatrix(rowMajor(v, columns, vCount), columns, vCount),
    residual: squares.whole === 0 ? 0 : Math.sqrt(squares.rest / squares.whole),
    orthogonality,
    ...rest,
  };
}

function transposed(space: Workspace, x: F64, rows: number, columns: number): F64 {
  const out = space.float64(x.length);
  out.set(rowMajor(x, columns, rows));
  return out;
}

function emptySvd(rows: number, columns: number, kind: SvdKind): Svd {
  const none = { s: new Float64Array(0), algorithm: 'empty', sweeps: 0 } as const;
  if (kind === 'values') return { u: null, v: null, residual: null, orthogonality: null, ...none };
  const isFull = kind === 'full';
  const u = identity(rows, isFull ? rows : 0);
  const v = identity(columns, isFull ? columns : 0);
  return { u, v, residual: 0, orthogonality: 0, ...none };
}

function identity(rows: number, columns: number): Svd['u'] {
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < columns; i++) data[i * columns + i] = 1;
  return floatMatrix(data, rows, columns);
}
