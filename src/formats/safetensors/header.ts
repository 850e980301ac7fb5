/** The header of a safetensors file: parsed and checked before anything is allocated for the data. */
import { arrayTag } from '../../core/array-tag.js';
import type { DType } from '../../core/dtype.js';
import { quote, typeError } from '../../core/errors.js';
import { checkInteger } from '../../core/options.js';
import { MAX_RANK } from '../../core/shape.js';
import { bitsOf, dtypeOfSpelling, spellings, UNSUPPORTED_SPELLINGS } from './dtypes.js';
import { safetensorsError } from './errors.js';
import { DAMAGED, JsonReader, OPEN_BRACE, words } from './json-reader.js';
import { checkLayout } from './layout.js';
import { checkLimits, type Limits } from './limits.js';
import { METADATA_NAME, PREFIX_BYTES, type Header, type TensorEntry } from './types.js';

const FIELDS = words(['dtype', 'shape', 'data_offsets']);
const DTYPE_WORDS = words(spellings());

/**
 * Returns the tensors and the metadata of a header, every rule of the format checked.
 *
 * Shapes: `begin` and `end` of each tensor are its data_offsets; together the tensors cover the data without hole or
 * overlap, so that no read can leave the file.
 *
 * Cost: linear; 100 MB with 1.2 million tensors take about 2 s.
 *
 * Compatible with: safetensors 0.8; stricter in the cases that docs/formats.md lists, never looser.
 *
 * @param headerBytes the JSON text: the file without the 8 bytes of length before it and the data behind it
 * @param dataLength bytes of the file behind the header
 * @param limits as for readSafetensors
 * @throws FormatError with the code and the place of the first defect.
 * @example
 * parseHeader(new TextEncoder().encode('{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}'), 3);
 * @see readSafetensors
 */
export function parseHeader(headerBytes: Uint8Array, dataLength: number, limits?: Limits): Header {
  const fn = 'parseHeader';
  if (arrayTag(headerBytes) !== 'Uint8Array') {
    throw typeError(fn, 'headerBytes', 'a Uint8Array', headerBytes, 'pass the bytes of the JSON text');
  }
  checkInteger(fn, 'dataLength', dataLength, 0, Number.MAX_SAFE_INTEGER);
  const { maxHeaderBytes } = checkLimits(fn, limits);
  const label = `${fn}: "headerBytes"`;
  checkHeaderLength(headerBytes.length, Infinity, maxHeaderBytes, label);
  return parseCheckedHeader(headerBytes, dataLength, label);
}

/** The length that the first 8 bytes of a file say, checked against the file and the limit before anything is allocated. */
export function readHeaderLength(
  prefix: Uint8Array,
  fileLength: number,
  maxHeaderBytes: number,
  label: string,
): number {
  if (prefix.length < PREFIX_BYTES) {
    const got = `${prefix.length} bytes`;
    const message = `${label} expected a file of at least 8 bytes, got ${got} - ${DAMAGED}`;
    throw safetensorsError('SAFETENSORS_TOO_SHORT', message, prefix.length);
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES);
  // Above 2^53 the low bits are lost, which no limit and no file length can notice.
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  checkHeaderLength(length, fileLength - PREFIX_BYTES, maxHeaderBytes, label);
  return length;
}

function checkHeaderLength(length: number, available: number, maxHeaderBytes: number, label: string): void {
  if (length > maxHeaderBytes) {
    const fix = 'raise limits.maxHeaderBytes if the file is trustworthy, else it is damaged';
    const message = `${label} expected a header of at most ${maxHeaderBytes} bytes, got ${length} - ${fix}`;
    throw safetensorsError('SAFETENSORS_HEADER_TOO_LARGE', message, 0);
  }
  if (length > available) {
    const message = `${label} expected a header inside the file, got ${length} bytes where ${available} follow - ${DAMAGED}`;
    throw safetensorsError('SAFETENSORS_HEADER_LENGTH', message, 0);
  }
}

