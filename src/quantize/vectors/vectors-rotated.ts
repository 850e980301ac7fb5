/** A random rotation, after which every coordinate is close to normal, and the levels that suit a normal coordinate best. */
import type { F32 } from '../../core/arrays.js';
import { checkInteger, checkOptions } from '../../core/options.js';
import { checkSeed } from '../../core/random.js';
import { vectorFamily } from '../../kernels/vectors/family.js';
import { nextHadamardSize } from '../rotation/hadamard-matrix.js';
import { createRotation, errorOfTransform, transformRows, type Rotation } from '../rotation/hadamard.js';
import {
  forEachChunk,
  lengthOf,
  measured,
  packRows,
  rowBytes,
  roundUp,
  unpackRows,
  type Scanner,
  type VectorSet,
} from './vectors-input.js';
import { largestOf } from './vectors-scalar.js';
import type { RotatedParams, RotatedQuantizerOptions, VectorCodes } from './vectors-types.js';

const FN = 'rotatedQuantizer';

/** Unit roundoff of float32. */
const U = 2 ** -24;

/** The positive levels of least squared error for N(0, 1), ascending, by bits (Lloyd 1957, Max 1960; 10 digits). */
const LLOYD_MAX: Readonly<Record<number, readonly number[]>> = {
  1: [0.7978845608],
  2: [0.4527800346, 1.5104176085],
  3: [0.2450941789, 0.7560052812, 1.3439092785, 2.1519457045],
  4: [
    0.1283950299, 0.3880482995, 0.6567591185, 0.9423404565, 1.2562311973, 1.618046386, 2.0690172265,
    2.732589571,
  ],
};

/** All levels, ascending. */
export function levelsOf(bits: number): F32 {
  const positive = LLOYD_MAX[bits];
  return Float32Array.from(
    [...positive]
      .reverse()
      .map((v) => -v)
      .concat(positive),
  );
}

export function rotatedParams(options: RotatedQuantizerOptions): RotatedParams {
  const given = checkOptions(FN, options, ['dimensions', 'bits', 'seed', 'rounds']);
  const dimensions = checkInteger(FN, 'dimensions', given.dimensions, 1, 2 ** 20);
  const bits = checkInteger(FN, 'bits', given.bits ?? 4, 1, 4) as RotatedParams['bits'];
  const rounds = checkInteger(FN, 'rounds', given.rounds ?? 2, 1, 4);
  return { kind: 'rotated', dimensions, bits, seed: checkSeed(FN, given.seed ?? 0), rounds };
}

/** What a set of parameters does, made ready. */
export interface Turned {
  readonly params: RotatedParams;
  /** Coordinates after the rotation: dimensions, zeros added up to a size with a Hadamard matrix. */
  readonly n: number;
  readonly rotations: readonly Rotation[];
  readonly levels: F32;
  /** A rotated vector is off by less than this much of its length. */
  readonly error: number;
}

export function turnedBy(params: RotatedParams): Turned {
  const n = nextHadamardSize(params.dimensions);
  const rotations = Array.from({ length: params.rounds }, (_, r) =>
    // 2^32 apart, so that no other user of neighbouring seeds shares signs with a later round.
    createRotation(n, (params.seed + r * 2 ** 32) % 2 ** 53, 'dimensions'),
  );
  const error = rotations.reduce((sum, rotation) => sum + errorOfTransform(rotation), 0);
  return { params, n, rotations, levels: levelsOf(params.bits), error };
}

export function rotatedBytes({ params, n }: Turned): number {
  return rowBytes(n, params.bits);
}

/** Rows of n, zeros added, rotated. */
function rotated({ n, rotations }: Turned, data: F32, count: number, dimensions: number): F32 {
  let from = data;
  if (n !== dimensions) {
    from = new Float32Array(count * n);
    for (let i = 0; i < count; i++) from.set(data.subarray(i * dimensions, (i + 1) * dimensions), i * n);
  }
  for (const rotation of rotations) {
    const to = new Float32Array(count * n);
    transformRows(to, from, count, rotation, false);
    from = to;
  }
  return from;
}

