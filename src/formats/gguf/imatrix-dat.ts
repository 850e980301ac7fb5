/**
 * The older binary form of importance matrices (.dat), all numbers little endian:
 *
 * int32 entries; for each: int32 length and bytes of its name, int32 calls (chunks), int32 n, n float32 means of squares times calls;
 * then, in files of 2024 and later, int32 chunks of all and int32 length and bytes of the data set's name.
 */
import type { F32, U8 } from '../../core/arrays.js';
import { quote } from '../../core/errors.js';
import { Bytes } from './bytes.js';
import { ggufError, type GgufErrorCode } from './errors.js';
import type { Imatrix, ImatrixEntry } from './imatrix.js';

/** The smallest entry: three numbers, one letter, one float. */
const MIN_ENTRY_BYTES = 17;

class DatCursor {
  position = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #label: string;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(bytes: Uint8Array, label: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#label = label;
  }

  get left(): number {
    return this.#bytes.length - this.position;
  }

  take(count: number, what: string): Uint8Array {
    if (count > this.left) {
      const fix = 'the file is cut off, or no importance matrix';
      const got = `${this.left} bytes`;
      throw ggufError(
        'GGUF_IMATRIX_TRUNCATED',
        this.#label,
        `${what} (${count} bytes)`,
        got,
        fix,
        this.position,
      );
    }
    this.position += count;
    return this.#bytes.subarray(this.position - count, this.position);
  }

  /** A whole number that is at least `min`. */
  int32(what: string, min: number): number {
    const at = this.position;
    this.take(4, what);
    const value = this.#view.getInt32(at, true);
    if (value < min) throw this.error('GGUF_IMATRIX_COUNT', `${what} from ${min} up`, String(value), at);
    return value;
  }

  text(what: string, minBytes: number): string {
    const length = this.int32(`the length of ${what}`, minBytes);
    const begin = this.position;
    const bytes = this.take(length, what);
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw this.error('GGUF_UTF8', `${what} in UTF-8`, 'other bytes', begin);
    }
  }

  error(code: GgufErrorCode, expected: string, got: string, offset: number): Error {
    const fix = 'make the matrix again with llama-imatrix';
    return ggufError(code, this.#label, expected, got, fix, offset);
  }
}

/** The matrix of a .dat file; with a `chunkSize`, in rows and not in chunks. */
export function readDat(bytes: Uint8Array, chunkSize: number | undefined, label: string): Imatrix {
  const cursor = new DatCursor(bytes, label);
  const count = cursor.int32('the number of entries', 1);
  if (count * MIN_ENTRY_BYTES > cursor.left) {
    throw cursor.error('GGUF_IMATRIX_COUNT', 'entries that fit into the file', `${count} entries`, 0);
  }
  const entries = new Map<string, ImatrixEntry>();
  for (let i = 0; i < count; i++) {
    const begin = cursor.position;
    const name = cursor.text(`the name of entry ${i}`, 1);
    if (entries.has(name)) throw cursor.error('GGUF_IMATRIX_DUPLICATE', 'each name once', quote(name), begin);
    entries.set(name, readEntry(cursor, name, chunkSize ?? 1));
  }
  // Older files end here.
  const chunkCount = cursor.left === 0 ? 0 : cursor.int32('the number of chunks', 0);
  const dataset = cursor.left === 0 ? '' : cursor.text('the name of the data set', 0);
  if (cursor.left > 0) {
    const got = `${cursor.left} bytes more`;
    throw cursor.error('GGUF_IMATRIX_TRAILING', 'the file to end with its data set', got, cursor.position);
  }
  return { entries, datasets: dataset === '' ? [] : [dataset], chunkCount, chunkSize: chunkSize ?? 0 };
}

function readEntry(cursor: DatCursor, name: string, factor: number): ImatrixEntry {
  const calls = cursor.int32(`the calls of ${quote(name)}`, 0);
  const length = cursor.int32(`the number of values of ${quote(name)}`, 1);
  const begin = cursor.position;
  const stored = new Float32Array(
    new Uint8Array(cursor.take(4 * length, `the values of ${quote(name)}`)).buffer,
  );
  // The float32 product of two float32 numbers.
  const sums = stored.map((value) => value * Math.fround(factor));
  const bad = sums.findIndex((sum) => !(sum >= 0 && sum < Infinity));
  if (bad >= 0) {
    const expected = `sums of ${quote(name)} from 0 up`;
    const got = `${sums[bad]} at index ${bad}`;
    throw cursor.error('GGUF_IMATRIX_VALUE', expected, got, begin + 4 * bad);
  }
  // Without calls llama-quantize takes the values as they are: as if there had been one.
  return { sums, counts: Float64Array.of(Math.max(1, calls) * factor) };
}

/** The bytes of a .dat file. */
export function datBytes(imatrix: Imatrix, names: readonly string[], tooLong: (length: number) => Error): U8 {
  const { entries, datasets, chunkCount, chunkSize } = imatrix;
  const out = new Bytes(2 ** 31 - 1, tooLong);
  const encoder = new TextEncoder();
  const text = (value: string): void => {
    const encoded = encoder.encode(value);
    out.int32(encoded.length);
    out.append(encoded);
  };
  // A matrix that has seen nothing is left out, as llama-imatrix does.
  const stored = names.filter((name) =>
    (entries.get(name) as ImatrixEntry).counts.some((count) => count > 0),
  );
  out.int32(stored.length);
  for (const name of stored) {
    const entry = entries.get(name) as ImatrixEntry;
    const calls = Math.ceil(
      entry.counts.reduce((most, count) => Math.max(most, count)) / Math.max(1, chunkSize),
    );
    text(name);
    out.int32(calls);
    out.int32(entry.sums.length);
    const values = chunkSize === 0 ? entry.sums : scaled(entry, calls);
    out.append(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  out.int32(chunkCount);
  text(datasets[datasets.length - 1] ?? '');
  return out.done();
}

/** Means of squares times calls, in float32; ones for matrices that have seen nothing. */
function scaled({ sums, counts }: ImatrixEntry, calls: number): F32 {
  const columns = sums.length / counts.length;
  return sums.map((sum, i) => {
    const count = counts[Math.floor(i / columns)];
    const mean = count > 0 ? Math.fround(sum / Math.fround(count)) : 1;
    return mean * Math.fround(calls);
  });
}
