/** Quantizers of vectors for search, behind one interface. */
import type { F32 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { checkOptions, isPlainObject } from '../../core/options.js';
import type { Tensor, TensorLike } from '../../core/tensor.js';
import {
  checkCodes,
  checkMetric,
  checkQuery,
  checkVectors,
  type Scanner,
  type VectorSet,
} from './vectors-input.js';
import {
  decodeProduct,
  encodeProduct,
  productBytes,
  productScanner,
  tablesOf,
  trainProduct,
} from './vectors-product.js';
import {
  decodeRotated,
  encodeRotated,
  rotatedBytes,
  rotatedParams,
  rotatedScanner,
  turnedBy,
} from './vectors-rotated.js';
import { decodeScalar, encodeScalar, scalarBytes, scalarScanner, trainScalar } from './vectors-scalar.js';
import type {
  ProductQuantizer,
  ProductQuantizerOptions,
  QuantizerParams,
  RotatedParams,
  RotatedQuantizerOptions,
  ScalarParams,
  ScalarQuantizerOptions,
  VectorCodes,
  VectorMetric,
  VectorQuantizer,
} from './vectors-types.js';

/** What each kind does with checked arguments. */
interface Actions {
  readonly bytes: number;
  readonly hasScales: boolean;
  encode(set: VectorSet): VectorCodes;
  decode(codes: VectorCodes): F32;
  readonly scanner: Scanner;
}

/**
 * Returns a quantizer that writes every dimension in 4, 6 or 8 bits, in equal steps over the range that vectors have in it.
 *
 * Formula: step = (high - low) / (2^bits - 1) per dimension, code = round((x - low) / step), clamped; value = low + step * code.
 *
 * Numerics: low and step are float32, the quotient float64 rounded half to even, the value two float32 operations. A number within the range is off by at
 * most step / 2 plus 2^-23 (|low| + |high|) and 2^-141; outside it is clamped. encode measures every vector's own error (`residuals`).
 *
 * Cost: training reads the vectors once (and sorts each dimension for 'quantile'). `distances` scans codes with SIMD.
 *
 * Compatible with: FAISS's SQ8, SQ6 and SQ4 in ranges and packing (lowest bits first); FAISS truncates and adds half a step on decoding, so that its ends of
 * the range are off by half a step and its step is the same; here codes are rounded to nearest and both ends are exact to rounding.
 *
 * @param vectors [count, dimensions], finite
 * @param options bits, range, quantile, sigma
 * @throws TypeError or RangeError for arguments and empty sets; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * const vectors = { data: Float32Array.of(0, 10, 1, 20, 0.2, 12), shape: [3, 2] };
 * const quantizer = scalarQuantizer(vectors, { bits: 4 });
 * const codes = quantizer.encode(vectors);
 * codes.codes; // Uint8Array [0, 255, 51]
 * quantizer.distances(Float32Array.of(0, 10), codes)[0]; // 0
 * @see searchVectors
 */
export function scalarQuantizer(
  vectors: TensorLike,
  options?: ScalarQuantizerOptions,
): VectorQuantizer<ScalarParams> {
  const params = trainScalar(vectors, options);
  return quantizerOf(params, actionsOf(params));
}

/**
 * Returns a trained product quantizer: each of `subspaces` parts of a vector becomes the index of its nearest centroid.
 *
 * Formula: k-means in every subspace (k-means++ start, Lloyd's method); distances to a query are sums of table entries (`adc`).
 *
 * Numerics: centroids are float64 means rounded to float32; nearest by float32 sums in one order, the lower index first among equals; the
 * same seed gives the same bits on every engine and backend. A centroid without vectors moves to the vector furthest from its own. Nothing
 * can be promised about the error of new vectors: encode measures each (`residuals`), `report` has the mean over the training set.
 *
 * Cost: training vectors * dimensions * centroids per round. 8 subspaces of 256 centroids make a vector 8 bytes.
 *
 * Compatible with: FAISS's ProductQuantizer in codes, codebook layout and tables (its k-means starts otherwise); indices below 8 bits are packed lowest bits first.
 *
 * @param vectors training set, [count, dimensions], magnitudes up to 2^60
 * @param options subspaces, centroids, seed, maxIterations, maxTrainingVectors
 * @throws TypeError or RangeError for arguments, empty sets, more centroids than vectors; NumericError NON_FINITE or OVERFLOW with an index.
 * @example
 * const vectors = { data: Float32Array.of(0, 0, 9, 9, 0, 1, 9, 8), shape: [2, 4] };
 * const quantizer = productQuantizer(vectors, { subspaces: 2, centroids: 2, seed: 1 });
 * quantizer.decode(quantizer.encode(vectors)).data; // Float32Array [0, 0, 9, 9, 0, 1, 9, 8]
 * quantizer.report.meanSquaredError; // 0
 * @see searchVectors, https://doi.org/10.1109/TPAMI.2010.57
 */
export function productQuantizer(vectors: TensorLike, options: ProductQuantizerOptions): ProductQuantizer {
  const { params, report } = trainProduct(vectors, options);
  return {
    ...quantizerOf(params, actionsOf(params)),
    report,
    adc(query, rest) {
      const fn = 'productQuantizer.adc';
      const metric = checkMetric(fn, checkOptions<{ metric?: VectorMetric }>(fn, rest, ['metric']).metric);
      const data = tablesOf(params, checkQuery(fn, query, params.dimensions), metric);
      return { data, shape: [params.subspaces, params.centroids], dtype: 'float32' };
    },
  };
}

/**
 * Returns a quantizer that needs no training: a seeded random rotation makes every coordinate close to normal, and each gets 1 to 4 bits.
 *
 * Formula: y = R x with R `rounds` times random signs and a Hadamard transform; codes are the nearest of the 2^bits levels of least squared error for N(0, 1)
 * to y sqrt(n) / |y|; the vector is its factor (least squares for its codes) times their levels, rotated back.
 *
 * Numerics: for a vector that the rotation spreads, |x - decoded|^2 / |x|^2 is on average 0.363, 0.117, 0.0345 and 0.0095 with 1 to 4 bits, TurboQuant's
 * figures. Nothing bounds a single vector beforehand (never above 1): encode measures each (`residuals`). Dimensions without a Hadamard matrix are filled up with zeros;
 * squared distances then count what the decoded vector has there.
 *
 * Cost: n log2(n) additions per vector and round; codes are n * bits / 8 bytes and a float32.
 *
 * Compatible with: TurboQuant's first stage (its rotation is a dense random one; scales are kept here as float32).
 *
 * @param options dimensions, bits, seed, rounds
 * @throws TypeError or RangeError for arguments.
 * @example
 * const quantizer = rotatedQuantizer({ dimensions: 4, bits: 2, seed: 3 });
 * const codes = quantizer.encode({ data: Float32Array.of(1, 2, 3, 4), shape: [1, 4] });
 * codes.codes.length; // 1
 * codes.residuals[0] < Math.sqrt(30); // true
 * @see hadamard, https://arxiv.org/abs/2504.19874
 */
export function rotatedQuantizer(options: RotatedQuantizerOptions): VectorQuantizer<RotatedParams> {
  const params = rotatedParams(options);
  return quantizerOf(params, actionsOf(params));
}

/**
 * Returns the quantizer that params describe: what `params` of any quantizer held, after storage or in another worker.
 *
 * @param params a record with kind 'scalar', 'product' or 'rotated'
 * @throws TypeError for anything else, RangeError for arrays whose lengths do not fit.
 * @example
 * const { params } = scalarQuantizer({ data: Float32Array.of(0, 1), shape: [2, 1] });
 * vectorQuantizer(structuredClone(params)).bytesPerVector; // 1
 * @see scalarQuantizer, productQuantizer, rotatedQuantizer
 */
export function vectorQuantizer(params: QuantizerParams): VectorQuantizer {
  checkParams('vectorQuantizer', params);
  return quantizerOf(params, actionsOf(params));
}

function checkParams(fn: string, params: QuantizerParams): void {
  if (!isPlainObject(params) || !['scalar', 'product', 'rotated'].includes(params.kind)) {
    throw typeError(fn, 'params', 'the params of a quantizer', params, 'pass quantizer.params');
  }
  if (!lengthsFit(params)) {
    throw rangeError(
      fn,
      'params',
      'arrays as long as its numbers say',
      params,
      'pass quantizer.params unchanged',
    );
  }
}

function lengthsFit(params: QuantizerParams): boolean {
  const { dimensions } = params;
  if (!Number.isInteger(dimensions) || dimensions < 1) return false;
  if (params.kind === 'rotated') return [1, 2, 3, 4].includes(params.bits) && params.rounds >= 1;
  if (params.kind === 'scalar') {
    const { bits, low, step } = params;
    return [4, 6, 8].includes(bits) && low.length === dimensions && step.length === dimensions;
  }
  const { subspaces, centroids, codebook } = params;
  return dimensions % subspaces === 0 && centroids <= 256 && codebook.length === centroids * dimensions;
}

/** What searches need of the quantizer with these params, after a check of its codes. */
export function scannerOf(fn: string, params: QuantizerParams, codes: VectorCodes): Scanner {
  checkParams(fn, params);
  const { bytes, hasScales, scanner } = actionsOf(params);
  checkCodes(fn, codes, params.dimensions, bytes, hasScales);
  return scanner;
}

function actionsOf(params: QuantizerParams): Actions {
  if (params.kind === 'scalar') {
    return {
      bytes: scalarBytes(params),
      hasScales: false,
      encode: (set) => encodeScalar(params, set),
      decode: (codes) => decodeScalar(params, codes),
      scanner: scalarScanner(params),
    };
  }
  if (params.kind === 'product') {
    return {
      bytes: productBytes(params),
      hasScales: false,
      encode: (set) => encodeProduct(params, set),
      decode: (codes) => decodeProduct(params, codes),
      scanner: productScanner(params),
    };
  }
  const turned = turnedBy(params);
  return {
    bytes: rotatedBytes(turned),
    hasScales: true,
    encode: (set) => encodeRotated(turned, set),
    decode: (codes) => decodeRotated(turned, codes),
    scanner: rotatedScanner(turned),
  };
}

function quantizerOf<P extends QuantizerParams>(params: P, actions: Actions): VectorQuantizer<P> {
  const { dimensions } = params;
  const checked = (fn: string, codes: VectorCodes): VectorCodes =>
    checkCodes(fn, codes, dimensions, actions.bytes, actions.hasScales);
  return {
    params,
    bytesPerVector: actions.bytes,
    encode: (vectors) => actions.encode(checkVectors('encode', 'vectors', vectors, dimensions)),
    decode(codes): Tensor & { readonly data: F32 } {
      const data = actions.decode(checked('decode', codes));
      return { data, shape: [codes.count, dimensions], dtype: 'float32' };
    },
    distances(query, codes, options) {
      const fn = 'distances';
      const given = checkOptions<{ metric?: VectorMetric }>(fn, options, ['metric']);
      const metric = checkMetric(fn, given.metric);
      const q = checkQuery(fn, query, dimensions);
      const scanned = actions.scanner.scan(q, checked(fn, codes), metric);
      return scanned instanceof Float32Array ? scanned : Float32Array.from(scanned);
    },
  };
}
