/** Magnitude pruning and its encoding in one step: what recipes call the scheme 'sparse'. */
import type { Pictured } from '../core/inspect.js';
import { rangeError } from '../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../core/options.js';
import { toContiguous, type TensorLike } from '../core/tensor.js';
import { checkFraction } from './checks.js';
import { maskNM } from './nm.js';
import { encodeSparse } from './sparse-encode.js';
import type { SparseFormat, SparseTensor } from './sparse-types.js';
import { maskTopK } from './top-k.js';

export interface PruneMagnitudeOptions {
  /** Fraction of elements to remove, 0 to 1: exactly halfEven(sparsity * size) go. Either this or {keep, of}. */
  readonly sparsity?: number;
  /** Of every `of` elements of a row, the `keep` largest stay; `of`, 1 to 256, divides the last axis. */
  readonly keep?: number;
  readonly of?: number;
  /** How what is left is stored when a fraction goes; default 'bitmask'. N:M is always 'nm'. */
  readonly format?: 'bitmask' | 'csr' | 'csc' | 'coo';
}

const FORMATS = ['bitmask', 'csr', 'csc', 'coo'] as const;

/**
 * Returns `x` without its smallest magnitudes, as a SparseTensor.
 *
 * Formula: the mask of maskTopK (or maskNM) over |x|, encoded; exactly the kept elements are stored, zeros among them.
 *
 * Shapes: any; N:M needs a last axis that `of` divides.
 *
 * Numerics: kept values are exact in float32. No element is off by more than the largest that was removed, which `dropped` is: errorBound is
 * exact. Of equal magnitudes the first stay. NaN is an error; infinities stay before all others.
 *
 * Cost: a selection in linear time and one pass.
 *
 * @param x a tensor of real numbers; never changed
 * @param options sparsity, or keep and of; format
 * @throws TypeError or RangeError for arguments; NumericError NAN for values.
 * @example
 * const c = pruneMagnitude(Float32Array.of(3, -1, 0.5, -4), { sparsity: 0.5 });
 * decodeSparse(c); // Float32Array [3, 0, 0, -4]
 * c.dropped; // 1
 * @see encodeSparse, maskTopK, maskNM, sparseGpt
 */
export function pruneMagnitude(x: TensorLike, options: PruneMagnitudeOptions): SparseTensor & Pictured {
  const fn = 'pruneMagnitude';
  const { format, sparsity, pattern } = checkPruneMagnitude(fn, options);
  const { data, shape } = toContiguous(x, fn);
  const mask =
    pattern === null
      ? maskTopK({ data, shape }, { sparsity, order: 'magnitude' })
      : maskNM({ data, shape }, { ...pattern, order: 'magnitude' });
  return encodeSparse({ data, shape }, { format, mask, ...pattern });
}

export interface PruneMagnitudePlan {
  readonly format: SparseFormat;
  /** 0 beside a pattern. */
  readonly sparsity: number;
  readonly pattern: { readonly keep: number; readonly of: number } | null;
}

/** The options checked, with the format that they lead to. */
export function checkPruneMagnitude(fn: string, options: PruneMagnitudeOptions): PruneMagnitudePlan {
  const given = checkOptions(fn, options, ['sparsity', 'keep', 'of', 'format']);
  const isPattern = given.keep !== undefined || given.of !== undefined;
  if ((given.sparsity !== undefined) === isPattern) {
    const got = isPattern ? 'both' : 'neither';
    throw rangeError(fn, 'sparsity', 'either sparsity or {keep, of}', got, 'for example sparsity: 0.5');
  }
  const format = checkChoice(fn, 'format', given.format ?? 'bitmask', FORMATS);
  if (!isPattern) return { format, sparsity: checkFraction(fn, 'sparsity', given.sparsity), pattern: null };
  if (given.format !== undefined)
    throw rangeError(fn, 'format', 'nothing beside {keep, of}', format, "N:M is stored as 'nm'");
  const of = checkInteger(fn, 'of', given.of, 1, 256);
  return { format: 'nm', sparsity: 0, pattern: { keep: checkInteger(fn, 'keep', given.keep, 1, of), of } };
}
