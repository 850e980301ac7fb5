/** Writing a whole GGUF file into memory. */
import { arrayTag } from '../../core/array-tag.js';
import type { AnyTypedArray, TypedArray, U8 } from '../../core/arrays.js';
import { DTYPES } from '../../core/dtype.js';
import { quote, rangeError, typeError } from '../../core/errors.js';
import { checkAttached } from '../../core/numbers.js';
import { checkOptions } from '../../core/options.js';
import { checkSpecs, layOut, type BuildGgufOptions } from './build.js';
import { checkMetadata } from './build-metadata.js';
import { checkGgufLimits } from './limits.js';
import { checkCheck } from './read.js';
import { memoryLength, memoryTypeOf } from './tensor-types.js';
import type { GgufCheck, GgufEntry, GgufTensorSpec } from './types.js';

/** A tensor with its stored bits. */
export interface GgufTensorData extends GgufTensorSpec {
  /** The array of the element type (codes in a Uint16Array for F16 and BF16); a Uint8Array of blocks for all other types. */
  readonly data: AnyTypedArray;
}

export interface WriteGgufOptions extends BuildGgufOptions {
  /** Called with each tensor before anything is written. */
  readonly check?: GgufCheck;
}

/**
 * Returns the bytes of a GGUF file (version 3) that holds these tensors.
 *
 * Shapes: row-major; `data` holds what the shape says: elements of plain types, the bytes of blocks for all others.
 *
 * Numerics: bits are stored as they are; little endian. A number of metadata with the type float32 is rounded to nearest.
 *
 * Cost: one copy of the data.
 *
 * Compatible with: ggml and gguf 0.19 (Python), to the byte (see buildGgufHeader).
 *
 * @param tensors name, type, shape and data of each, in the order of the file
 * @param options metadata, alignment, limits, check
 * @throws TypeError and RangeError for tensors that the format cannot hold or whose data does not fit their shape.
 * @example
 * const metadata = new Map([['general.name', 'tiny']]);
 * writeGguf([{ name: 'w', type: 'I8', shape: [2], data: Int8Array.of(1, -1) }], { metadata });
 * @see readGguf
 */
export function writeGguf(tensors: Iterable<GgufTensorData>, options?: WriteGgufOptions): U8 {
  const fn = 'writeGguf';
  const keys = ['metadata', 'alignment', 'limits', 'check'] as const;
  const { metadata, alignment, limits, check } = checkOptions(fn, options, keys);
  const { maxHeaderBytes } = checkGgufLimits(fn, limits);
  checkCheck(check, fn);
  const list = checkSpecs(tensors, fn, 'tensors');
  const header = layOut(list, checkMetadata(metadata, alignment, fn), maxHeaderBytes, fn);
  const stored = list.map(({ name, source }) => {
    const entry = header.entries.get(name) as GgufEntry;
    return { begin: entry.begin, bytes: storedBytes(name, entry, source.data, check, fn) };
  });
  const file = newFile(header.bytes.length + header.dataLength, fn);
  file.set(header.bytes);
  for (const { begin, bytes } of stored) file.set(bytes, header.bytes.length + begin);
  return file;
}

function newFile(byteLength: number, fn: string): U8 {
  try {
    return new Uint8Array(byteLength);
  } catch {
    const fix = 'save it tensor by tensor with saveGguf of tensorslim/node';
    throw rangeError(fn, 'tensors', 'a file that fits into one array', `${byteLength} bytes`, fix);
  }
}

/** The bytes of `data`, which must be the array of the entry's type and hold what its shape says. */
export function storedBytes(
  name: string,
  entry: GgufEntry,
  data: unknown,
  check: GgufCheck | undefined,
  fn: string,
): Uint8Array {
  const argument = `data of ${quote(name)}`;
  const { type, dtype, shape } = entry;
  const wanted = DTYPES[memoryTypeOf(type)].array.name;
  if (arrayTag(data) !== wanted) {
    const fix = dtype === null ? 'encode it, or correct the type' : 'convert it, or correct the type';
    throw typeError(fn, argument, `a ${wanted} for ${type}`, data, fix);
  }
  const array = data as TypedArray;
  checkAttached(array, fn, argument);
  if (array.byteLength !== entry.byteLength) {
    const expected = `${memoryLength(type, entry.byteLength)} ${dtype === null ? 'bytes of blocks' : 'elements'}`;
    throw rangeError(fn, argument, expected, array.length, `the shape is [${shape.join(', ')}]`);
  }
  check?.(name, { type, dtype, shape, data: array });
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
