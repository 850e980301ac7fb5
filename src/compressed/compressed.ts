/** What one can do with any compressed tensor. */
import type { F32 } from '../core/arrays.js';
import { byteLengthOf } from '../core/dtype.js';
import { describe, FormatError, rangeError, typeError } from '../core/errors.js';
import { checkOptions, isPlainObject } from '../core/options.js';
import { elementCount, sameShape } from '../core/shape.js';
import { tensor, toContiguous, type Tensor, type TensorLike } from '../core/tensor.js';
import type { NamedArray } from '../core/source.js';
import { errorMeasures, type ErrorMeasures } from '../metrics/error.js';
import { KIND_NAMES, kindOf, type Compressed, type ErrorBound, type Parts } from './kinds.js';

type KindRow = NonNullable<ReturnType<typeof kindOf>>;

function rowOf(fn: string, c: Compressed): KindRow {
  const row = kindOf((c as Compressed | null | undefined)?.kind);
  if (row === null) {
    throw typeError(
      fn,
      'c',
      `a compressed tensor of kind ${KIND_NAMES.join(' or ')}`,
      c,
      'make one with quantizeAffine',
    );
  }
  return row;
}

/**
 * Returns the values of a compressed tensor as float32.
 *
 * @param c any compressed tensor
 * @param options `out`: a Float32Array of the tensor's size to write to, instead of a new one
 * @throws TypeError when c is none, RangeError when its parts or `out` do not fit together.
 * @example
 * const q = quantizeAffine({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] }, { bits: 8 });
 * decompress(q).shape; // [2, 2]
 */
export function decompress(c: Compressed, options?: { readonly out?: Float32Array }): Tensor {
  const fn = 'decompress';
  const { out } = checkOptions(fn, options, ['out']);
  return tensor(rowOf(fn, c).decompress(c, out), c.shape, 'float32');
}

/**
 * Returns the bytes that a file holds for a compressed tensor: codes, scales, zero points, all of it (a header apart).
 *
 * @example
 * byteSize(quantizeAffine(new Float32Array(64), { bits: 4 })); // 36: 32 bytes of codes and one float32 scale
 */
export function byteSize(c: Compressed): number {
  const { arrays } = rowOf('byteSize', c).toArrays(c);
  return arrays.reduce(
    (sum, { dtype, shape }) => sum + byteLengthOf(dtype, elementCount(shape, 'byteSize')),
    0,
  );
}

/**
 * Returns a bound of the error of `c`, proved for every finite input that gives c; Infinity where nothing can be proved.
 *
 * The proofs are in the docstrings of each kind and in docs/numerics.md.
 *
 * @returns maxAbs: largest |error| of an element; l2: root of the sum of squares
 * @example
 * const q = quantizeAffine(Float32Array.of(-1, 0.3, 1), { bits: 8 });
 * errorBound(q).maxAbs; // 0.00393...: half a step
 */
export function errorBound(c: Compressed): ErrorBound {
  return rowOf('errorBound', c).errorBound(c);
}

/**
 * Returns how far a compressed (or any other) tensor lies from the original, measured exactly in float64.
 *
 * @param original the reference
 * @param other a compressed tensor or a tensor of the same shape
 * @throws RangeError when the shapes differ.
 * @example
 * const x = Float32Array.of(-1, 0.3, 1);
 * measureError(x, quantizeAffine(x, { bits: 8 })).sqnrDb > 40; // true
 */
export function measureError(original: TensorLike, other: Compressed | TensorLike): ErrorMeasures {
  const fn = 'measureError';
  const a = toContiguous(original, fn, 'original');
  const b = isCompressed(other) ? decompress(other) : toContiguous(other, fn, 'other');
  if (!sameShape(a.shape, b.shape)) {
    throw rangeError(
      fn,
      'other',
      `shape [${a.shape.join(', ')}]`,
      `[${b.shape.join(', ')}]`,
      'compare equal shapes',
    );
  }
  return errorMeasures(a.data, b.data as F32);
}

function isCompressed(value: unknown): value is Compressed {
  return isPlainObject(value) && kindOf((value as Partial<Compressed>).kind) !== null;
}

/** A compressed tensor taken apart for storage: a header that JSON can hold, and named arrays. */
export function toArrays(c: Compressed): Parts {
  return rowOf('toArrays', c).toArrays(c);
}

/**
 * The inverse of toArrays, distrusting every part.
 *
 * @throws FormatError 'TENSOR_KIND' for an unknown kind, and what the kind's own reader throws.
 */
export function fromArrays(header: unknown, arrays: readonly NamedArray[]): Compressed {
  const kind = isPlainObject(header) ? (header as { kind?: unknown }).kind : undefined;
  const row = kindOf(kind);
  if (row === null) {
    throw new FormatError(
      'TENSOR_KIND',
      `fromArrays: "kind" expected ${KIND_NAMES.join(' or ')}, got ${describe(kind)} - update the library`,
    );
  }
  return row.fromArrays(header, arrays);
}