export function parseCheckedHeader(bytes: Uint8Array, dataLength: number, label: string): Header {
  const reader = new JsonReader(bytes, label, PREFIX_BYTES);
  if (bytes[0] !== OPEN_BRACE) {
    const message = `expected a header that begins with "{", got ${describeStart(bytes)} - ${DAMAGED}`;
    throw reader.error('SAFETENSORS_HEADER_START', message);
  }
  const tensors = new Map<string, TensorEntry>();
  let metadata: Map<string, string> | null = null;
  let count = 0;
  for (let more = reader.beginObject('SAFETENSORS_SYNTAX', 'a header'); more; more = reader.nextMember()) {
    reader.peek();
    const at = reader.at;
    const name = reader.readKey();
    if (name === METADATA_NAME) {
      if (metadata !== null) throw duplicate(reader, 'SAFETENSORS_METADATA_DUPLICATE', METADATA_NAME, at);
      metadata = readMetadata(reader);
    } else {
      // One access to the map per name, not two: with a million names they are half of the time.
      tensors.set(name, readEntry(reader, name, at));
      if (tensors.size !== ++count) throw duplicate(reader, 'SAFETENSORS_TENSOR_DUPLICATE', name, at);
    }
  }
  if (reader.peek() !== -1) {
    throw reader.unexpected('SAFETENSORS_HEADER_TRAILING', 'only white space behind the header', DAMAGED);
  }
  checkLayout(tensors, dataLength, PREFIX_BYTES + bytes.length, label);
  return { tensors, metadata: metadata ?? new Map<string, string>() };
}

function describeStart(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty header';
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'a byte order mark';
  return `byte 0x${bytes[0].toString(16).padStart(2, '0')}`;
}

function duplicate(
  reader: JsonReader,
  code: 'SAFETENSORS_METADATA_DUPLICATE' | 'SAFETENSORS_TENSOR_DUPLICATE',
  name: string,
  at: number,
): Error {
  const fix = 'readers would disagree about which one counts: write the file again';
  return reader.error(code, `expected each name once, got ${quote(name)} again - ${fix}`, at);
}

function readMetadata(reader: JsonReader): Map<string, string> {
  const metadata = new Map<string, string>();
  const what = 'the values of __metadata__ as strings';
  for (
    let more = reader.beginObject('SAFETENSORS_METADATA', METADATA_NAME);
    more;
    more = reader.nextMember()
  ) {
    reader.peek();
    const at = reader.at;
    const key = reader.readKey();
    if (metadata.has(key)) throw duplicate(reader, 'SAFETENSORS_METADATA_DUPLICATE', key, at);
    metadata.set(key, reader.readString('SAFETENSORS_METADATA', what));
  }
  return metadata;
}

function readEntry(reader: JsonReader, name: string, at: number): TensorEntry {
  let dtype: DType | null = null;
  let shape: readonly number[] | null = null;
  let offsets: readonly [number, number] | null = null;
  for (let more = reader.beginObject('SAFETENSORS_ENTRY', 'a tensor'); more; more = reader.nextMember()) {
    reader.peek();
    const keyAt = reader.at;
    const key = reader.readKey(FIELDS);
    if (key === 'dtype') {
      if (dtype !== null) throw repeatedField(reader, name, key, keyAt);
      dtype = readDType(reader, name);
    } else if (key === 'shape') {
      if (shape !== null) throw repeatedField(reader, name, key, keyAt);
      shape = readShape(reader);
    } else if (key === 'data_offsets') {
      if (offsets !== null) throw repeatedField(reader, name, key, keyAt);
      offsets = readOffsets(reader);
    } else {
      const message = `expected the fields dtype, shape and data_offsets of tensor ${quote(name)}, got ${quote(key)} - ${DAMAGED}`;
      throw reader.error('SAFETENSORS_FIELD_UNKNOWN', message, keyAt);
    }
  }
  if (dtype === null || shape === null || offsets === null) {
    const missing = dtype === null ? 'dtype' : shape === null ? 'shape' : 'data_offsets';
    const message = `expected dtype, shape and data_offsets of tensor ${quote(name)}, got no ${missing} - ${DAMAGED}`;
    throw reader.error('SAFETENSORS_FIELD_MISSING', message, at);
  }
  return checkedEntry(reader, name, at, dtype, shape, offsets);
}