export function encodeRotated(turned: Turned, set: VectorSet): VectorCodes {
  const { params, n, levels, error } = turned;
  const { count, dimensions } = set;
  const x = rotated(turned, set.data, count, dimensions);
  const codes = new Uint8Array(count * n);
  const scales = new Float32Array(count);
  const thresholds = Float64Array.from(
    { length: levels.length - 1 },
    (_, i) => (levels[i] + levels[i + 1]) / 2,
  );
  for (let i = 0; i < count; i++) {
    const unit = lengthOf(x, i * n, (i + 1) * n) / Math.sqrt(n);
    let along = 0;
    let square = 0;
    for (let at = i * n; at < (i + 1) * n; at++) {
      const value = unit === 0 ? 0 : x[at] / unit;
      let code = 0;
      while (code < thresholds.length && value > thresholds[code]) code++;
      codes[at] = code;
      along += x[at] * levels[code];
      square += levels[code] * levels[code];
    }
    // The factor of least squared error for these codes, not below 0.
    scales[i] = Math.max(along / square, 0);
  }
  const bytes = packRows(codes, count, n, params.bits);
  const inner = measured({ data: x, count, dimensions: n }, valuesOf(turned, codes, scales), bytes);
  // Rotating the vector, and rotating the decoded one back, each add their error; the last term is for products that underflow.
  const residuals = inner.residuals.map((r, i) => {
    const length = lengthOf(set.data, i * dimensions, (i + 1) * dimensions);
    return roundUp((r + error * (2 * length + r)) * (1 + 2 ** -20) + n * 2 ** -144);
  });
  const lengths = Array.from({ length: count }, (_, i) =>
    lengthOf(set.data, i * dimensions, (i + 1) * dimensions),
  );
  const largestLength = lengths.reduce((largest, v) => Math.max(largest, v), 0);
  const byteSize = inner.byteSize + scales.byteLength;
  return { ...inner, dimensions, scales, residuals, largestLength, byteSize };
}

/** Rotated vectors as codes stand for them. */
function valuesOf({ n, levels }: Turned, codes: Uint8Array, scales: F32): F32 {
  const values = new Float32Array(codes.length);
  for (let at = 0; at < codes.length; at++) values[at] = scales[Math.floor(at / n)] * levels[codes[at]];
  return values;
}

export function decodeRotated(turned: Turned, { codes, count, scales, dimensions }: VectorCodes): F32 {
  const { params, n, rotations } = turned;
  const factors = scales ?? new Float32Array(count);
  let from = valuesOf(turned, unpackRows(codes, 0, count, n, params.bits), factors);
  for (const rotation of [...rotations].reverse()) {
    const to = new Float32Array(count * n);
    transformRows(to, from, count, rotation, true);
    from = to;
  }
  if (n === dimensions) return from;
  const data = new Float32Array(count * dimensions);
  for (let i = 0; i < count; i++) data.set(from.subarray(i * n, i * n + dimensions), i * dimensions);
  return data;
}

export function rotatedScanner(turned: Turned): Scanner {
  const { params, n, levels, error } = turned;
  const { bits, dimensions } = params;
  const columns = levels.length;
  const squares = Float32Array.from({ length: n * columns }, (_, at) => levels[at % columns] ** 2);
  const sums = (tables: F32, codes: VectorCodes): F32 => {
    const out = new Float32Array(codes.count);
    forEachChunk(codes, n, bits, (rows, first, count) => {
      vectorFamily.inUse().scanTables(out.subarray(first, first + count), tables, rows, count, n, columns);
    });
    return out;
  };
  return {
    turn: error,
    // With v = scale * levels: q.v, or |q|^2 - 2 q.v + |v|^2.
    scan(query, codes, metric) {
      const q = rotated(turned, query, 1, dimensions);
      const tables = Float32Array.from({ length: n * columns }, (_, at) => {
        return q[Math.floor(at / columns)] * levels[at % columns];
      });
      const scales = codes.scales ?? new Float32Array(codes.count);
      const dots = sums(tables, codes);
      if (metric === 'dot') return Float64Array.from(dots, (dot, i) => scales[i] * dot);
      const own = sums(squares, codes);
      const length = q.reduce((sum, v) => sum + v * v, 0);
      return Float64Array.from(dots, (dot, i) => {
        return Math.max(length - 2 * scales[i] * dot + scales[i] * scales[i] * own[i], 0);
      });
    },
    // n additions and a product, both of q.v and of |v|^2.
    slack(query, codes, metric) {
      const roundings = 2 * (n + 4) * U;
      const length = lengthOf(query, 0, dimensions) * (1 + error);
      const largest = (codes.largestLength + largestOf(codes.residuals)) * (1 + error);
      const product = roundings * length * largest + n * 2 ** -148 * (1 + largest);
      if (metric === 'dot') return { relative: 0, absolute: product };
      return {
        relative: 0,
        absolute: 2 * product + roundings * largest * largest + 2 ** -40 * length * length,
      };
    },
  };
}
