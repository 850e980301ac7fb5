/** Scalar quantization of vectors: every dimension in equal steps over a trained range. */
import type { F32 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { checkChoice, checkOptions } from '../../core/options.js';
import { roundHalfEven } from '../../core/rounding.js';
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
import type { ScalarParams, ScalarQuantizerOptions, VectorCodes } from './vectors-types.js';

const FN = 'scalarQuantizer';

/** Unit roundoff of float32. */
const U = 2 ** -24;

export function trainScalar(vectors: TensorLike, options: ScalarQuantizerOptions | undefined): ScalarParams {
  const given = checkOptions(FN, options, ['bits', 'range', 'quantile', 'sigma']);
  const bits = given.bits ?? 8;
  if (bits !== 8 && bits !== 6 && bits !== 4) {
    const tell = typeof bits === 'number' ? rangeError : typeError;
    throw tell(FN, 'bits', '4, 6 or 8', bits, 'for 1 bit there is binarize, for 1 to 4 rotatedQuantizer');
  }
  const range = checkChoice(FN, 'range', given.range ?? 'minmax', ['minmax', 'quantile', 'meanStd'] as const);
  const quantile = checkShare('quantile', given.quantile ?? 0.99, 1);
  const sigma = checkShare('sigma', given.sigma ?? 3, 100);
  const set = checkVectors(FN, 'vectors', vectors, null);
  refuseEmpty(FN, 'vectors', set.count);
  const levels = 2 ** bits - 1;
  const low = new Float32Array(set.dimensions);
  const step = new Float32Array(set.dimensions);
  const column = new Float32Array(set.count);
  for (let d = 0; d < set.dimensions; d++) {
    for (let i = 0; i < set.count; i++) column[i] = set.data[i * set.dimensions + d];
    const [least, most] = rangeOf(column, range, quantile, sigma);
    low[d] = least;
    step[d] = (most - low[d]) / levels;
  }
  return { kind: 'scalar', dimensions: set.dimensions, bits, low, step };
}

function checkShare(argument: string, value: unknown, most: number): number {
  const expected = `a number above 0, at most ${most}`;
  if (typeof value !== 'number') throw typeError(FN, argument, expected, value, 'leave it out for the usual');
  if (!(value > 0 && value <= most))
    throw rangeError(FN, argument, expected, value, 'leave it out for the usual');
  return value;
}

/** Sorts or reads `column`. */
function rangeOf(
  column: F32,
  range: 'minmax' | 'quantile' | 'meanStd',
  quantile: number,
  sigma: number,
): [low: number, high: number] {
  if (range === 'minmax') {
    return column.reduce<[number, number]>(
      ([a, b], v) => [Math.min(a, v), Math.max(b, v)],
      [Infinity, -Infinity],
    );
  }
  if (range === 'quantile') {
    const sorted = column.sort();
    const cut = Math.floor((sorted.length * (1 - quantile)) / 2);
    return [sorted[cut], sorted[sorted.length - 1 - cut]];
  }
  const mean = column.reduce((sum, v) => sum + v, 0) / column.length;
  const variance = column.reduce((sum, v) => sum + (v - mean) ** 2, 0) / column.length;
  const reach = sigma * Math.sqrt(variance);
  return [Math.fround(mean - reach), Math.fround(mean + reach)];
}

export function scalarBytes({ dimensions, bits }: ScalarParams): number {
  return rowBytes(dimensions, bits);
}

export function encodeScalar(params: ScalarParams, set: VectorSet): VectorCodes {
  const { dimensions, bits, low, step } = params;
  const levels = 2 ** bits - 1;
  const codes = new Uint8Array(set.data.length);
  for (let i = 0; i < codes.length; i += dimensions) {
    for (let d = 0; d < dimensions; d++) {
      const place = step[d] === 0 ? 0 : (set.data[i + d] - low[d]) / step[d];
      codes[i + d] = roundHalfEven(Math.min(Math.max(place, 0), levels));
    }
  }
  const decoded = valuesOf(params, codes, set.count);
  return measured(set, decoded, packRows(codes, set.count, dimensions, bits));
}

/** As the kernel computes them: both operations rounded to float32. */
function valuesOf({ dimensions, low, step }: ScalarParams, codes: Uint8Array, count: number): F32 {
  const values = new Float32Array(count * dimensions);
  for (let i = 0; i < values.length; i += dimensions) {
    for (let d = 0; d < dimensions; d++) values[i + d] = low[d] + Math.fround(step[d] * codes[i + d]);
  }
  return values;
}

export function decodeScalar(params: ScalarParams, codes: VectorCodes): F32 {
  return valuesOf(
    params,
    unpackRows(codes.codes, 0, codes.count, params.dimensions, params.bits),
    codes.count,
  );
}

export function scalarScanner({ dimensions, bits, low, step }: ScalarParams): Scanner {
  return {
    turn: 0,
    scan(query, codes, metric) {
      const out = new Float32Array(codes.count);
      forEachChunk(codes, dimensions, bits, (rows, first, count) => {
        const part = out.subarray(first, first + count);
        vectorFamily.inUse().scanLevels(part, query, low, step, rows, count, dimensions, metric === 'dot');
      });
      return out;
    },
    // A sum of n rounded terms: (n / 8 + 3) additions over each, and 3 roundings of the term (a difference counts twice when squared).
    slack(query, codes, metric) {
      const roundings = (Math.ceil(dimensions / 8) + 8) * U;
      if (metric === 'l2') return { relative: 2 * roundings, absolute: dimensions * 2 ** -148 };
      const largest = codes.largestLength + largestOf(codes.residuals);
      const absolute = 2 * roundings * lengthOf(query, 0, dimensions) * largest + dimensions * 2 ** -148;
      return { relative: 0, absolute };
    },
  };
}

export function largestOf(values: F32): number {
  return values.reduce((largest, v) => Math.max(largest, v), 0);
}