function repeatedField(reader: JsonReader, name: string, field: string, at: number): Error {
  const message = `expected each field of tensor ${quote(name)} once, got ${field} again - ${DAMAGED}`;
  return reader.error('SAFETENSORS_FIELD_DUPLICATE', message, at);
}

function readDType(reader: JsonReader, name: string): DType {
  reader.peek();
  const at = reader.at;
  const spelling = reader.readString('SAFETENSORS_DTYPE_UNKNOWN', 'dtype as a string', DTYPE_WORDS);
  const dtype = dtypeOfSpelling(spelling);
  if (dtype !== undefined) return dtype;
  const unsupported = UNSUPPORTED_SPELLINGS.includes(spelling);
  const fix = unsupported ? 'convert the tensor with the tool that wrote it' : DAMAGED;
  const message = `expected a dtype of ${spellings().join(' ')} for tensor ${quote(name)}, got ${quote(spelling)} - ${fix}`;
  throw reader.error(
    unsupported ? 'SAFETENSORS_DTYPE_UNSUPPORTED' : 'SAFETENSORS_DTYPE_UNKNOWN',
    message,
    at,
  );
}

function readShape(reader: JsonReader): readonly number[] {
  const shape: number[] = [];
  for (let more = reader.beginArray('SAFETENSORS_SHAPE', 'shape'); more; more = reader.nextItem()) {
    if (shape.length === MAX_RANK) {
      const message = `expected at most ${MAX_RANK} axes, got more - merge axes before saving`;
      throw reader.error('SAFETENSORS_SHAPE', message);
    }
    shape.push(reader.readInteger('an axis of shape'));
  }
  // A copy has no room for more: an array that grew by push keeps 17 places, 130 bytes for each of a million shapes.
  return shape.slice();
}

function readOffsets(reader: JsonReader): readonly [number, number] {
  const code = 'SAFETENSORS_OFFSETS';
  const what = 'data_offsets as [begin, end]';
  if (!reader.beginArray(code, 'data_offsets')) throw reader.unexpected(code, what, DAMAGED);
  const begin = reader.readInteger('begin of data_offsets');
  if (!reader.nextItem()) throw reader.unexpected(code, what, DAMAGED);
  const end = reader.readInteger('end of data_offsets');
  if (reader.nextItem()) throw reader.unexpected(code, what, DAMAGED);
  return [begin, end];
}

/** The entry, once its three fields agree: bytes between the offsets = elements x bits / 8. */
function checkedEntry(
  reader: JsonReader,
  name: string,
  at: number,
  dtype: DType,
  shape: readonly number[],
  [begin, end]: readonly [number, number],
): TensorEntry {
  if (end < begin) {
    const message = `expected data_offsets of tensor ${quote(name)} in rising order, got [${begin}, ${end}] - ${DAMAGED}`;
    throw reader.error('SAFETENSORS_OFFSETS', message, at);
  }
  const bits = bitsOf(shape, dtype);
  if (bits > Number.MAX_SAFE_INTEGER) {
    const message = `expected a size below 2^53 bits for tensor ${quote(name)}, got shape [${shape.join(', ').slice(0, 80)}] - ${DAMAGED}`;
    throw reader.error('SAFETENSORS_SHAPE_OVERFLOW', message, at);
  }
  if (bits % 8 !== 0) {
    const message = `expected whole bytes for tensor ${quote(name)}, got ${bits} bits - pad its last axis`;
    throw reader.error('SAFETENSORS_SUB_BYTE', message, at);
  }
  const byteLength = bits / 8;
  if (end - begin !== byteLength) {
    const message = `expected ${byteLength} bytes for tensor ${quote(name)} (its dtype and shape), got ${end - begin} (its data_offsets) - ${DAMAGED}`;
    throw reader.error('SAFETENSORS_SIZE', message, at);
  }
  return { dtype, shape, byteLength, begin, end };
}
