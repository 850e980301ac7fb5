/** Randomized singular value decomposition with a certificate. */
import type { F32, F64, FloatArray } from '../core/arrays.js';
import { checkInteger, checkOptions } from '../core/options.js';
import { checkSeed, hashInto } from '../core/random.js';
import type { TensorLike } from '../core/tensor.js';
import { gemm } from '../kernels/gemm/family.js';
import { svdKernels } from '../kernels/svd/family.js';
import { certified, emptyPartial } from './certificate.js';
import { jacobiSvd } from './jacobi-svd.js';
import { checkMatrix, exponentOf, scaleInto, type CheckedMatrix } from './matrix.js';
import { orthonormalize } from './orthonormalize.js';
import type { PartialSvd } from './svd-types.js';
import { withWorkspace, type Workspace } from './workspace.js';

export interface RandomizedSvdOptions {
  /** Columns of u and v, 1 to min(m, n). */
  readonly rank: number;
  /** Columns of the sketch beyond `rank`. Default 10. */
  readonly oversample?: number;
  /** Passes over a and its transpose that sharpen the sketch. Default 2. */
  readonly powerIterations?: number;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * Returns the leading part of the singular value decomposition from a random sketch, with a certificate of its error.
 *
 * Formula: Y = (a a^T)^q a S with random signs S [n, rank + oversample]; Q an orthonormal basis of Y; the decomposition of Q^T a, cut to rank.
 *
 * Shapes: a [m, n]; u [m, rank], s [rank], v [n, rank].
 *
 * Numerics: products with float32 matrices are float32 while the basis is sought; the basis, Q^T a and what follows are float64. Signs are bits of hash32, so
 * the same seed gives the same bytes on every engine and backend. `certificate.relativeError` is at least the true
 * |a - u diag(s) v^T|_F / |a|_F of this very result: measured in float64, rounding added; it is no bound on an average.
 * Non-finite elements are errors.
 *
 * Cost: 2 q + 2 products of m n (rank + oversample), and one of m n rank for the certificate; rank 64 of 1024 x 1024 float32 takes about 50 ms.
 *
 * Compatible with: the method of sklearn.utils.extmath.randomized_svd and torch.svd_lowrank (n_iter, niter = powerIterations), whose sketches are
 * normal numbers of their own generators: values agree, bits do not.
 *
 * @param a the matrix; never changed
 * @param options rank, oversample, powerIterations, seed
 * @throws TypeError or RangeError for arguments, NumericError NON_FINITE for elements.
 * @example
 * const a = { data: Float32Array.of(1, 2, 3, 2, 4, 6), shape: [2, 3] };
 * const { s, certificate } = randomizedSvd(a, { rank: 1, seed: 7 });
 * certificate.relativeError < 1e-12; // true: the matrix has rank 1
 * @see svd, truncatedSvd, Halko, Martinsson and Tropp 2011, https://arxiv.org/abs/0909.4061
 */
export function randomizedSvd(a: TensorLike, options: RandomizedSvdOptions): PartialSvd {
  const fn = 'randomizedSvd';
  const matrix = checkMatrix(fn, 'a', a);
  const { rows, columns } = matrix;
  const given = checkOptions(fn, options, ['rank', 'oversample', 'powerIterations', 'seed']);
  const least = Math.min(rows, columns);
  const rank = checkInteger(fn, 'options.rank', given.rank, least === 0 ? 0 : 1, least);
  const oversample = checkInteger(fn, 'options.oversample', given.oversample ?? 10, 0, 2 ** 20);
  const powers = checkInteger(fn, 'options.powerIterations', given.powerIterations ?? 2, 0, 1000);
  const seed = checkSeed(fn, given.seed ?? 0);
  return sketched(fn, matrix, rank, oversample, powers, seed);
}

/** `randomizedSvd` with arguments that were checked. */
export function sketched(
  fn: string,
  matrix: CheckedMatrix,
  rank: number,
  oversample: number,
  powers: number,
  seed: number,
): PartialSvd {
  const { data, rows, columns } = matrix;
  if (data.length === 0 || rank === 0) return emptyPartial(rows, columns, 0);
  return withWorkspace((space) => {
    const width = Math.min(rank + oversample, rows, columns);
    const exponent = exponentOf(data);
    const scaled = space.float64(data.length);
    scaleInto(scaled, data, -exponent);
    const sought = data instanceof Float32Array ? narrow(space, scaled) : scaled;
    const basis = basisOf(space, sought, rows, columns, width, powers, seed);
    // (Q^T a)^T = a^T Q, [columns, width]: tall, as the decomposition wants it.
    const rest = multiply(space, scaled, basis, columns, rows, width, true);
    const kernels = svdKernels.inUse();
    const found = jacobiSvd(fn, kernels, space, rest, columns, width, 0, true);
    const [v, turn] = [found.u as F64, found.v as F64];
    const u = space.float64(rows * rank);
    // Row k of the product is column k of u: Q times column k of the turn.
    const strides = { aRow: width, aColumn: 1, bRow: 1, bColumn: width };
    const product = { rows: rank, columns: rows, depth: width, ...strides, isSymmetric: false };
    gemm.inUse().gemmF64(u, turn, basis, product);
    const about = { algorithm: 'randomized', sweeps: found.sweeps } as const;
    return certified(fn, space, scaled, exponent, rows, columns, { u, s: found.s, v }, rank, about);
  });
}

function narrow(space: Workspace, x: F64): F32 {
  const out = space.float32(x.length);
  out.set(x);
  return out;
}

/** An orthonormal basis [rows, width], row-major, of what (a a^T)^powers a maps random signs to. */
function basisOf(
  space: Workspace,
  a: FloatArray,
  rows: number,
  columns: number,
  width: number,
  powers: number,
  seed: number,
): F64 {
  const signs = space.float64(columns * width);
  const bits = new Uint32Array(signs.length);
  hashInto(bits, seed, 0);
  for (let i = 0; i < signs.length; i++) signs[i] = bits[i] >= 2 ** 31 ? 1 : -1;
  let y = multiply(space, a, signs, rows, columns, width, false);
  orthonormalize(space, y, rows, width);
  for (let pass = 0; pass < powers; pass++) {
    const z = multiply(space, a, y, columns, rows, width, true);
    orthonormalize(space, z, columns, width);
    y = multiply(space, a, z, rows, columns, width, false);
    orthonormalize(space, y, rows, width);
  }
  return y;
}

/** a x, or a^T x, with `rows` and `depth` of the product: in float32 where a is. */
function multiply(
  space: Workspace,
  a: FloatArray,
  x: F64,
  rows: number,
  depth: number,
  width: number,
  isTransposed: boolean,
): F64 {
  const strides = isTransposed ? { aRow: 1, aColumn: rows } : { aRow: depth, aColumn: 1 };
  const shape = { rows, columns: width, depth, ...strides, bRow: width, bColumn: 1, isSymmetric: false };
  const out = space.float64(rows * width);
  if (a instanceof Float32Array) {
    const product = space.float32(rows * width);
    gemm.inUse().gemmF32(product, a, narrow(space, x), shape);
    out.set(product);
  } else gemm.inUse().gemmF64(out, a, x, shape);
  return out;
}
