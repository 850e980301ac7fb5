/** Reading a safetensors file that lies in memory. */
import { arrayTag } from '../../core/array-tag.js';
import type { TypedArray } from '../../core/arrays.js';
import { DTYPES, type DType } from '../../core/dtype.js';
import { describe, quote, rangeError, typeError } from '../../core/errors.js';
import { checkAttached } from '../../core/numbers.js';
import { checkOptions } from '../../core/options.js';
import type { Tensor } from '../../core/tensor.js';
import { nearestName } from '../../core/text.js';
import { safetensorsError } from './errors.js';
import { parseCheckedHeader, readHeaderLength } from './header.js';
import { checkLimits, type Limits } from './limits.js';
import { PREFIX_BYTES, type Header } from './types.js';

export interface ReadSafetensorsOptions {
  readonly limits?: Limits;
}

/** A safetensors file in memory. */
export interface SafetensorsFile extends Header {
  /**
   * The stored bits of one tensor: floats below 32 bits as codes, types below 8 bits packed (F4: two codes per byte, low
   * nibble first; F6: a little-endian bit stream). The data shares memory with the file where its place allows, and is a
   * copy where the place is not a multiple of the element's size.
   */
  tensor(name: string): Tensor;
}

/** Names that a message about an unknown name is compared with. */
const MAX_SUGGESTIONS = 1000;

/**
 * Returns the tensors of a safetensors file, its header checked in full and no tensor touched yet.
 *
 * Shapes: any, up to 64 axes; 0-d and empty tensors are ordinary. Names are ordinary strings, `__proto__` too.
 *
 * Numerics: bits are passed on as they are stored: NaN payloads, -0 and subnormals stay. Booleans other than 0 and 1 are
 * an error when their tensor is read.
 *
 * Cost: linear in the header. Tensors are views of `bytes` where alignment allows, so nothing is copied.
 *
 * Compatible with: safetensors 0.8; stricter in the cases that docs/formats.md lists, never looser.
 *
 * @param bytes the whole file
 * @param options limits: upper bounds for hostile files; an error names the one that stopped it
 * @returns tensors (in the order of the header), metadata, and `tensor(name)`
 * @throws FormatError with the code and the place of the first defect.
 * @example
 * const data = Float32Array.of(1, 2);
 * const bytes = writeSafetensors([{ name: 'w', dtype: 'float32', shape: [2], data }]);
 * readSafetensors(bytes).tensor('w').data; // Float32Array [1, 2]
 * @see https://github.com/huggingface/safetensors#format
 */
export function readSafetensors(bytes: Uint8Array, options?: ReadSafetensorsOptions): SafetensorsFile {
  const fn = 'readSafetensors';
  if (arrayTag(bytes) !== 'Uint8Array') {
    throw typeError(fn, 'bytes', 'a Uint8Array', bytes, 'pass the bytes of the whole file');
  }
  checkAttached(bytes as ReturnType<typeof Uint8Array.of>, fn, 'bytes');
  const { maxHeaderBytes } = checkLimits(fn, checkOptions(fn, options, ['limits']).limits);
  const label = `${fn}: "bytes"`;
  const length = readHeaderLength(bytes, bytes.length, maxHeaderBytes, label);
  const dataBegin = PREFIX_BYTES + length;
  const header = parseCheckedHeader(bytes.subarray(PREFIX_BYTES, dataBegin), bytes.length - dataBegin, label);
  return {
    ...header,
    tensor(name: string): Tensor {
      const entry = entryOf(header.tensors, name, 'tensor');
      checkAttached(bytes as ReturnType<typeof Uint8Array.of>, fn, 'bytes');
      const stored = bytes.subarray(dataBegin + entry.begin, dataBegin + entry.end);
      const data = storedArray(entry.dtype, stored);
      checkStored(name, entry.dtype, data, dataBegin + entry.begin, label);
      return { data, shape: entry.shape, dtype: entry.dtype };
    },
  };
}

/** The entry of `name`, or the named error with a near name. */
export function entryOf<T>(entries: ReadonlyMap<string, T>, name: string, fn: string): T {
  const entry = entries.get(name);
  if (entry !== undefined) return entry;
  if (typeof name !== 'string') throw typeError(fn, 'name', 'a string', name, 'pass the name of a tensor');
  const near = entries.size <= MAX_SUGGESTIONS ? nearestName(name, entries.keys()) : null;
  const fix = near === null ? `it holds ${entries.size} tensors` : `did you mean ${quote(near)}?`;
  throw rangeError(fn, 'name', 'the name of a tensor of this model', name, fix);
}

/** Bytes of one element in memory: types below 8 bits stay packed. */
export function elementBytes(dtype: DType): number {
  return Math.max(1, DTYPES[dtype].bits / 8);
}

/** `stored` as the array of `dtype`: the same memory where its place allows, else a copy. */
function storedArray(dtype: DType, stored: Uint8Array): TypedArray {
  const size = elementBytes(dtype);
  const { buffer, byteOffset, byteLength } = stored.byteOffset % size === 0 ? stored : new Uint8Array(stored);
  return new DTYPES[dtype].array(buffer as ArrayBuffer, byteOffset, byteLength / size);
}

/** The named error for stored bits that no value of the type has. */
export function checkStored(
  name: string,
  dtype: DType,
  data: TypedArray,
  offset: number,
  label: string,
): void {
  if (dtype !== 'bool') return;
  const bad = (data as Uint8Array).findIndex((byte) => byte > 1);
  if (bad < 0) return;
  const message = `${label} expected 0 or 1 for each boolean of tensor ${quote(name)}, got ${describe(data[bad])} - store it as U8`;
  throw safetensorsError('SAFETENSORS_BOOL', message, offset + bad);
}
