/** safetensors files in memory. */
import type { TypedArray, U8 } from '../../core/arrays.js';
import { DTYPES, type DType } from '../../core/dtype.js';
import { quote, rangeError, typeError } from '../../core/errors.js';
import { nearestName } from '../../core/text.js';
import type { NamedArray } from '../../core/source.js';
import { tensor, type Tensor } from '../../core/tensor.js';
import {
  buildHeader,
  headerLength,
  parseHeader,
  PREFIX_BYTES,
  type SafetensorsEntry,
  type SafetensorsHeader,
  type SafetensorsLimits,
} from './header.js';

/** A file whose header was read and checked; tensors are read when asked for. */
export interface SafetensorsFile extends SafetensorsHeader {
  /** The tensor `name` in an array of its own; types below 8 bits stay packed bytes. */
  tensor(name: string): Tensor;
}

/**
 * Returns a safetensors file that lies in memory, its header checked strictly.
 *
 * Shapes: as the file says; a scalar has shape [], empty tensors are allowed.
 * Numerics: stored bits are not changed: float16 and the smaller floats are codes (`decodeFloat` reads them). NaN and infinities in the
 * data are not looked for.
 * Cost: linear in the header; no allocation from a length that was not checked against the file.
 * Compatible with: safetensors 0.8 (Rust), never looser; the few places where this reader is stricter are listed in docs/formats.md.
 *
 * @param bytes the whole file
 * @param options limits
 * @throws TypeError for the wrong kind of argument; FormatError with a code that docs/formats.md lists.
 * @example
 * const bytes = writeSafetensors([{ name: 'w', dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) }]);
 * readSafetensors(bytes).tensor('w').data; // Float32Array [1, 2]
 * @see https://github.com/huggingface/safetensors#format
 */
export function readSafetensors(
  bytes: U8,
  options: { readonly limits?: SafetensorsLimits } = {},
): SafetensorsFile {
  if (!(bytes instanceof Uint8Array)) {
    throw typeError('readSafetensors', 'bytes', 'a Uint8Array', bytes, 'pass the bytes of the file');
  }
  const length = headerLength(bytes.subarray(0, PREFIX_BYTES) as U8, bytes.length, options.limits);
  const dataAt = PREFIX_BYTES + length;
  const header = parseHeader(bytes.subarray(PREFIX_BYTES, dataAt) as U8, bytes.length - dataAt);
  return {
    ...header,
    tensor(name) {
      const entry = entryOf(header, name);
      // A copy: the data may begin at any byte, which a view of wider elements cannot.
      return toTensor(entry, bytes.slice(dataAt + entry.begin, dataAt + entry.end) as U8);
    },
  };
}

/** The entry of `name`, or the error that names the nearest tensor. */
export function entryOf({ tensors }: SafetensorsHeader, name: string): SafetensorsEntry {
  const entry = tensors.get(name);
  if (entry !== undefined) return entry;
  const near = typeof name === 'string' ? nearestName(name, tensors.keys()) : null;
  const fix = near === null ? `it has ${tensors.size} tensors` : `did you mean ${quote(near)}?`;
  throw rangeError('readSafetensors', 'name', 'a tensor of the file', name, fix);
}

/** The tensor of an entry over `bytes`, which must begin at an address that its elements allow. */
export function toTensor({ dtype, shape }: SafetensorsEntry, bytes: U8): Tensor {
  if (DTYPES[dtype].bits < 8) return { data: bytes, shape, dtype };
  return tensor(arrayOver(bytes, dtype), shape, dtype);
}

function arrayOver(bytes: U8, dtype: DType): TypedArray {
  const { array } = DTYPES[dtype];
  return new (array as Uint8ArrayConstructor)(
    bytes.buffer,
    bytes.byteOffset,
    bytes.length / array.BYTES_PER_ELEMENT,
  );
}

/**
 * Returns a safetensors file as bytes, identical to what the reference writes for the same tensors.
 *
 * @param tensors name, dtype, shape and data each; the order does not matter
 * @param metadata text by key for the file's `__metadata__`
 * @throws TypeError or RangeError for what a reader would reject: nothing invalid is ever written.
 * @example
 * writeSafetensors([{ name: 'w', dtype: 'int8', shape: [3], data: Int8Array.of(1, 2, 3) }]).length; // 75
 * @see readSafetensors
 */
export function writeSafetensors(tensors: Iterable<NamedArray>, metadata?: ReadonlyMap<string, string>): U8 {
  const all = [...tensors];
  const { bytes: header, entries, dataLength } = buildHeader(all, metadata);
  const file = new Uint8Array(header.length + dataLength);
  file.set(header);
  for (const { name, data } of all) {
    const { begin, end, dtype } = entries.get(name) as SafetensorsEntry;
    file.set(bytesOf(name, data, dtype, end - begin), header.length + begin);
  }
  return file as U8;
}

/** The bytes of a tensor's array, after checking that they are as many as its shape needs. */
export function bytesOf(name: string, data: TypedArray, dtype: DType, byteLength: number): U8 {
  const fn = 'writeSafetensors';
  const { array, bits } = DTYPES[dtype];
  if (!ArrayBuffer.isView(data) || (bits >= 8 && data.BYTES_PER_ELEMENT !== array.BYTES_PER_ELEMENT)) {
    throw typeError(fn, 'data', `a ${array.name} for ${dtype}`, data, `convert ${quote(name)}`);
  }
  if (data.byteLength !== byteLength) {
    throw rangeError(
      fn,
      'data',
      `${byteLength} bytes for ${quote(name)}`,
      data.byteLength,
      'check its shape and dtype',
    );
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength) as U8;
}
