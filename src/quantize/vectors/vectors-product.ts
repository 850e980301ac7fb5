/** Product quantization: each part of a vector becomes the index of the nearest of its trained centroids. */
import type { F32 } from '../../core/arrays.js';
import { NumericError, rangeError } from '../../core/errors.js';
import { checkInteger, checkOptions } from '../../core/options.js';
import { checkSeed, createRandom, type Random } from '../../core/random.js';
import type { TensorLike } from '../../core/tensor.js';
import { vectorFamily } from '../../kernels/vectors/family.js';
import {
  checkVectors,
  forEachChunk,
  lengthOf,
  measured,
  packRows,
  refuseEmpty,
  rowBytes,
  unpackRows,
  type Scanner,
  type VectorSet,
} from './vectors-input.js';
import { kMeansPoints, transposedCenters } from './vectors-kmeans.js';
import { largestOf } from './vectors-scalar.js';
import type {
  ProductParams,
  ProductQuantizerOptions,
  ProductReport,
  VectorCodes,
  VectorMetric,
} from './vectors-types.js';

const FN = 'productQuantizer';

/** Unit roundoff of float32. */
const U = 2 ** -24;

/** Squares of differences beyond this overflow float32. */
const LARGEST = 2 ** 60;

export function trainProduct(
  vectors: TensorLike,
  options: ProductQuantizerOptions,
): { params: ProductParams; report: ProductReport } {
  const given = checkOptions(FN, options, [
    'subspaces',
    'centroids',
    'seed',
    'maxIterations',
    'maxTrainingVectors',
  ]);
  const set = checkVectors(FN, 'vectors', vectors, null);
  const { dimensions, count } = set;
  refuseEmpty(FN, 'vectors', count);
  const subspaces = checkInteger(FN, 'subspaces', given.subspaces, 1, dimensions);
  if (dimensions % subspaces !== 0) {
    throw rangeError(
      FN,
      'subspaces',
      `a divisor of ${dimensions} dimensions`,
      subspaces,
      'for example dimensions / 8',
    );
  }
  const centroids = checkInteger(FN, 'centroids', given.centroids ?? 256, 2, 256);
  const seed = checkSeed(FN, given.seed ?? 0);
  const maxIterations = checkInteger(FN, 'maxIterations', given.maxIterations ?? 25, 1, 10_000);
  const most = checkInteger(FN, 'maxTrainingVectors', given.maxTrainingVectors ?? 65_536, 1, 2 ** 31 - 1);
  if (centroids > Math.min(count, most)) {
    const fix = 'pass more vectors or fewer centroids';
    throw rangeError(
      FN,
      'centroids',
      `at most as many as training vectors, ${Math.min(count, most)}`,
      centroids,
      fix,
    );
  }
  refuseHuge(set);
  const random = createRandom(seed);
  const sample = sampled(set, most, random);
  const width = dimensions / subspaces;
  const codebook = new Float32Array(subspaces * centroids * width);
  let iterations = 0;
  let restarted = 0;
  for (let m = 0; m < subspaces; m++) {
    const fit = kMeansPoints(part(sample, m, width), sample.count, width, centroids, random, maxIterations);
    codebook.set(fit.centers, m * centroids * width);
    iterations = Math.max(iterations, fit.iterations);
    restarted += fit.restarted;
  }
  const params: ProductParams = { kind: 'product', dimensions, subspaces, centroids, codebook };
  const residuals = encodeProduct(params, sample).residuals;
  const meanSquaredError = residuals.reduce((sum, r) => sum + r * r, 0) / sample.count;
  const variance = varianceOf(sample);
  return { params, report: { meanSquaredError, variance, iterations, restarted, trainedOn: sample.count } };
}

function refuseHuge({ data }: VectorSet): void {
  const index = data.findIndex((v) => Math.abs(v) > LARGEST);
  if (index < 0) return;
  const message = `${FN}: "vectors" expected magnitudes up to 2^60, got ${data[index]} at index ${index} - scale the vectors`;
  throw new NumericError('OVERFLOW', message, index);
}

/** At most `most` of the vectors, in their order, every choice as likely as any other. */
function sampled(set: VectorSet, most: number, random: Random): VectorSet {
  if (set.count <= most) return set;
  const { dimensions } = set;
  const data = new Float32Array(most * dimensions);
  let taken = 0;
  for (let i = 0; taken < most; i++) {
    if (random.float() * (set.count - i) >= most - taken) continue;
    data.set(set.data.subarray(i * dimensions, (i + 1) * dimensions), taken++ * dimensions);
  }
  return { data, count: most, dimensions };
}

