/** Searches that read quantized vectors first and float vectors where it matters. */
import { arrayTag } from '../../core/array-tag.js';
import type { F32, F64 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { checkInteger, checkOptions, isPlainObject } from '../../core/options.js';
import type { TensorLike } from '../../core/tensor.js';
import { checkK } from './vectors-binary.js';
import { checkMetric, checkVectors, lengthOf, type Scanner, type VectorSet } from './vectors-input.js';
import { best, risingOrder } from './vectors-top.js';
import type {
  SearchResult,
  VectorCodes,
  VectorMetric,
  VectorQuantizer,
  VectorSearchResult,
} from './vectors-types.js';
import { scannerOf } from './vectors.js';

export interface VectorSearchOptions {
  readonly k: number;
  readonly quantizer: VectorQuantizer;
  /** What the quantizer's encode made of the vectors. */
  readonly codes: VectorCodes;
  /** Default 'l2'. */
  readonly metric?: VectorMetric;
  /** Float vectors read per query, as a multiple of k; 'exact' (the default) reads as many as the proof needs. */
  readonly oversample?: number | 'exact';
}

/**
 * Returns the k nearest vectors of each query: all by their codes, the promising ones again by their float vectors.
 *
 * Formula: |d(q, x) - d(q, decoded x)| <= residual of x (for 'dot' |q| times it), so the codes and measured residuals bound every distance. With
 * oversample 'exact' vectors are read in the order of the best that they could be, until the k-th found is better than all that is left: then the
 * result is that of a search through all of them, and `certified`. With a number, the k * oversample nearest by their codes are read, and `certified` says
 * whether the bounds happen to prove the result.
 *
 * Shapes: indices and scores [queries, k], best first, the lower index first among equals.
 *
 * Numerics: float vectors are compared by float64 sums in the order of the dimensions; bounds allow for every rounding of the scan. scores are these sums rounded
 * to float32: squared distances or inner products.
 *
 * Cost: one scan of the codes and `rescored` float vectors per query. 8-bit codes prove results after little more than k vectors; 1-bit codes may have to read most.
 *
 * @param queries [count, dimensions]
 * @param vectors [count, dimensions]: those that were encoded
 * @param options k, quantizer, codes, metric, oversample
 * @throws TypeError or RangeError for arguments, different dimensions or counts, k beyond the set; NumericError NON_FINITE with an index.
 * @example
 * const vectors = { data: Float32Array.of(0, 0, 3, 4, 1, 1), shape: [3, 2] };
 * const quantizer = scalarQuantizer(vectors);
 * const codes = quantizer.encode(vectors);
 * const found = searchVectors({ data: Float32Array.of(0, 0), shape: [1, 2] }, vectors, { k: 2, quantizer, codes });
 * found.indices; // Int32Array [0, 2]
 * found.scores; // Float32Array [0, 2]
 * found.certified[0]; // true
 * @see rescore
 */
export function searchVectors(
  queries: TensorLike,
  vectors: TensorLike,
  options: VectorSearchOptions,
): VectorSearchResult {
  const fn = 'searchVectors';
  const given = checkOptions(fn, options, ['k', 'quantizer', 'codes', 'metric', 'oversample']);
  const metric = checkMetric(fn, given.metric);
  const { quantizer, codes } = given;
  if (!isPlainObject(quantizer) || !isPlainObject(quantizer.params)) {
    throw typeError(
      fn,
      'quantizer',
      'a vector quantizer',
      quantizer,
      'pass what scalarQuantizer returned, for example',
    );
  }
  const set = checkVectors(fn, 'vectors', vectors, quantizer.params.dimensions);
  const asked = checkVectors(fn, 'queries', queries, set.dimensions);
  if (!isPlainObject(codes) || codes.count !== set.count) {
    const got = isPlainObject(codes) ? codes.count : codes;
    throw rangeError(
      fn,
      'codes',
      `codes of ${set.count} vectors`,
      got,
      'pass what encode made of these vectors',
    );
  }
  const k = checkK(fn, given.k, set.count);
  const most = checkOversample(fn, given.oversample ?? 'exact', k, set.count);
  const scanner = scannerOf(fn, quantizer.params, codes);
  const indices = new Int32Array(asked.count * k);
  const scores = new Float32Array(asked.count * k);
  const certified: boolean[] = [];
  const rescored: number[] = [];
  for (let q = 0; q < asked.count; q++) {
    const query = asked.data.subarray(q * set.dimensions, (q + 1) * set.dimensions);
    const found = searchOne(query, set, codes, scanner, metric, k, most);
    indices.set(found.indices, q * k);
    scores.set(metric === 'dot' ? found.costs.map((cost) => -cost) : found.costs, q * k);
    certified.push(found.isCertified);
    rescored.push(found.read);
  }
  return { indices, scores, k, certified, rescored };
}

function checkOversample(fn: string, value: unknown, k: number, count: number): number | null {
  if (value === 'exact') return null;
  const times = typeof value === 'number' ? value : NaN;
  if (!(times >= 1 && times <= 2 ** 31)) {
    const tell = typeof value === 'number' ? rangeError : typeError;
    throw tell(fn, 'oversample', "a number from 1 on, or 'exact'", value, 'for example 4');
  }
  return Math.min(Math.ceil(k * times), count);
}

interface Found {
  readonly indices: readonly number[];
  /** Squared distances, or inner products with the sign turned. */
  readonly costs: readonly number[];
  readonly isCertified: boolean;
  readonly read: number;
}

function searchOne(
  query: F32,
  set: VectorSet,
  codes: VectorCodes,
  scanner: Scanner,
  metric: VectorMetric,
  k: number,
  most: number | null,
): Found {
  const estimates = scanner.scan(query, codes, metric);
  const bounds = boundsOf(query, codes, scanner, metric, estimates);
  const top = best(k);
  let read = 0;
  let rest = Infinity;
  if (most === null) {
    const next = risingOrder(bounds);
    for (let i = next(); i !== undefined; i = next()) {
      if (bounds[i] > proofLimit(top.worst(), query, codes, metric)) {
        rest = bounds[i];
        break;
      }
      top.offer(costOf(query, set, i, metric), i);
      read++;
    }
  } else {
    const next = risingOrder(Float64Array.from(estimates, (v) => (metric === 'dot' ? -v : v)));
    for (; read < most; read++) {
      const i = next() ?? 0;
      top.offer(costOf(query, set, i, metric), i);
    }
    for (let i = next(); i !== undefined; i = next()) rest = Math.min(rest, bounds[i]);
  }
  const isCertified = read === set.count || rest > proofLimit(top.worst(), query, codes, metric);
  return { indices: top.indices(), costs: top.costs(), isCertified, read };
}

/** For each vector a cost that its float vector cannot be below; -Infinity where nothing is known. */
function boundsOf(
  query: F32,
  codes: VectorCodes,
  scanner: Scanner,
  metric: VectorMetric,
  estimates: F32 | F64,
): F64 {
  const { relative, absolute } = scanner.slack(query, codes, metric);
  const { residuals, largestLength } = codes;
  const length = lengthOf(query, 0, query.length);
  const bounds = new Float64Array(codes.count);
  for (let i = 0; i < bounds.length; i++) {
    const estimate = estimates[i];
    let bound: number;
    if (metric === 'dot') {
      const off = length * (residuals[i] + scanner.turn * (largestLength + residuals[i]));
      bound = -(estimate + relative * Math.abs(estimate) + absolute + off);
    } else {
      const least = Math.sqrt(Math.max(estimate * (1 - relative) - absolute, 0));
      bound = Math.max(least - residuals[i] - scanner.turn * length, 0) ** 2;
    }
    // A scan that overflowed says nothing.
    bounds[i] = Number.isFinite(estimate) && !Number.isNaN(bound) ? bound : -Infinity;
  }
  return bounds;
}

/** A bound above this belongs to a vector whose float64 sum is above `cost` too: both are within (n + 8) 2^-52. */
function proofLimit(cost: number, query: F32, codes: VectorCodes, metric: VectorMetric): number {
  const rounding = (query.length + 8) * 2 ** -52;
  if (metric === 'l2') return cost * (1 + 4 * rounding);
  return cost + 4 * rounding * lengthOf(query, 0, query.length) * codes.largestLength;
}

/** Squared distance, or inner product with the sign turned: float64 sums in the order of the dimensions. */
function costOf(query: F32, { data, dimensions }: VectorSet, index: number, metric: VectorMetric): number {
  const at = index * dimensions;
  let sum = 0;
  if (metric === 'dot') {
    for (let d = 0; d < dimensions; d++) sum -= query[d] * data[at + d];
    return sum;
  }
  for (let d = 0; d < dimensions; d++) {
    const difference = query[d] - data[at + d];
    sum += difference * difference;
  }
  return sum;
}

export interface RescoreOptions {
  readonly k: number;
  /** Default 'l2'. */
  readonly metric?: VectorMetric;
}

/**
 * Returns the k best of each query's candidates by their float vectors: the second or third stage after a search by short codes.
 *
 * Shapes: candidates of as many queries; indices and scores [queries, k], best first, the lower index first among equals.
 * Numerics: float64 sums in the order of the dimensions; exact among the candidates, silent about all others. Cost: candidates * dimensions.
 *
 * @param queries [count, dimensions]
 * @param vectors [count, dimensions], or quantized ones: {quantizer, codes}, of which only the candidates are decoded
 * @param candidates indices of another search, such as hammingTopK
 * @param options k: at most the candidates' k; metric
 * @throws TypeError or RangeError for arguments, indices outside the set, k beyond the candidates; NumericError NON_FINITE with an index.
 * @example
 * const vectors = { data: Float32Array.of(1, 9, 3, 2, -1, -1), shape: [3, 2] };
 * const query = { data: Float32Array.of(3, 3), shape: [1, 2] };
 * const rough = hammingTopK(binarize(query), binarize(vectors), { k: 2 });
 * rescore(query, vectors, rough, { k: 1 }).indices; // Int32Array [1]
 * @see searchVectors, hammingTopK
 */
export function rescore(
  queries: TensorLike,
  vectors: TensorLike | Coded,
  candidates: SearchResult,
  options: RescoreOptions,
): SearchResult {
  const fn = 'rescore';
  const given = checkOptions(fn, options, ['k', 'metric']);
  const metric = checkMetric(fn, given.metric);
  const coded = codedOf(fn, vectors);
  const set = coded === null ? checkVectors(fn, 'vectors', vectors as TensorLike, null) : null;
  const { dimensions, count } = set ?? (coded as Coded).codes;
  const asked = checkVectors(fn, 'queries', queries, dimensions);
  if (!isPlainObject(candidates) || arrayTag(candidates.indices) !== 'Int32Array') {
    throw typeError(fn, 'candidates', 'the result of a search', candidates, 'pass what hammingTopK returned');
  }
  const perQuery = candidates.indices.length / Math.max(asked.count, 1);
  if (perQuery !== candidates.k && asked.count > 0) {
    const fix = 'pass the result of a search for the same queries';
    throw rangeError(
      fn,
      'candidates',
      `${candidates.k} indices for each of ${asked.count} queries`,
      candidates.indices.length,
      fix,
    );
  }
  const k = checkInteger(fn, 'k', given.k, 1, candidates.k);
  for (const index of candidates.indices) checkInteger(fn, 'candidates.indices', index, 0, count - 1);
  const indices = new Int32Array(asked.count * k);
  const scores = new Float32Array(asked.count * k);
  for (let q = 0; q < asked.count; q++) {
    const query = asked.data.subarray(q * dimensions, (q + 1) * dimensions);
    const own = candidates.indices.subarray(q * candidates.k, (q + 1) * candidates.k);
    const decoded = coded === null ? null : coded.quantizer.decode(picked(coded.codes, own)).data;
    const top = best(k);
    own.forEach((index, place) => {
      if (set !== null) top.offer(costOf(query, set, index, metric), index);
      else if (decoded !== null) {
        top.offer(costOf(query, { data: decoded, count: own.length, dimensions }, place, metric), index);
      }
    });
    indices.set(top.indices(), q * k);
    scores.set(metric === 'dot' ? top.costs().map((cost) => -cost) : top.costs(), q * k);
  }
  return { indices, scores, k };
}

interface Coded {
  readonly quantizer: VectorQuantizer;
  readonly codes: VectorCodes;
}

/** Quantized vectors with their quantizer, or null for anything else. */
function codedOf(fn: string, vectors: unknown): Coded | null {
  if (!isPlainObject(vectors) || !('quantizer' in vectors)) return null;
  const { quantizer, codes } = checkOptions<Coded>(fn, vectors as Coded, ['quantizer', 'codes'], 'vectors');
  if (!isPlainObject(quantizer) || !isPlainObject(quantizer.params)) {
    throw typeError(fn, 'vectors.quantizer', 'a vector quantizer', quantizer, 'pass what made the codes');
  }
  // Its check of the record is all that is wanted of the scanner.
  scannerOf(fn, quantizer.params, codes as VectorCodes);
  return { quantizer, codes: codes as VectorCodes };
}

/** The record of these vectors alone. */
function picked(codes: VectorCodes, indices: Int32Array): VectorCodes {
  const width = codes.codes.length / Math.max(codes.count, 1);
  const bytes = new Uint8Array(indices.length * width);
  indices.forEach((index, i) =>
    bytes.set(codes.codes.subarray(index * width, (index + 1) * width), i * width),
  );
  const of = (values: F32): F32 => Float32Array.from(indices, (index) => values[index]);
  const scales = codes.scales === null ? null : of(codes.scales);
  const residuals = of(codes.residuals);
  const byteSize = bytes.length + residuals.byteLength + (scales?.byteLength ?? 0);
  return { ...codes, count: indices.length, codes: bytes, scales, residuals, byteSize };
}
