/** The header of a GGUF file: parsed and checked before anything is allocated for the data. */
import { quote } from '../../core/errors.js';
import { GGML_TYPES, type GgmlTypeName } from '../../core/ggml-types.js';
import { Cursor } from './cursor.js';
import { ggufError } from './errors.js';
import { checkLayout, checkPadding } from './layout.js';
import { alignmentOf, readMetadata } from './metadata.js';
import { byteLengthOfType, dtypeOfType, REMOVED_TYPES, typeOfId } from './tensor-types.js';
import {
  MAGIC,
  MAX_AXES,
  MAX_NAME_BYTES,
  padded,
  PREFIX_BYTES,
  VERSION,
  type GgufEntry,
  type GgufHeader,
} from './types.js';

/** The smallest tensor: 8 bytes for the length of its name, 1 for the name, 4 for its axes, 4 for its type, 8 for its place. */
const MIN_TENSOR_BYTES = 25;

/**
 * The header of a file of `fileLength` bytes, of which `bytes` are the beginning.
 *
 * @throws MoreBytes when the header goes on behind `bytes`; FormatError for the first defect.
 */
export function parseHeader(
  bytes: Uint8Array,
  fileLength: number,
  maxHeaderBytes: number,
  label: string,
): GgufHeader {
  const version = checkPrefix(bytes, label);
  const cursor = new Cursor(bytes, fileLength, Math.max(maxHeaderBytes, PREFIX_BYTES), label);
  cursor.take(8, 'magic and version');
  const tensorCount = cursor.uint64('the number of tensors');
  const keyCount = cursor.uint64('the number of keys');
  if (tensorCount * MIN_TENSOR_BYTES > cursor.left) {
    throw cursor.error('GGUF_TENSOR_COUNT', 'tensors that fit into the file', `${tensorCount} tensors`, 8);
  }
  const metadata = readMetadata(cursor, keyCount);
  const alignment = alignmentOf(metadata, label);
  const tensors = readTensors(cursor, tensorCount);
  const end = cursor.position;
  const dataBegin = tensors.size > 0 ? padded(end, alignment) : end;
  const padding = Math.min(padded(end, alignment), fileLength) - end;
  checkPadding(cursor.take(padding, 'padding'), 'the header', end, label);
  // Without tensors there is no data, and all that may follow is padding.
  const header = { version, alignment, metadata, tensors, dataBegin };
  checkLayout(tensors.size > 0 ? header : { ...header, dataBegin: end + padding }, fileLength, label);
  return header;
}

function checkPrefix(bytes: Uint8Array, label: string): 2 | 3 {
  const magic = bytes.subarray(0, MAGIC.length);
  if (magic.some((byte, i) => byte !== MAGIC[i])) {
    const got = quote(String.fromCharCode(...magic));
    const fix = 'name a GGUF file; the older formats of ggml need the tools of their time';
    throw ggufError('GGUF_MAGIC', label, 'a file that begins with "GGUF"', got, fix, 0);
  }
  if (bytes.length < PREFIX_BYTES) {
    const got = `${bytes.length} bytes`;
    const fix = 'the file is cut off: get it again';
    throw ggufError('GGUF_TOO_SHORT', label, `at least ${PREFIX_BYTES} bytes`, got, fix, bytes.length);
  }
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  if (version === 2 || version === VERSION) return version;
  if (version === 1) {
    const fix = 'convert the model again with tools of today, which have not read version 1 since 2023';
    throw ggufError('GGUF_VERSION_1', label, 'version 2 or 3', '1, whose layout is another', fix, 4);
  }
  if (version !== 0 && version % 2 ** 16 === 0) {
    const fix = 'convert it with gguf_convert_endian.py of the gguf package';
    throw ggufError('GGUF_BIG_ENDIAN', label, 'a little-endian file', 'a big-endian one', fix, 4);
  }
  const fix = 'a later version needs a later release of this library';
  throw ggufError('GGUF_VERSION', label, 'version 2 or 3', String(version), fix, 4);
}

function readTensors(cursor: Cursor, count: number): Map<string, GgufEntry> {
  const tensors = new Map<string, GgufEntry>();
  for (let i = 0; i < count; i++) {
    const begin = cursor.position;
    const name = cursor.string(`the name of tensor ${i}`, MAX_NAME_BYTES, 'GGUF_NAME_TOO_LONG');
    if (name === '') throw cursor.error('GGUF_NAME_EMPTY', `a name for tensor ${i}`, 'an empty one', begin);
    if (name.includes('\0')) {
      const expected = `the name of tensor ${i} without NUL, where C programs stop reading`;
      throw cursor.error('GGUF_NUL', expected, quote(name), begin);
    }
    if (tensors.has(name)) throw cursor.error('GGUF_NAME_DUPLICATE', 'each name once', quote(name), begin);
    tensors.set(name, readEntry(cursor, `tensor ${quote(name)}`));
  }
  return tensors;
}

function readEntry(cursor: Cursor, what: string): GgufEntry {
  const shapeBegin = cursor.position;
  const shape = readShape(cursor, what);
  const type = readTensorType(cursor, what);
  const { elements } = GGML_TYPES[type];
  const row = shape.length === 0 ? 1 : shape[shape.length - 1];
  if (row % elements !== 0) {
    const expected = `rows of ${what} in whole blocks of ${elements} (${type})`;
    throw cursor.error('GGUF_BLOCK', expected, `rows of ${row}`, shapeBegin);
  }
  const byteLength = byteLengthOfType(type, shape);
  if (byteLength === Infinity) {
    const got = `[${shape.join(', ')}]`;
    throw cursor.error('GGUF_SHAPE_OVERFLOW', `${what} below 2^53 bytes`, got, shapeBegin);
  }
  const offsetBegin = cursor.position;
  const begin = cursor.uint64(`the offset of ${what}`);
  if (begin > Number.MAX_SAFE_INTEGER - byteLength) {
    throw cursor.error('GGUF_OFFSET', `${what} inside the file`, `offset ${begin}`, offsetBegin);
  }
  return { type, dtype: dtypeOfType(type), shape, byteLength, begin, end: begin + byteLength };
}

function readShape(cursor: Cursor, what: string): number[] {
  const begin = cursor.position;
  const rank = cursor.uint32(`the number of axes of ${what}`);
  if (rank > MAX_AXES)
    throw cursor.error('GGUF_RANK', `at most ${MAX_AXES} axes for ${what}`, String(rank), begin);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const at = cursor.position;
    const length = cursor.uint64(`an axis of ${what}`);
    if (length > Number.MAX_SAFE_INTEGER) {
      throw cursor.error('GGUF_SHAPE', `axes of ${what} below 2^53`, String(length), at);
    }
    shape.unshift(length);
  }
  return shape;
}

function readTensorType(cursor: Cursor, what: string): GgmlTypeName {
  const begin = cursor.position;
  const id = cursor.uint32(`the type of ${what}`);
  const type = typeOfId(id);
  if (type !== undefined) return type;
  const removed = REMOVED_TYPES.get(id);
  const expected = `a type of ggml for ${what}`;
  if (removed !== undefined) {
    const fix = 'convert the model again: ggml has removed this type';
    throw ggufError('GGUF_TYPE_REMOVED', cursor.label, expected, `${id} (${removed})`, fix, begin);
  }
  const fix = 'a type of another program, or a later one: write the file with llama.cpp';
  throw ggufError('GGUF_TYPE_UNKNOWN', cursor.label, expected, String(id), fix, begin);
}
