/** Reading importance matrices: GGUF files, and the older binary form (.dat). */
import { arrayTag } from '../../core/array-tag.js';
import type { F32, U8 } from '../../core/arrays.js';
import { quote, typeError } from '../../core/errors.js';
import { checkAttached } from '../../core/numbers.js';
import { checkInteger, checkOptions } from '../../core/options.js';
import { ggufError, type GgufErrorCode } from './errors.js';
import { readDat } from './imatrix-dat.js';
import type { Imatrix, ImatrixEntry } from './imatrix.js';
import type { GgufLimits } from './limits.js';
import { readGguf, type GgufFile } from './read.js';
import { MAGIC, type GgufValue } from './types.js';

export interface ReadImatrixOptions {
  readonly limits?: GgufLimits;
  /**
   * For .dat files, which count chunks: tokens in a chunk (llama-imatrix's `-c`, 512 unless told otherwise). Counts and sums are
   * multiplied by it, as llama-imatrix does when it converts them. Default: they stay as they are, which is right for `importance`.
   */
  readonly chunkSize?: number;
}

export const SUMS_SUFFIX = '.in_sum2';
export const COUNTS_SUFFIX = '.counts';
export const DATASETS_KEY = 'imatrix.datasets';
export const CHUNK_COUNT_KEY = 'imatrix.chunk_count';
export const CHUNK_SIZE_KEY = 'imatrix.chunk_size';

/**
 * Returns the importance matrix of a file, GGUF or .dat, which its first bytes tell apart.
 *
 * Numerics: sums are the stored float32 numbers; counts must be whole. Neither may be negative or not finite.
 *
 * Cost: one copy of the sums.
 *
 * Compatible with: llama-imatrix and llama-quantize (August 2026), both forms; tensors other than `<name>.in_sum2` and `<name>.counts`
 * are left out, as there.
 *
 * @param bytes the whole file
 * @param options limits; chunkSize for .dat files
 * @throws FormatError GGUF_* with the first defect; its message has the index of a bad number.
 * @example
 * const seen = imatrixAccumulator();
 * seen.add('w', { data: Float32Array.of(1, 2), shape: [1, 2] });
 * readImatrix(writeImatrix(seen.imatrix())).entries.get('w')?.sums; // Float32Array [1, 4]
 * @see importance
 */
export function readImatrix(bytes: Uint8Array, options?: ReadImatrixOptions): Imatrix {
  const fn = 'readImatrix';
  if (arrayTag(bytes) !== 'Uint8Array') {
    throw typeError(fn, 'bytes', 'a Uint8Array', bytes, 'pass the bytes of the whole file');
  }
  checkAttached(bytes as U8, fn, 'bytes');
  const { limits, chunkSize } = checkOptions(fn, options, ['limits', 'chunkSize']);
  if (chunkSize !== undefined) checkInteger(fn, 'chunkSize', chunkSize, 1, 2 ** 31 - 1);
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) return readDat(bytes, chunkSize, `${fn}: "bytes"`);
  return imatrixOf(readGguf(bytes, { ...(limits && { limits }) }), `${fn}: "bytes"`);
}

function imatrixOf(file: GgufFile, label: string): Imatrix {
  const { tensors, metadata } = file;
  const datasets = metadata.get(DATASETS_KEY);
  if (datasets?.type !== 'array' || datasets.of !== 'string') {
    throw refuse('GGUF_IMATRIX_METADATA', label, `${DATASETS_KEY} to be a list of texts`, typeOf(datasets));
  }
  const entries = new Map<string, ImatrixEntry>();
  for (const tensor of tensors.keys()) {
    const name = nameOf(tensor);
    if (name === null || entries.has(name)) continue;
    const sums = floatsOf(file, name + SUMS_SUFFIX, label);
    const counts = floatsOf(file, name + COUNTS_SUFFIX, label);
    entries.set(name, entryOfArrays(name, sums, counts, label));
  }
  if (entries.size === 0) {
    throw refuse('GGUF_IMATRIX_EMPTY', label, `tensors *${SUMS_SUFFIX} and *${COUNTS_SUFFIX}`, 'none');
  }
  return {
    entries,
    datasets: datasets.value,
    chunkCount: unsigned(metadata, CHUNK_COUNT_KEY, label),
    chunkSize: unsigned(metadata, CHUNK_SIZE_KEY, label),
  };
}

/** The weight that a tensor tells of, or null for tensors of other purposes. */
function nameOf(tensor: string): string | null {
  const suffix = [SUMS_SUFFIX, COUNTS_SUFFIX].find((ending) => tensor.endsWith(ending));
  return suffix === undefined ? null : tensor.slice(0, -suffix.length);
}

function unsigned(metadata: ReadonlyMap<string, GgufValue>, key: string, label: string): number {
  const given = metadata.get(key);
  if (given?.type === 'uint32') return given.value;
  throw refuse('GGUF_IMATRIX_METADATA', label, `${key} to be a uint32`, typeOf(given));
}

function typeOf(value: GgufValue | undefined): string {
  return value === undefined ? 'none' : value.type;
}

function floatsOf({ tensors, tensor }: GgufFile, name: string, label: string): F32 {
  const type = tensors.get(name)?.type;
  if (type === undefined) throw refuse('GGUF_IMATRIX_PAIR', label, `a tensor ${quote(name)}`, 'none');
  if (type !== 'F32') throw refuse('GGUF_IMATRIX_TYPE', label, `${quote(name)} to be F32`, type);
  return tensor(name).data as F32;
}

/** An entry of stored numbers, checked. */
export function entryOfArrays(name: string, sums: F32, counts: F32, label: string): ImatrixEntry {
  if (counts.length === 0 || sums.length === 0 || sums.length % counts.length !== 0) {
    const got = `${sums.length} sums and ${counts.length} counts`;
    throw refuse('GGUF_IMATRIX_SHAPE', label, `as many sums for each count of ${quote(name)}`, got);
  }
  checkNumbers(sums, (sum) => sum >= 0 && sum < Infinity, `sums of ${quote(name)} from 0 up`, label);
  checkNumbers(
    counts,
    (n) => n >= 0 && Number.isInteger(n),
    `counts of ${quote(name)} that are whole`,
    label,
  );
  return { sums: sums.slice(), counts: Float64Array.from(counts) };
}

function checkNumbers(
  numbers: F32,
  isGood: (value: number) => boolean,
  expected: string,
  label: string,
): void {
  const bad = numbers.findIndex((value) => !isGood(value));
  if (bad >= 0) throw refuse('GGUF_IMATRIX_VALUE', label, expected, `${numbers[bad]} at index ${bad}`);
}

function refuse(code: GgufErrorCode, label: string, expected: string, got: string): Error {
  return ggufError(code, label, expected, got, 'make the matrix again with llama-imatrix');
}
