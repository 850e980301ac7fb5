/** Reading a GGUF file that lies in memory. */
import { arrayTag } from '../../core/array-tag.js';
import type { U8 } from '../../core/arrays.js';
import { quote, rangeError, typeError } from '../../core/errors.js';
import { checkAttached } from '../../core/numbers.js';
import { checkOptions } from '../../core/options.js';
import { nearestName } from '../../core/text.js';
import { parseHeader } from './header.js';
import { checkPadding } from './layout.js';
import { checkGgufLimits, type GgufLimits } from './limits.js';
import { storedArray } from './tensor-types.js';
import { padded, type GgufCheck, type GgufHeader, type GgufTensor } from './types.js';

export interface ReadGgufOptions {
  readonly limits?: GgufLimits;
  /** Called with each tensor that is read, before it is returned. */
  readonly check?: GgufCheck;
}

/** A GGUF file in memory. */
export interface GgufFile extends GgufHeader {
  /**
   * The stored bits of one tensor. The data shares memory with the file where its place allows, and is a copy where the place is not
   * a multiple of the element's size.
   */
  tensor(name: string): GgufTensor;
}

/** Names that a message about an unknown name is compared with. */
const MAX_SUGGESTIONS = 1000;

/**
 * Returns the tensors and the metadata of a GGUF file, its header checked in full and no tensor touched yet.
 *
 * Shapes: up to four axes, row-major: a weight of `out` rows by `in` columns is [out, in], which the file has as (in, out). Rows
 * of block types are whole blocks. 0-d and empty tensors are ordinary.
 *
 * Numerics: bits are passed on as they are stored; blocks are bytes. 64-bit integers of metadata are bigints, others numbers, lists
 * of numbers typed arrays; float32 values are exact (the payload of a NaN may be lost in a single value, not in a list).
 *
 * Cost: linear in the header: a vocabulary of 400,000 texts takes 70 ms. Tensors are views of `bytes` where alignment allows, so nothing is copied.
 *
 * Compatible with: ggml (August 2026), versions 2 and 3, little endian; stricter in the cases that docs/formats.md lists, never
 * looser. A file that is one of several is read by itself: models in shards are opened with openGguf of `tensorslim/node`.
 *
 * @param bytes the whole file
 * @param options limits: upper bounds for hostile files; check: looks at each tensor, at the scales of its blocks for example
 * @returns tensors (in the order of the header), metadata, and `tensor(name)`
 * @throws FormatError with the code and the place of the first defect.
 * @example
 * const data = Float32Array.of(1, 2);
 * const bytes = writeGguf([{ name: 'w', type: 'F32', shape: [2], data }]);
 * readGguf(bytes).tensor('w').data; // Float32Array [1, 2]
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function readGguf(bytes: Uint8Array, options?: ReadGgufOptions): GgufFile {
  const fn = 'readGguf';
  if (arrayTag(bytes) !== 'Uint8Array') {
    throw typeError(fn, 'bytes', 'a Uint8Array', bytes, 'pass the bytes of the whole file');
  }
  checkAttached(bytes as U8, fn, 'bytes');
  const { limits, check } = checkOptions(fn, options, ['limits', 'check']);
  const { maxHeaderBytes } = checkGgufLimits(fn, limits);
  checkCheck(check, fn);
  const label = `${fn}: "bytes"`;
  const header = parseHeader(bytes, bytes.length, maxHeaderBytes, label);
  const { tensors, dataBegin, alignment } = header;
  return {
    ...header,
    tensor(name) {
      const { type, dtype, shape, begin, end } = entryOf(tensors, name, 'tensor');
      checkAttached(bytes as U8, fn, 'bytes');
      const padding = bytes.subarray(dataBegin + end, dataBegin + padded(end, alignment));
      checkPadding(padding, `tensor ${quote(name)}`, dataBegin + end, label);
      const data = storedArray(type, bytes.subarray(dataBegin + begin, dataBegin + end));
      const tensor = { type, dtype, shape, data };
      check?.(name, tensor);
      return tensor;
    },
  };
}

export function checkCheck(check: unknown, fn: string): void {
  if (check === undefined || typeof check === 'function') return;
  throw typeError(fn, 'check', 'a function', check, 'pass a function of name and tensor, or leave it out');
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
