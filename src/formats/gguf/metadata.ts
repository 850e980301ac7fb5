/** The keys and values of a header. */
import { quote } from '../../core/errors.js';
import { DTYPES } from '../../core/dtype.js';
import type { Cursor } from './cursor.js';
import { ggufError } from './errors.js';
import {
  ALIGNMENT_KEY,
  DEFAULT_ALIGNMENT,
  MAX_ALIGNMENT,
  MAX_KEY_BYTES,
  VALUE_TYPES,
  type GgufItemType,
  type GgufList,
  type GgufValue,
  type GgufValueType,
} from './types.js';

type NumberType = Exclude<GgufItemType, 'bool' | 'string'>;

const READERS: Readonly<Record<NumberType, (view: DataView, at: number) => number | bigint>> = {
  uint8: (view, at) => view.getUint8(at),
  int8: (view, at) => view.getInt8(at),
  uint16: (view, at) => view.getUint16(at, true),
  int16: (view, at) => view.getInt16(at, true),
  uint32: (view, at) => view.getUint32(at, true),
  int32: (view, at) => view.getInt32(at, true),
  float32: (view, at) => view.getFloat32(at, true),
  uint64: (view, at) => view.getBigUint64(at, true),
  int64: (view, at) => view.getBigInt64(at, true),
  float64: (view, at) => view.getFloat64(at, true),
};

/** The smallest key and value: 8 bytes of length, 1 of text, 4 of type, 1 of value. */
const MIN_PAIR_BYTES = 14;

/** The metadata from where the cursor stands. */
export function readMetadata(cursor: Cursor, count: number): Map<string, GgufValue> {
  if (count * MIN_PAIR_BYTES > cursor.left) {
    throw cursor.error('GGUF_KEY_COUNT', 'keys that fit into the file', `${count} keys`, 16);
  }
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    const begin = cursor.position;
    const key = cursor.string(`key ${i}`, MAX_KEY_BYTES, 'GGUF_KEY_TOO_LONG');
    if (key === '') throw cursor.error('GGUF_KEY_EMPTY', `a name for key ${i}`, 'an empty one', begin);
    if (key.includes('\0')) {
      throw cursor.error(
        'GGUF_NUL',
        `key ${i} without NUL, where C programs stop reading`,
        quote(key),
        begin,
      );
    }
    if (hasProto(key)) {
      const fix = 'no tool writes it; it attacks programs that store keys in objects: do not use the file';
      throw ggufError(
        'GGUF_KEY_PROTO',
        cursor.label,
        `key ${i} other than __proto__`,
        quote(key),
        fix,
        begin,
      );
    }
    if (metadata.has(key)) throw cursor.error('GGUF_KEY_DUPLICATE', 'each key once', quote(key), begin);
    metadata.set(key, readValue(cursor, `the value of ${quote(key)}`));
  }
  return metadata;
}

/** Whether a key, or a part of it between dots (of which some readers make nested objects), is `__proto__`. */
export function hasProto(key: string): boolean {
  return key.includes('__proto__') && key.split('.').includes('__proto__');
}

function readType(cursor: Cursor, what: string): GgufValueType {
  const begin = cursor.position;
  const id = cursor.uint32(`the type of ${what}`);
  const type = VALUE_TYPES[id] as GgufValueType | undefined;
  if (type === undefined) {
    throw cursor.error('GGUF_VALUE_TYPE', `a type from 0 to 12 for ${what}`, String(id), begin);
  }
  return type;
}

function readValue(cursor: Cursor, what: string): GgufValue {
  const type = readType(cursor, what);
  if (type === 'array') return readList(cursor, what);
  if (type === 'string') return { type, value: cursor.string(what) };
  if (type === 'bool') return { type, value: readBool(cursor, what) };
  const value = cursor.scalar(DTYPES[type].bits / 8, READERS[type], what);
  return { type, value } as GgufValue;
}

function readBool(cursor: Cursor, what: string): boolean {
  const begin = cursor.position;
  const byte = cursor.uint8(what);
  if (byte > 1) throw cursor.error('GGUF_BOOL', `0 or 1 for ${what}`, String(byte), begin);
  return byte === 1;
}

function readList(cursor: Cursor, what: string): GgufList {
  const begin = cursor.position;
  const of = readType(cursor, `the elements of ${what}`);
  if (of === 'array') {
    const fix = 'llama.cpp has no lists of lists: write it flat';
    const expected = `elements of ${what} that are no lists`;
    throw ggufError('GGUF_ARRAY_NESTED', cursor.label, expected, 'a list of lists', fix, begin);
  }
  const lengthBegin = cursor.position;
  const length = cursor.uint64(`the length of ${what}`);
  const itemBytes = of === 'string' ? 8 : of === 'bool' ? 1 : DTYPES[of].bits / 8;
  if (length > cursor.left / itemBytes) {
    const got = `${length} elements in ${cursor.left} bytes`;
    throw cursor.error('GGUF_ARRAY_LENGTH', `${what} inside the file`, got, lengthBegin);
  }
  if (of === 'string' || of === 'bool') {
    const value: (string | boolean)[] = [];
    for (let i = 0; i < length; i++) {
      value.push(of === 'bool' ? readBool(cursor, what) : cursor.string(what));
    }
    return { type: 'array', of, value } as GgufList;
  }
  // A copy: the place of a list in a header is a multiple of nothing.
  const { buffer } = new Uint8Array(cursor.take(length * itemBytes, what));
  return { type: 'array', of, value: new DTYPES[of].array(buffer) } as GgufList;
}

/** The alignment that the metadata asks for, or that of files which do not say. */
export function alignmentOf(metadata: ReadonlyMap<string, GgufValue>, label: string): number {
  const given = metadata.get(ALIGNMENT_KEY);
  if (given === undefined) return DEFAULT_ALIGNMENT;
  if (given.type === 'uint32' && isAlignment(given.value)) return given.value;
  const expected = `${ALIGNMENT_KEY} to be a uint32, a power of two up to ${MAX_ALIGNMENT}`;
  const got = typeof given.value === 'number' ? `${given.type} ${given.value}` : given.type;
  throw ggufError('GGUF_ALIGNMENT', label, expected, got);
}

export function isAlignment(value: number): boolean {
  return value > 0 && value <= MAX_ALIGNMENT && (value & (value - 1)) === 0;
}