/** Part m of every vector. */
function part({ data, count, dimensions }: VectorSet, m: number, width: number): F32 {
  const points = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    const from = i * dimensions + m * width;
    points.set(data.subarray(from, from + width), i * width);
  }
  return points;
}

function varianceOf({ data, count, dimensions }: VectorSet): number {
  let total = 0;
  for (let d = 0; d < dimensions; d++) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += data[i * dimensions + d];
    const mean = sum / count;
    for (let i = 0; i < count; i++) total += (data[i * dimensions + d] - mean) ** 2;
  }
  return total / count;
}

/** Bits of the index of a centroid. */
export function codeBits({ centroids }: ProductParams): number {
  return 32 - Math.clz32(centroids - 1);
}

export function productBytes(params: ProductParams): number {
  return rowBytes(params.subspaces, codeBits(params));
}

export function encodeProduct(params: ProductParams, set: VectorSet): VectorCodes {
  const { dimensions, subspaces, centroids, codebook } = params;
  const width = dimensions / subspaces;
  const { count } = set;
  const codes = new Uint8Array(count * subspaces);
  const nearest = new Uint8Array(count);
  const distances = new Float32Array(count);
  for (let m = 0; m < subspaces; m++) {
    const centers = codebook.subarray(m * centroids * width, (m + 1) * centroids * width);
    const { table, columns } = transposedCenters(centers, centroids, width);
    vectorFamily.inUse().nearest(nearest, distances, part(set, m, width), table, count, width, columns);
    for (let i = 0; i < count; i++) codes[i * subspaces + m] = nearest[i];
  }
  return measured(set, valuesOf(params, codes, count), packRows(codes, count, subspaces, codeBits(params)));
}

function valuesOf(params: ProductParams, codes: Uint8Array, count: number): F32 {
  const { dimensions, subspaces, centroids, codebook } = params;
  const width = dimensions / subspaces;
  const values = new Float32Array(count * dimensions);
  for (let at = 0; at < codes.length; at++) {
    const from = ((at % subspaces) * centroids + Math.min(codes[at], centroids - 1)) * width;
    for (let d = 0; d < width; d++) values[at * width + d] = codebook[from + d];
  }
  return values;
}

export function decodeProduct(params: ProductParams, { codes, count }: VectorCodes): F32 {
  return valuesOf(params, unpackRows(codes, 0, count, params.subspaces, codeBits(params)), count);
}

/** Measures between the parts of a query and all centroids: float64 sums, rounded once. */
export function tablesOf(params: ProductParams, query: F32, metric: VectorMetric): F32 {
  const { dimensions, subspaces, centroids, codebook } = params;
  const width = dimensions / subspaces;
  return Float32Array.from({ length: subspaces * centroids }, (_, at) => {
    const first = Math.floor(at / centroids) * width;
    let sum = 0;
    for (let d = 0; d < width; d++) {
      const value = codebook[at * width + d];
      const difference = query[first + d] - value;
      sum += metric === 'dot' ? query[first + d] * value : difference * difference;
    }
    return sum;
  });
}

/** Tables of 2^bits columns, so that no code of damaged bytes lies outside. */
function widened(tables: F32, subspaces: number, centroids: number, columns: number): F32 {
  if (centroids === columns) return tables;
  const wide = new Float32Array(subspaces * columns);
  for (let m = 0; m < subspaces; m++) {
    for (let c = 0; c < columns; c++)
      wide[m * columns + c] = tables[m * centroids + Math.min(c, centroids - 1)];
  }
  return wide;
}

export function productScanner(params: ProductParams): Scanner {
  const { dimensions, subspaces, centroids } = params;
  const bits = codeBits(params);
  const columns = 2 ** bits;
  return {
    turn: 0,
    scan(query, codes, metric) {
      const out = new Float32Array(codes.count);
      const tables = widened(tablesOf(params, query, metric), subspaces, centroids, columns);
      forEachChunk(codes, subspaces, bits, (rows, first, count) => {
        const place = out.subarray(first, first + count);
        vectorFamily.inUse().scanTables(place, tables, rows, count, subspaces, columns);
      });
      return out;
    },
    // One rounding of every entry and one of every addition.
    slack(query, codes, metric) {
      const roundings = (subspaces + 4) * U;
      if (metric === 'l2') return { relative: 2 * roundings, absolute: subspaces * 2 ** -148 };
      const largest = codes.largestLength + largestOf(codes.residuals);
      const absolute = 2 * roundings * lengthOf(query, 0, dimensions) * largest + subspaces * 2 ** -148;
      return { relative: 0, absolute };
    },
  };
}
