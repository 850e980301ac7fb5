/** Writing importance matrices: GGUF files, and the older binary form (.dat). */
import { arrayTag } from '../../core/array-tag.js';
import type { U8 } from '../../core/arrays.js';
import { describe, quote, rangeError, typeError } from '../../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../../core/options.js';
import { checkName } from './build.js';
import { datBytes } from './imatrix-dat.js';
import { checkImatrix, type Imatrix, type ImatrixEntry } from './imatrix.js';
import { CHUNK_COUNT_KEY, CHUNK_SIZE_KEY, COUNTS_SUFFIX, DATASETS_KEY, SUMS_SUFFIX } from './imatrix-read.js';
import type { GgufMetadata } from './types.js';
import { writeGguf, type GgufTensorData } from './write.js';

export interface WriteImatrixOptions {
  /** 'gguf' (default), or 'dat' for tools of before 2025: it has one count for all experts and the last data set only. */
  readonly format?: 'gguf' | 'dat';
}

const FN = 'writeImatrix';

/**
 * Returns the bytes of a file that holds an importance matrix, weights in the order of their names.
 *
 * Numerics: GGUF stores sums and counts as they are (a count above 2^24 rounded to float32). A .dat file stores sums / count * calls in
 * float32, with calls = ceil(largest count / chunkSize); weights that have seen nothing are left out, and experts that have seen nothing
 * among others get ones.
 *
 * Compatible with: llama-imatrix (August 2026, without sums of plain activations), to the byte.
 *
 * @param imatrix from an accumulator, mergeImatrices or readImatrix
 * @param options format
 * @throws RangeError for names too long for ggml (63 bytes with `.in_sum2`), numbers that are negative or not finite, and, for GGUF, a
 * matrix that counts chunks and not rows (chunkSize 0).
 * @example
 * const seen = imatrixAccumulator({ datasets: ['text.txt'] });
 * seen.add('w', { data: Float32Array.of(1, 2), shape: [1, 2] });
 * writeImatrix(seen.imatrix(), { format: 'dat' }).length; // 41
 * @see readImatrix
 */
export function writeImatrix(imatrix: Imatrix, options?: WriteImatrixOptions): U8 {
  const checked = checkContents(checkImatrix(imatrix, FN));
  const { format: given } = checkOptions(FN, options, ['format']);
  const format = checkChoice(FN, 'format', given ?? 'gguf', ['gguf', 'dat']);
  const names = Array.from(checked.entries.keys()).sort(compareBytes);
  if (format === 'dat') {
    const fix = 'write GGUF: the older form ends at 2 GiB';
    return datBytes(checked, names, (length) =>
      rangeError(FN, 'imatrix', 'a file below 2 GiB', `${length} bytes`, fix),
    );
  }
  if (checked.chunkSize === 0) {
    const fix = 'read the .dat file with chunkSize: it counts chunks, not rows';
    throw rangeError(FN, 'imatrix.chunkSize', 'a number of tokens', 0, fix);
  }
  const tensors = names.flatMap((name) => tensorsOf(name, checked.entries.get(name) as ImatrixEntry));
  return writeGguf(tensors, { metadata: metadataOf(checked), limits: { maxHeaderBytes: 2 ** 31 } });
}

function metadataOf({ datasets, chunkCount, chunkSize }: Imatrix): GgufMetadata {
  return new Map([
    ['general.type', { type: 'string', value: 'imatrix' }],
    [DATASETS_KEY, { type: 'array', of: 'string', value: datasets }],
    [CHUNK_COUNT_KEY, { type: 'uint32', value: chunkCount }],
    [CHUNK_SIZE_KEY, { type: 'uint32', value: chunkSize }],
  ]);
}

/** ggml leaves out leading axes of 1: an ordinary weight has one axis. */
function tensorsOf(name: string, { sums, counts }: ImatrixEntry): GgufTensorData[] {
  const matrices = counts.length;
  const shapeOf = (columns: number): number[] => (matrices === 1 ? [columns] : [matrices, columns]);
  return [
    { name: name + SUMS_SUFFIX, type: 'F32', shape: shapeOf(sums.length / matrices), data: sums },
    { name: name + COUNTS_SUFFIX, type: 'F32', shape: shapeOf(1), data: Float32Array.from(counts) },
  ];
}

function checkContents(imatrix: Imatrix): Imatrix {
  const { entries, datasets, chunkCount, chunkSize } = imatrix;
  if (entries.size === 0) throw rangeError(FN, 'imatrix', 'at least one weight', 0, 'add activations first');
  if (!Array.isArray(datasets)) {
    throw typeError(FN, 'imatrix.datasets', 'an array of names', datasets, 'pass [] for none');
  }
  checkInteger(FN, 'imatrix.chunkCount', chunkCount, 0, 2 ** 31 - 1);
  checkInteger(FN, 'imatrix.chunkSize', chunkSize, 0, 2 ** 31 - 1);
  for (const [name, entry] of entries) checkEntry(name, entry);
  return imatrix;
}

function checkEntry(name: string, { sums, counts }: ImatrixEntry): void {
  checkName(name + SUMS_SUFFIX, FN);
  const place = `entry ${quote(name)}`;
  if (arrayTag(sums) !== 'Float32Array' || arrayTag(counts) !== 'Float64Array') {
    const expected = 'sums in a Float32Array and counts in a Float64Array';
    throw typeError(FN, place, expected, sums, 'take it from an accumulator');
  }
  if (counts.length === 0 || sums.length === 0 || sums.length % counts.length !== 0) {
    const got = `${sums.length} sums and ${counts.length} counts`;
    throw rangeError(FN, place, 'as many sums for each count', got, 'take it from an accumulator');
  }
  const bad = sums.findIndex((sum) => !(sum >= 0 && sum < Infinity));
  if (bad >= 0) {
    const got = `${describe(sums[bad])} at index ${bad}`;
    throw rangeError(FN, `sums of ${place}`, 'finite numbers from 0 up', got, 'leave such samples out');
  }
  for (const count of counts) checkInteger(FN, `counts of ${place}`, count, 0, Number.MAX_SAFE_INTEGER);
}

/** The order of C++ strings, which is that of UTF-8 bytes. */
function compareBytes(a: string, b: string): number {
  const encoder = new TextEncoder();
  const x = encoder.encode(a);
  const y = encoder.encode(b);
  const differs = x.findIndex((byte, i) => byte !== y[i]);
  return differs < 0 ? x.length - y.length : x[differs] - (y[differs] ?? -1);
}
