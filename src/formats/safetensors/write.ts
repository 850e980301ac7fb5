/** Writing a whole safetensors file into memory. */
import { arrayTag } from '../../core/array-tag.js';
import type { AnyTypedArray } from '../../core/arrays.js';
import { DTYPES } from '../../core/dtype.js';
import { describe, quote, rangeError, typeError } from '../../core/errors.js';
import { checkAttached } from '../../core/numbers.js';
import type { ArraySpec } from '../../core/source.js';
import { checkMetadata, checkSpecs, layOut } from './build.js';
import { checkLimits, type Limits } from './limits.js';
import { elementBytes } from './read.js';
import type { TensorEntry } from './types.js';

/**
 * Returns the bytes of a safetensors file that holds these tensors.
 *
 * Shapes: `data` holds as many elements as the shape says; packed bytes for types below 8 bits (float4_e2m1fn,
 * float6_e2m3fn, float6_e3m2fn). The order of the tensors does not matter.
 *
 * Numerics: bits are stored as they are; little endian, which is every machine that runs WebAssembly.
 *
 * Cost: one copy of the data.
 *
 * Compatible with: safetensors 0.8, to the byte (see buildHeader).
 *
 * @param tensors name, type, shape and data of each
 * @param metadata strings to be stored as `__metadata__`; left out when not given
 * @param limits maxHeaderBytes: refuses a header that readers would refuse
 * @throws TypeError and RangeError for tensors that the format cannot hold or whose data does not fit their shape.
 * @example
 * writeSafetensors([{ name: 'w', dtype: 'int8', shape: [2], data: Int8Array.of(1, -1) }]);
 * @see readSafetensors
 */
export function writeSafetensors(
  tensors: Iterable<ArraySpec & { readonly data: AnyTypedArray }>,
  metadata?: ReadonlyMap<string, string>,
  limits?: Limits,
): ReturnType<typeof Uint8Array.of> {
  const fn = 'writeSafetensors';
  const { maxHeaderBytes } = checkLimits(fn, limits);
  const list = checkSpecs(tensors, fn, 'tensors');
  const header = layOut(list, checkMetadata(metadata, fn), maxHeaderBytes, fn);
  const stored = list.map(({ name, source }) => {
    const entry = header.entries.get(name) as TensorEntry;
    return { begin: entry.begin, bytes: storedBytes(name, entry, source.data, fn) };
  });
  const file = newFile(header.bytes.length + header.dataLength, fn);
  file.set(header.bytes);
  for (const { begin, bytes } of stored) file.set(bytes, header.bytes.length + begin);
  return file;
}

function newFile(byteLength: number, fn: string): ReturnType<typeof Uint8Array.of> {
  try {
    return new Uint8Array(byteLength);
  } catch {
    const fix = 'save it tensor by tensor with saveSafetensors of tensorslim/node';
    throw rangeError(fn, 'tensors', 'a file that fits into one array', `${byteLength} bytes`, fix);
  }
}

/** The bytes of `data`, which must be the array of the entry's type and hold what its shape says. */
export function storedBytes(name: string, entry: TensorEntry, data: unknown, fn: string): Uint8Array {
  const argument = `data of ${quote(name)}`;
  const wanted = DTYPES[entry.dtype].array.name;
  if (arrayTag(data) !== wanted) {
    throw typeError(fn, argument, `a ${wanted} for ${entry.dtype}`, data, 'convert it, or correct the dtype');
  }
  const array = data as Uint8Array;
  checkAttached(array as ReturnType<typeof Uint8Array.of>, fn, argument);
  if (array.byteLength !== entry.byteLength) {
    const packed = DTYPES[entry.dtype].bits < 8;
    const expected = `${entry.byteLength / elementBytes(entry.dtype)} ${packed ? 'packed bytes' : 'elements'}`;
    const fix = packed
      ? 'pack the codes into a little-endian bit stream'
      : `the shape is [${entry.shape.join(', ')}]`;
    throw rangeError(fn, argument, expected, array.length, fix);
  }
  if (entry.dtype === 'bool') {
    const bad = array.findIndex((byte) => byte > 1);
    if (bad >= 0) throw rangeError(fn, argument, '0 or 1', describe(array[bad]), 'store it as uint8');
  }
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
