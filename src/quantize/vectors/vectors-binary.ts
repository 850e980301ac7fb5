/** Binary vectors: one bit per dimension, and how many bits differ. */
import { arrayTag } from '../../core/array-tag.js';
import type { F32, I32, I8, U8 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { checkChoice, checkInteger, checkOptions, isPlainObject } from '../../core/options.js';
import type { TensorLike } from '../../core/tensor.js';
import { vectorFamily } from '../../kernels/vectors/family.js';
import { checkDimensions, checkVectors } from './vectors-input.js';
import { best } from './vectors-top.js';
import type { BinaryPrecision, BinaryVectors, SearchResult } from './vectors-types.js';

/**
 * Returns vectors with one bit per dimension: 1 where the number is above 0.
 *
 * Shapes: [count, dimensions]; rows of ceil(dimensions / 8) bytes, the first dimension in the highest bit, bits behind the last 0.
 *
 * Numerics: 0 and -0 give 0. Angles are approximated: two unit vectors at angle a differ in about a / pi of the bits (exactly so on average after a
 * random rotation). Nothing is proved about a single pair: rescore.
 *
 * Cost: one pass, 1/32 of the bytes.
 *
 * Compatible with: transformers.js 4 `quantize_embeddings` and sentence-transformers `quantize_embeddings`, precisions 'binary' and 'ubinary', to the
 * byte (they take multiples of 8 dimensions, and NaN as 0); usearch's b1 has the same bits.
 *
 * @param vectors finite numbers
 * @param options precision: 'ubinary' (default), bytes; 'binary', bytes less 128 as int8
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * binarize({ data: Float32Array.of(1, -1, 0.5, 0, 2, -3, 0, 9), shape: [1, 8] }).codes; // Uint8Array [169]
 * @see hammingTopK
 */
export function binarize(
  vectors: TensorLike,
  options?: { readonly precision?: BinaryPrecision },
): BinaryVectors {
  const fn = 'binarize';
  const given = checkOptions(fn, options, ['precision']);
  const precision = checkChoice(fn, 'precision', given.precision ?? 'ubinary', [
    'ubinary',
    'binary',
  ] as const);
  const { data, count, dimensions } = checkVectors(fn, 'vectors', vectors, null);
  const width = Math.ceil(dimensions / 8);
  const codes = new Uint8Array(count * width);
  for (let i = 0; i < count; i++) packSigns(codes, i * width, data, i * dimensions, dimensions);
  if (precision === 'ubinary') return { kind: 'binaryVectors', count, dimensions, precision, codes };
  const signed = Int8Array.from(codes, (byte) => byte - 128);
  return { kind: 'binaryVectors', count, dimensions, precision, codes: signed };
}

function packSigns(codes: U8, to: number, data: F32, from: number, dimensions: number): void {
  let byte = 0;
  for (let d = 0; d < dimensions; d++) {
    byte = 2 * byte + (data[from + d] > 0 ? 1 : 0);
    if (d % 8 < 7) continue;
    codes[to++] = byte;
    byte = 0;
  }
  if (dimensions % 8 > 0) codes[to] = byte << (8 - (dimensions % 8));
}

/**
 * Returns the number of bits in which two rows of bytes differ.
 *
 * Shapes: both of the same length. Numerics: exact. Cost: 16 bytes at a time with SIMD.
 *
 * @param a bytes, as a row of `binarize` holds them
 * @param b as many bytes
 * @throws TypeError for other arrays, RangeError for different lengths.
 * @example
 * hamming(Uint8Array.of(0b1100), Uint8Array.of(0b1010)); // 2
 * @see hammingTopK
 */
export function hamming(a: U8 | I8, b: U8 | I8): number {
  const fn = 'hamming';
  const left = bytesOf(fn, 'a', a);
  const right = bytesOf(fn, 'b', b);
  if (left.length !== right.length) {
    throw rangeError(
      fn,
      'b',
      `${left.length} bytes, as a has`,
      right.length,
      'compare rows of the same dimensions',
    );
  }
  const out = new Int32Array(1);
  vectorFamily.inUse().hamming(out, left, right, 1, left.length);
  return out[0];
}

/**
 * Returns the k nearest binary vectors of each query by Hamming distance.
 *
 * Shapes: indices and scores [queries, k], nearest first, the lower index first among equals. Numerics: exact, and equal to a full sort.
 *
 * Cost: bytes / 16 steps for each pair.
 *
 * @param queries from `binarize`, with the precision and dimensions of the set
 * @param vectors from `binarize`
 * @param options k: at most the number of vectors
 * @throws TypeError or RangeError for arguments, different dimensions or precisions, and k beyond the set.
 * @example
 * const set = binarize({ data: Float32Array.of(1, 1, 1, -1, -1, -1), shape: [3, 2] });
 * const query = binarize({ data: Float32Array.of(3, -1), shape: [1, 2] });
 * hammingTopK(query, set, { k: 2 }).indices; // Int32Array [1, 0]
 * @see rescore
 */
export function hammingTopK(
  queries: BinaryVectors,
  vectors: BinaryVectors,
  options: { readonly k: number },
): SearchResult {
  const fn = 'hammingTopK';
  const given = checkOptions(fn, options, ['k']);
  const set = checkBinary(fn, 'vectors', vectors);
  const asked = checkBinary(fn, 'queries', queries);
  checkDimensions(fn, 'queries', queries.dimensions, vectors.dimensions);
  if (queries.precision !== vectors.precision) {
    const fix = 'binarize both with the same precision';
    throw rangeError(fn, 'queries', `precision '${vectors.precision}'`, queries.precision, fix);
  }
  const k = checkK(fn, given.k, vectors.count);
  const width = Math.ceil(vectors.dimensions / 8);
  const distances: I32 = new Int32Array(vectors.count);
  const indices = new Int32Array(queries.count * k);
  const scores = new Float32Array(queries.count * k);
  for (let q = 0; q < queries.count; q++) {
    const query = asked.subarray(q * width, (q + 1) * width);
    vectorFamily.inUse().hamming(distances, query, set, vectors.count, width);
    const top = best(k);
    for (let i = 0; i < distances.length; i++) top.offer(distances[i], i);
    indices.set(top.indices(), q * k);
    scores.set(top.costs(), q * k);
  }
  return { indices, scores, k };
}

export function checkK(fn: string, k: unknown, count: number): number {
  if (typeof k === 'number' && k > count) {
    throw rangeError(
      fn,
      'k',
      `at most the number of vectors, ${count}`,
      k,
      'ask for fewer, or pass more vectors',
    );
  }
  return checkInteger(fn, 'k', k, 1, 2 ** 31 - 1);
}

function bytesOf(fn: string, argument: string, array: unknown): U8 {
  const tag = arrayTag(array);
  if (tag === 'Uint8Array' || tag === 'Int8Array') {
    const { buffer, byteOffset, length } = array as U8;
    return new Uint8Array(buffer, byteOffset, length);
  }
  throw typeError(fn, argument, 'a Uint8Array or an Int8Array', array, 'pass codes of binarize');
}

function checkBinary(fn: string, argument: string, vectors: BinaryVectors): U8 {
  if (!isPlainObject(vectors) || vectors.kind !== 'binaryVectors') {
    throw typeError(fn, argument, 'a record from binarize', vectors, 'pass what binarize returned');
  }
  const { count, dimensions, codes } = vectors;
  const bytes = bytesOf(fn, `${argument}.codes`, codes);
  const wanted = count * Math.ceil(dimensions / 8);
  if (bytes.length !== wanted) {
    throw rangeError(fn, `${argument}.codes`, `${wanted} bytes`, bytes.length, 'pass what binarize returned');
  }
  return bytes;
}
