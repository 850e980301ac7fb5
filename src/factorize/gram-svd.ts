/** Tall float32 matrices by way of their Gram matrix in float64, where that is provably good enough. */
import type { F32, F64, FloatArray } from '../core/arrays.js';
import { upperCholesky } from '../core/cholesky.js';
import { gemm } from '../kernels/gemm/family.js';
import { svdKernels } from '../kernels/svd/family.js';
import { jacobiSvd, rowMajor } from './jacobi-svd.js';
import { exponentOf, floatMatrix, scaleInto, unscale, type CheckedMatrix } from './matrix.js';
import { fixSigns, orthogonalityOf } from './svd-measure.js';
import type { Svd } from './svd-types.js';
import type { Workspace } from './workspace.js';

/** From here on a QR decomposition takes longer than two products. */
const LEAST_ELEMENTS = 2 ** 18;

/** Columns that are orthonormal to half a unit in the last place of float32. */
const GOOD_ENOUGH = 2 ** -24;

/** Whether a float32 matrix is long enough that its Gram matrix is worth a trial. */
export function isTall({ data, rows, columns }: CheckedMatrix): boolean {
  const isLong = Math.max(rows, columns) >= 4 * Math.min(rows, columns);
  return data instanceof Float32Array && isLong && data.length >= LEAST_ELEMENTS;
}

/**
 * The thin decomposition, or null where it could not be proved good enough.
 *
 * G = a^T a has exact products of float32 and is off by at most m 2^-53 |a|^T |a|; its Cholesky factor is exact for a matrix that is off by at most
 * 2 n 2^-53 trace(G) more, and Jacobi's error, far below that, is covered by twice the sum. With u = a v / s the columns of u are therefore
 * orthonormal but for d = (m + 4 n) 2^-52 trace(G) / s_min^2, and a - u diag(s) v^T = a (I - v v^T) but for the rounding of u, at most
 * (n + 4) 2^-53 |a| |v| / s: relative to a, n w + (n + 4) n 2^-53 where w is the measured orthogonality of v.
 */
export function gramSvd(
  fn: string,
  space: Workspace,
  { data, rows, columns }: CheckedMatrix,
  withVectors: boolean,
): Svd | null {
  const isWide = rows < columns;
  const [m, n] = isWide ? [columns, rows] : [rows, columns];
  // Element (i, j) of the tall matrix.
  const [down, across] = isWide ? [1, columns] : [columns, 1];
  const gram = gramOf(space, data, m, n, down, across);
  let trace = 0;
  for (let j = 0; j < n; j++) trace += gram[j * n + j];
  if (upperCholesky(gram, n) >= 0) return null;

  const factor = space.float64(n * n);
  factor.set(rowMajor(gram, n, n));
  const exponent = exponentOf(factor);
  scaleInto(factor, factor, -exponent);
  const found = jacobiSvd(fn, svdKernels.inUse(), space, factor, n, n, 0, true);
  const s = unscale(fn, found.s, exponent);
  const bound = ((m + 4 * n) * 2 ** -52 * trace) / (s[n - 1] * s[n - 1]);
  if (found.v === null || !(bound <= GOOD_ENOUGH)) return null;
  const rest = { algorithm: 'gram', sweeps: found.sweeps } as const;
  if (!withVectors) return { u: null, s, v: null, residual: null, orthogonality: null, ...rest };

  const short = found.v;
  const long = longVectors(space, data, m, n, down, across, short, s);
  const [u, v] = isWide ? [short, long] : [long, short];
  fixSigns(u, rows, n, v, columns, n);
  const spread = orthogonalityOf(space, short, n, n);
  return {
    u: floatMatrix(rowMajor(u, rows, n), rows, n),
    s,
    v: floatMatrix(rowMajor(v, columns, n), columns, n),
    residual: n * spread + (n + 4) * n * 2 ** -53,
    orthogonality: Math.max(spread, bound),
    ...rest,
  };
}

function gramOf(space: Workspace, data: FloatArray, m: number, n: number, down: number, across: number): F64 {
  const local = space.float32(data.length);
  local.set(data as F32);
  const gram = space.float64(n * n);
  const strides = { aRow: across, aColumn: down, bRow: down, bColumn: across };
  const product = { rows: n, columns: n, depth: m, ...strides, isSymmetric: true };
  gemm.inUse().gemmF64(gram, local, local, product);
  return gram;
}

/** a v / s, its columns contiguous: the transpose of (v / s)^T a^T. */
function longVectors(
  space: Workspace,
  data: FloatArray,
  m: number,
  n: number,
  down: number,
  across: number,
  v: F64,
  s: F64,
): F64 {
  const directions = space.float64(n * n);
  for (let k = 0; k < n; k++) {
    for (let i = k * n; i < (k + 1) * n; i++) directions[i] = v[i] / s[k];
  }
  const out = space.float64(m * n);
  const strides = { aRow: n, aColumn: 1, bRow: across, bColumn: down };
  const product = { rows: n, columns: m, depth: n, ...strides, isSymmetric: false };
  gemm.inUse().gemmF64(out, directions, data, product);
  return out;
}
