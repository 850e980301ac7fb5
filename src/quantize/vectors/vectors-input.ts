/** Checks of sets of vectors, and bits of them in rows of bytes. */
import { arrayTag } from '../../core/array-tag.js';
import type { F32, F64, U8 } from '../../core/arrays.js';
import { describe, NumericError, rangeError, typeError } from '../../core/errors.js';
import { checkChoice, isPlainObject } from '../../core/options.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { kernels } from '../../kernels/dispatch.js';
import { toFloat32 } from '../affine/affine-scale.js';
import type { VectorCodes, VectorMetric } from './vectors-types.js';

/** Indices are int32. */
const MAX_VECTORS = 2 ** 31 - 1;

export interface VectorSet {
  readonly data: F32;
  readonly count: number;
  readonly dimensions: number;
}

/** [count, dimensions] of finite float32 numbers, with as many dimensions as wanted (null: at least one). */
export function checkVectors(
  fn: string,
  argument: string,
  vectors: TensorLike,
  dimensions: number | null,
): VectorSet {
  const { data: given, shape } = toContiguous(vectors, fn, argument);
  const data = toFloat32(given);
  if (shape.length !== 2) {
    throw rangeError(fn, `${argument}.shape`, '[count, dimensions]', Array.from(shape), 'pass {data, shape}');
  }
  const [count, width] = shape;
  if (width === 0 || count > MAX_VECTORS) {
    throw rangeError(
      fn,
      `${argument}.shape`,
      'at least one dimension',
      Array.from(shape),
      'pass [count, dimensions]',
    );
  }
  checkDimensions(fn, `${argument}.shape`, width, dimensions);
  refuseNonFinite(fn, argument, data);
  return { data, count, dimensions: width };
}

/** One vector: [dimensions] or [1, dimensions]. */
export function checkQuery(fn: string, query: TensorLike, dimensions: number): F32 {
  const { data: given, shape, size } = toContiguous(query, fn, 'query');
  const isOne = shape.length === 1 || (shape.length === 2 && shape[0] === 1);
  if (!isOne)
    throw rangeError(fn, 'query.shape', '[dimensions]', Array.from(shape), 'pass one query at a time');
  checkDimensions(fn, 'query', size, dimensions);
  const data = toFloat32(given);
  refuseNonFinite(fn, 'query', data);
  return data;
}

export function checkDimensions(fn: string, argument: string, got: number, wanted: number | null): void {
  if (wanted === null || got === wanted) return;
  throw rangeError(
    fn,
    argument,
    `${wanted} dimensions`,
    got,
    'queries, vectors and quantizer have the same dimensions',
  );
}

export function refuseEmpty(fn: string, argument: string, count: number): void {
  if (count === 0)
    throw rangeError(
      fn,
      argument,
      'at least one vector',
      'none',
      'there is nothing to learn from an empty set',
    );
}

function refuseNonFinite(fn: string, argument: string, data: F32): void {
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    const got = `${describe(data[i])} at index ${i}`;
    const message = `${fn}: "${argument}" expected finite float32 numbers, got ${got} - leave such vectors out`;
    throw new NumericError('NON_FINITE', message, i);
  }
}

export function checkMetric(fn: string, metric: unknown): VectorMetric {
  return checkChoice(fn, 'metric', metric ?? 'l2', ['l2', 'dot'] as const);
}

/** The record when it fits the quantizer: as many bytes, scales and residuals as it says. */
export function checkCodes(
  fn: string,
  codes: VectorCodes,
  dimensions: number,
  bytesPerVector: number,
  hasScales: boolean,
): VectorCodes {
  if (!isPlainObject(codes) || codes.kind !== 'vectorCodes') {
    throw typeError(
      fn,
      'codes',
      'a record from encode',
      codes,
      'pass what encode of this quantizer returned',
    );
  }
  checkDimensions(fn, 'codes.dimensions', codes.dimensions, dimensions);
  const { count, codes: bytes, scales, residuals } = codes;
  const fits =
    arrayTag(bytes) === 'Uint8Array' &&
    bytes.length === count * bytesPerVector &&
    arrayTag(residuals) === 'Float32Array' &&
    residuals.length === count &&
    (hasScales ? arrayTag(scales) === 'Float32Array' && scales?.length === count : scales === null);
  if (fits) return codes;
  const expected = `${count} rows of ${bytesPerVector} bytes with their residuals${hasScales ? ' and scales' : ''}`;
  throw rangeError(fn, 'codes', expected, bytes, 'pass what encode of this quantizer returned');
}

