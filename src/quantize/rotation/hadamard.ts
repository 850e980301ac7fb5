/** Rotation by Hadamard matrices: outliers are spread over their row, lengths and inner products stay. */
import type { F32 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { outputFloats } from '../../core/numbers.js';
import { checkInteger, checkOptions } from '../../core/options.js';
import { checkSeed, hash32 } from '../../core/random.js';
import { toContiguous, type Tensor, type TensorLike } from '../../core/tensor.js';
import { hadamardFamily } from '../../kernels/hadamard/family.js';
import { toFloat32 } from '../affine/affine-scale.js';
import { baseMatrix, checkHadamardSize, transposed } from './hadamard-matrix.js';

const FN = 'hadamard';
const MAX_SIZE = 2 ** 30;

export interface HadamardOptions {
  /** Random signs before the transform, the same for every row: a whole number from 0 to 2^53 - 1. Default: no signs. */
  readonly seed?: number;
  /** The inverse of the transform with the same other options. Default false. */
  readonly inverse?: boolean;
  /** Transforms each stretch of so many elements by itself; the last axis is a multiple of it. Default: the whole row. */
  readonly blockSize?: number;
  /** false: H x itself, sums and differences only, exact for integers; its inverse is H^T x / n. Default true: H x / sqrt(n). */
  readonly normalize?: boolean;
  /** Where the result goes: as many elements as `x`, no part of it. */
  readonly out?: F32;
}

/**
 * Returns every row of `x` (its last axis) times a Hadamard matrix, optionally with random signs: a rotation that spreads outliers.
 *
 * Formula: y = H D x / sqrt(n) with H of `hadamardMatrix` and D the diagonal of signs of `seed` (-1 where hash32(seed, i) is odd). The inverse
 * D H^T y / sqrt(n). Rotating the inputs of a layer and its weights [outputs, inputs] alike leaves W x as it is.
 *
 * Shapes: any; the last axis (or blockSize) is n = 2^k or 2^k times 12, 20, 28, 36, 44, 52, 60 ...
 *
 * Numerics: float64 input is rounded to float32 first. Every operation is rounded to float32, in one order on every engine. Additions and subtractions,
 * then one multiplication by the float32 nearest to 1/sqrt(n): a power of two where n is one of 4. Integers are exact with normalize false while n times
 * the largest magnitude is at most 2^24. A row there and back is off by at most 4 log2(n) ulp of its length, an ulp being 2^-23 (n >= 2): each
 * step of butterflies is sqrt(2) times a rotation and adds at most 2^-24 of the length, a base what docs/numerics.md proves, scaling 2 * 2^-24 (bases from 76 on
 * are proved from 16 times the base on, and tested below). This
 * holds without overflow and underflow: rows of lengths between 2^-100 and 2^127 / n. NaN and infinities spread over their block.
 *
 * Cost: log2(n) additions per element (and as many as the base, if n is no power of two); 4096-wide rows at a quarter of the speed of a copy.
 *
 * Compatible with: scipy.linalg.hadamard(n) / sqrt(n) for powers of two; fast-hadamard-transform's hadamard_transform(x, scale = n^-0.5); QuaRot's
 * factors H_b x H_2^k, with Paley's H_b in place of its tables.
 *
 * @param x any tensor; never changed
 * @param options seed, inverse, blockSize, normalize, out
 * @returns a new float32 tensor of the same shape
 * @throws TypeError or RangeError for arguments; RangeError for sizes without a known matrix, with the nearest that have one.
 * @example
 * hadamard(Float32Array.of(8, 0, 0, 0)).data; // Float32Array [4, 4, 4, 4]
 * const rotated = hadamard(Float32Array.of(1, 2, 3, 4), { seed: 7 });
 * hadamard(rotated, { seed: 7, inverse: true }).data; // Float32Array [1, 2, 3, 4]
 * @see hadamardMatrix, https://arxiv.org/abs/2404.00456
 */
export function hadamard(x: TensorLike, options?: HadamardOptions): Tensor & { readonly data: F32 } {
  const given = checkOptions(FN, options, ['seed', 'inverse', 'blockSize', 'normalize', 'out']);
  const inverse = checkFlag('inverse', given.inverse ?? false);
  const normalize = checkFlag('normalize', given.normalize ?? true);
  const seed = given.seed === undefined ? null : checkSeed(FN, given.seed);
  const { data, shape, size } = toContiguous(x, FN);
  const width = shape.length === 0 ? 1 : shape[shape.length - 1];
  const n = given.blockSize === undefined ? width : checkBlockSize(given.blockSize, width);
  if (size === 0) return { data: outputFloats(given.out, 0, FN), shape, dtype: 'float32' };
  const rotation = createRotation(n, seed, given.blockSize === undefined ? 'x.shape' : 'blockSize');
  const out = outputFloats(given.out, size, FN);
  if (out.buffer === data.buffer) refuseOverlap(out, data);
  transformRows(out, toFloat32(data), size / n, rotation, inverse, normalize ? rotation.scale : 1);
  // A division, so that integers come back as integers where 1 / n is no power of two.
  if (inverse && !normalize) for (let i = 0; i < size; i++) out[i] /= n;
  return { data: out, shape, dtype: 'float32' };
}

/** A matrix with its signs, ready to be applied to rows. */
export interface Rotation {
  readonly n: number;
  readonly power: number;
  readonly base: number;
  readonly matrix: F32;
  readonly inverseMatrix: F32;
  readonly signs: F32 | null;
  /** The float32 nearest to 1 / sqrt(n). */
  readonly scale: number;
}

export function createRotation(n: number, seed: number | null, argument: string): Rotation {
  const fix = 'set blockSize to a divisor of this kind, or pad with zeros';
  const { power, base } = checkHadamardSize(FN, argument, n, fix);
  const matrix = base === 1 ? new Float32Array(0) : baseMatrix(base);
  return {
    n,
    power,
    base,
    matrix,
    inverseMatrix: transposed(matrix, base),
    signs: seed === null ? null : Float32Array.from({ length: n }, (_, i) => 1 - 2 * (hash32(seed, i) & 1)),
    scale: Math.fround(1 / Math.sqrt(n)),
  };
}

/**
 * A bound of the length of a normalized transform's error, as a part of the length of its row (proof: docs/numerics.md). Every step of butterflies adds
 * 2^-24, scaling 2 * 2^-24; a base the sum over the levels of its additions of the root of the number of parts.
 */
export function errorOfTransform({ power, base }: Rotation): number {
  const totals = Math.SQRT2 * (Math.ceil(base / 8) - 1) + 1;
  const mixing = base === 1 ? 0 : Math.sqrt(base / 2) + Math.sqrt(base / 4) + totals;
  return (Math.log2(power) + mixing + 2) * 2 ** -24 * (1 + 2 ** -10);
}

/** Rows of n elements from `x` to `out`. */
export function transformRows(
  out: F32,
  x: F32,
  rows: number,
  { power, base, matrix, inverseMatrix, signs, scale }: Rotation,
  inverse: boolean,
  by: number = scale,
): void {
  hadamardFamily.inUse().hadamard(out, x, rows, {
    power,
    base,
    matrix: inverse ? inverseMatrix : matrix,
    before: inverse ? null : signs,
    after: inverse ? signs : null,
    scale: by,
  });
}

function checkFlag(argument: string, value: unknown): boolean {
  if (typeof value !== 'boolean')
    throw typeError(FN, argument, 'true or false', value, 'leave it out for the usual');
  return value;
}

function checkBlockSize(value: unknown, width: number): number {
  const size = checkInteger(FN, 'blockSize', value, 1, MAX_SIZE);
  if (width % size !== 0) {
    throw rangeError(
      FN,
      'blockSize',
      `a divisor of the last axis, ${width}`,
      size,
      'or pad the rows with zeros',
    );
  }
  return size;
}

/** The transform reads a row again after it has written parts of it. */
function refuseOverlap(out: F32, data: ArrayBufferView): void {
  const isApart =
    out.byteOffset + out.byteLength <= data.byteOffset || data.byteOffset + data.byteLength <= out.byteOffset;
  if (!isApart) throw rangeError(FN, 'out', 'memory apart from x', out, 'leave it out for a new array');
}
