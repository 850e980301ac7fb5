/** What vector quantizers are made of: plain records of numbers and typed arrays, which structured clone and workers take as they are. */
import type { F32, I32, I8, U8 } from '../../core/arrays.js';
import type { Tensor, TensorLike } from '../../core/tensor.js';

/** 'l2': squared Euclidean distance, least first. 'dot': inner product, largest first. */
export type VectorMetric = 'l2' | 'dot';

/** value = low[d] + step[d] * code. */
export interface ScalarParams {
  readonly kind: 'scalar';
  readonly dimensions: number;
  readonly bits: 4 | 6 | 8;
  readonly low: F32;
  readonly step: F32;
}

/** Subspace m holds dimensions m * d / subspaces and on. */
export interface ProductParams {
  readonly kind: 'product';
  readonly dimensions: number;
  readonly subspaces: number;
  readonly centroids: number;
  /** [subspaces, centroids, dimensions / subspaces]. */
  readonly codebook: F32;
}

/** A seeded rotation, then the same levels for every coordinate. */
export interface RotatedParams {
  readonly kind: 'rotated';
  readonly dimensions: number;
  readonly bits: 1 | 2 | 3 | 4;
  readonly seed: number;
  /** Signs and Hadamard transform, so many times. */
  readonly rounds: number;
}

export type QuantizerParams = ScalarParams | ProductParams | RotatedParams;

/** Quantized vectors. What is needed to read them is in the quantizer's params. */
export interface VectorCodes {
  readonly kind: 'vectorCodes';
  readonly count: number;
  readonly dimensions: number;
  /** `count` rows of whole bytes; in a row, code i takes the bits from i * bits on, counted from the lowest bit of its first byte. */
  readonly codes: U8;
  /** One factor per vector of a rotated quantizer, else null. */
  readonly scales: F32 | null;
  /** For each vector a length that it and its decoded vector are not further apart than: measured and rounded up. */
  readonly residuals: F32;
  /** No vector is longer. */
  readonly largestLength: number;
  /** Bytes of codes, scales and residuals. */
  readonly byteSize: number;
}

export interface VectorQuantizer<P extends QuantizerParams = QuantizerParams> {
  /** Everything about the quantizer; `vectorQuantizer(params)` makes it again. */
  readonly params: P;
  readonly bytesPerVector: number;
  /** Codes of vectors, with the measured error of each. */
  encode(vectors: TensorLike): VectorCodes;
  /** The vectors that codes stand for, [count, dimensions]. */
  decode(codes: VectorCodes): Tensor & { readonly data: F32 };
  /** Measures between a float query and every quantized vector, [count]. */
  distances(query: TensorLike, codes: VectorCodes, options?: { readonly metric?: VectorMetric }): F32;
}

export interface ProductReport {
  /** Mean over training vectors of the squared distance to their decoded ones, and the mean squared length of training vectors about their mean. */
  readonly meanSquaredError: number;
  readonly variance: number;
  /** Most rounds that a subspace took. */
  readonly iterations: number;
  /** Centroids that lost all their vectors on the way and were set to the vector furthest from its own. */
  readonly restarted: number;
  readonly trainedOn: number;
}

export interface ProductQuantizer extends VectorQuantizer<ProductParams> {
  readonly report: ProductReport;
  /** Asymmetric distance tables: [subspaces, centroids] squared distances or inner products of the query's parts with the centroids. */
  adc(query: TensorLike, options?: { readonly metric?: VectorMetric }): Tensor & { readonly data: F32 };
}

export interface ScalarQuantizerOptions {
  /** Default 8. */
  readonly bits?: 4 | 6 | 8;
  /** Range of every dimension: least and largest value, the `quantile` share in the middle, or mean +- `sigma` deviations. Default 'minmax'. */
  readonly range?: 'minmax' | 'quantile' | 'meanStd';
  /** Above 0, at most 1. Default 0.99. */
  readonly quantile?: number;
  /** Above 0. Default 3. */
  readonly sigma?: number;
}

export interface ProductQuantizerOptions {
  /** A divisor of the dimensions. */
  readonly subspaces: number;
  /** 2 to 256, at most the number of vectors. Default 256. */
  readonly centroids?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Default 25. */
  readonly maxIterations?: number;
  /** More vectors are sampled, each as likely as any other. Default 65,536. */
  readonly maxTrainingVectors?: number;
}

export interface RotatedQuantizerOptions {
  readonly dimensions: number;
  /** Default 4. */
  readonly bits?: 1 | 2 | 3 | 4;
  /** Default 0. */
  readonly seed?: number;
  /** 1 to 4. Default 2. */
  readonly rounds?: number;
}

/** 'ubinary': bytes as they are; 'binary': each less 128, as int8. */
export type BinaryPrecision = 'ubinary' | 'binary';

export interface BinaryVectors {
  readonly kind: 'binaryVectors';
  readonly count: number;
  readonly dimensions: number;
  readonly precision: BinaryPrecision;
  /** `count` rows of ceil(dimensions / 8) bytes, the first dimension in the highest bit; int8 for 'binary'. */
  readonly codes: U8 | I8;
}

/** Results of a search, one row per query. */
export interface SearchResult {
  /** [queries, k] row-major, best first, the lower index first among equals. */
  readonly indices: I32;
  /** [queries, k]: squared distances or inner products, or Hamming distances. */
  readonly scores: F32;
  readonly k: number;
}

export interface VectorSearchResult extends SearchResult {
  /** For each query whether the result is proved to be that of a search through all float vectors. */
  readonly certified: readonly boolean[];
  /** For each query how many float vectors were read. */
  readonly rescored: readonly number[];
}
