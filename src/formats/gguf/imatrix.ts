/** Importance matrices: what the inputs of each weight were like, for quantizers that spend their error where it costs least. */
import type { F32, F64 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { isPlainObject } from '../../core/options.js';
import { entryOf } from './read.js';

/** What was seen of the inputs of one weight. */
export interface ImatrixEntry {
  /** Sums of squares of the inputs: `columns` for each matrix, one matrix after the other. */
  readonly sums: F32;
  /**
   * How many rows each matrix has seen: one number for an ordinary weight, one for each expert of a mixture. In a .dat file that was
   * read without `chunkSize` these are chunks, and `sums` are smaller accordingly.
   */
  readonly counts: F64;
}

/** An importance matrix as llama.cpp's llama-imatrix makes it. */
export interface Imatrix {
  /** By the name of the weight, such as blk.0.attn_q.weight. */
  readonly entries: ReadonlyMap<string, ImatrixEntry>;
  /** The texts from which it was made. */
  readonly datasets: readonly string[];
  /** How many chunks of text were seen. */
  readonly chunkCount: number;
  /** Tokens in a chunk; 0 for a .dat file that was read without `chunkSize`, for the file does not say. */
  readonly chunkSize: number;
}

/**
 * Returns the mean of squares of each input of a weight: what encoders of blocks take as importance.
 *
 * Formula: sums / counts, matrix by matrix. A matrix that has seen no row (an expert that no token chose) has ones, as in llama.cpp.
 *
 * Shapes: [matrices * columns]; for the experts of a mixture the columns of the first come first.
 *
 * Numerics: float32, one division for each element. Zeros stay zeros: an input that was always 0.
 *
 * Compatible with: llama-quantize (August 2026), to the bit.
 *
 * @param imatrix from readImatrix, mergeImatrices or an accumulator
 * @param name of the weight
 * @throws RangeError with a near name when it holds no such weight.
 * @example
 * const seen = imatrixAccumulator();
 * seen.add('w', { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });
 * importance(seen.imatrix(), 'w'); // Float32Array [5, 10]
 */
export function importance(imatrix: Imatrix, name: string): F32 {
  const { entries } = checkImatrix(imatrix, 'importance');
  const { sums, counts } = entryOf(entries, name, 'importance');
  const columns = sums.length / counts.length;
  // JavaScript's quotient of two float32 numbers rounds to float32's own quotient.
  return sums.map((sum, i) => {
    const count = counts[Math.floor(i / columns)];
    return count > 0 ? sum / Math.fround(count) : 1;
  });
}

/** `imatrix` when it has the form of one. */
export function checkImatrix(imatrix: unknown, fn: string, argument = 'imatrix'): Imatrix {
  const entries: unknown = isPlainObject(imatrix) ? (imatrix as Partial<Imatrix>).entries : undefined;
  if (Object.prototype.toString.call(entries) === '[object Map]') return imatrix as Imatrix;
  throw typeError(fn, argument, 'an importance matrix', imatrix, 'read one with readImatrix');
}

/**
 * Returns one importance matrix of all that several have seen.
 *
 * Numerics: sums are added in float32 in the order given, as llama-imatrix does with several `--in-file`.
 *
 * @param imatrices at least one; weights that only some of them know are kept
 * @throws RangeError for a weight of different sizes, and for matrices of which some count chunks and others rows (a .dat file read
 * without `chunkSize` beside others).
 * @example
 * const half = imatrixAccumulator();
 * half.add('w', { data: Float32Array.of(1, 2), shape: [1, 2] });
 * mergeImatrices([half.imatrix(), half.imatrix()]).entries.get('w')?.counts; // Float64Array [2]
 */
export function mergeImatrices(imatrices: readonly Imatrix[]): Imatrix {
  const fn = 'mergeImatrices';
  if (!Array.isArray(imatrices) || imatrices.length === 0) {
    throw typeError(fn, 'imatrices', 'an array of importance matrices', imatrices, 'pass at least one');
  }
  const list = imatrices.map((imatrix, i) => checkImatrix(imatrix, fn, `imatrices[${i}]`));
  const { chunkSize } = list[list.length - 1];
  const entries = new Map<string, ImatrixEntry>();
  for (const imatrix of list) {
    if ((imatrix.chunkSize === 0) !== (chunkSize === 0)) {
      const fix = 'read the .dat file with chunkSize: it counts chunks, not rows';
      throw rangeError(fn, 'imatrices', 'all in one unit', imatrix.chunkSize, fix);
    }
    for (const [name, entry] of imatrix.entries) entries.set(name, sumOf(entries.get(name), entry, name, fn));
  }
  const datasets = list.flatMap((imatrix) => Array.from(imatrix.datasets));
  const chunkCount =
    chunkSize === 0
      ? list.reduce((sum, imatrix) => sum + imatrix.chunkCount, 0)
      : chunksOf(entries.values(), chunkSize);
  return { entries, datasets, chunkCount, chunkSize };
}

function sumOf(a: ImatrixEntry | undefined, b: ImatrixEntry, name: string, fn: string): ImatrixEntry {
  if (a === undefined) return { sums: b.sums.slice(), counts: b.counts.slice() };
  if (a.sums.length !== b.sums.length || a.counts.length !== b.counts.length) {
    const expected = `${a.sums.length} sums and ${a.counts.length} counts for ${name}`;
    const got = `${b.sums.length} and ${b.counts.length}`;
    throw rangeError(fn, 'imatrices', expected, got, 'merge matrices of one model');
  }
  return { sums: a.sums.map((sum, i) => sum + b.sums[i]), counts: a.counts.map((n, i) => n + b.counts[i]) };
}

/** Whole chunks that the weight with most rows has seen, as llama-imatrix counts them. */
export function chunksOf(entries: Iterable<ImatrixEntry>, chunkSize: number): number {
  let most = 0;
  for (const { counts } of entries) for (const count of counts) most = Math.max(most, count);
  return Math.floor(most / chunkSize);
}