/** Bytes of a row of `perVector` codes. */
export function rowBytes(perVector: number, bits: number): number {
  return Math.ceil((perVector * bits) / 8);
}

/** Rows of codes, one to a byte, as rows of whole bytes. */
export function packRows(codes: U8, count: number, perVector: number, bits: number): U8 {
  if (bits === 8) return codes;
  const width = rowBytes(perVector, bits);
  const packed = new Uint8Array(count * width);
  if ((perVector * bits) % 8 === 0) {
    kernels().packBits(packed, codes, codes.length, bits, 0);
    return packed;
  }
  for (let i = 0; i < count; i++) {
    const row = codes.subarray(i * perVector, (i + 1) * perVector);
    kernels().packBits(packed.subarray(i * width, (i + 1) * width), row, perVector, bits, 0);
  }
  return packed;
}

/** Rows first .. first + count - 1, one code to a byte. */
export function unpackRows(packed: U8, first: number, count: number, perVector: number, bits: number): U8 {
  const width = rowBytes(perVector, bits);
  const rows = packed.subarray(first * width, (first + count) * width);
  if (bits === 8) return rows;
  const codes = new Uint8Array(count * perVector);
  if ((perVector * bits) % 8 === 0) {
    kernels().unpackBits(codes, rows, codes.length, bits, 0);
    return codes;
  }
  for (let i = 0; i < count; i++) {
    const row = codes.subarray(i * perVector, (i + 1) * perVector);
    kernels().unpackBits(row, rows.subarray(i * width, (i + 1) * width), perVector, bits, 0);
  }
  return codes;
}

/** Codes that are unpacked at once. */
const CHUNK_CODES = 65536;

/** Visits all vectors in stretches whose codes, one to a byte, stay in the cache. */
export function forEachChunk(
  { codes, count }: VectorCodes,
  perVector: number,
  bits: number,
  visit: (rows: U8, first: number, count: number) => void,
): void {
  const step = bits === 8 ? Math.max(count, 1) : Math.max(1, Math.floor(CHUNK_CODES / perVector));
  for (let first = 0; first < count; first += step) {
    const some = Math.min(step, count - first);
    visit(unpackRows(codes, first, some, perVector, bits), first, some);
  }
}

/** A float32 that is not below `value`. */
export function roundUp(value: number): number {
  const nearest = Math.fround(value);
  return nearest >= value ? nearest : Math.fround(nearest * (1 + 2 ** -23) + 2 ** -149);
}

/** Lengths of rows and of their differences from others, in float64, a little more than they are. */
export function lengthOf(data: F32 | F64, begin: number, end: number): number {
  let sum = 0;
  for (let i = begin; i < end; i++) sum += data[i] * data[i];
  return Math.sqrt(sum) * (1 + SLACK64 * (end - begin + 4));
}

/** Unit roundoff of float64, doubled: sums of n squares are within n of it. */
const SLACK64 = 2 ** -52;

/** The record of rows and their codes, with the residual of each row from the row that `decoded` holds. */
export function measured({ data, count, dimensions }: VectorSet, decoded: F32, codes: U8): VectorCodes {
  const residuals = new Float32Array(count);
  let largestLength = 0;
  for (let i = 0; i < count; i++) {
    const at = i * dimensions;
    let sum = 0;
    for (let d = at; d < at + dimensions; d++) {
      const difference = data[d] - decoded[d];
      sum += difference * difference;
    }
    residuals[i] = roundUp(Math.sqrt(sum) * (1 + SLACK64 * (dimensions + 4)));
    largestLength = Math.max(largestLength, lengthOf(data, at, at + dimensions));
  }
  const byteSize = codes.length + residuals.byteLength;
  return { kind: 'vectorCodes', count, dimensions, codes, scales: null, residuals, largestLength, byteSize };
}

/** How far a computed measure may be from the exact one of the decoded vector: relative * |computed| + absolute. */
export interface Slack {
  readonly relative: number;
  readonly absolute: number;
}

/** What a search asks of a quantizer, beside what everybody sees. */
export interface Scanner {
  /** Measures of all vectors, in the metric: exact but for `slack`. */
  scan(query: F32, codes: VectorCodes, metric: VectorMetric): F32 | F64;
  slack(query: F32, codes: VectorCodes, metric: VectorMetric): Slack;
  /** How much further apart vectors and codes may be than residuals say, for this query. */
  readonly turn: number;
}
