/** The element types of tensors: by number, by size, and as arrays in memory. */
import type { TypedArray } from '../../core/arrays.js';
import { DTYPES, type DType } from '../../core/dtype.js';
import { GGML_TYPES, type GgmlTypeName } from '../../core/ggml-types.js';

/** Types whose elements stand for themselves. */
const PLAIN: Readonly<Partial<Record<GgmlTypeName, DType>>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
};

/** Numbers that ggml gave to types it has no longer: files with them cannot be read by anybody. */
export const REMOVED_TYPES: ReadonlyMap<number, string> = new Map([
  [4, 'Q4_2'],
  [5, 'Q4_3'],
  [31, 'Q4_0_4_4'],
  [32, 'Q4_0_4_8'],
  [33, 'Q4_0_8_8'],
  [36, 'IQ4_NL_4_4'],
  [37, 'IQ4_NL_4_8'],
  [38, 'IQ4_NL_8_8'],
]);

const BY_ID: ReadonlyMap<number, GgmlTypeName> = new Map(
  Object.entries(GGML_TYPES).map(([name, { id }]) => [id, name as GgmlTypeName]),
);

export function typeOfId(id: number): GgmlTypeName | undefined {
  return BY_ID.get(id);
}

export function dtypeOfType(type: GgmlTypeName): DType | null {
  return PLAIN[type] ?? null;
}

/** The element type of the array that holds a tensor in memory: bytes for blocks. */
export function memoryTypeOf(type: GgmlTypeName): DType {
  return PLAIN[type] ?? 'uint8';
}

/** Elements of that array for so many bytes of the file. */
export function memoryLength(type: GgmlTypeName, byteLength: number): number {
  return byteLength / DTYPES[memoryTypeOf(type)].array.BYTES_PER_ELEMENT;
}

/** Bytes of a tensor whose rows are whole blocks; Infinity from 2^53 on, even when an axis is 0: a zero must not hide an overflow. */
export function byteLengthOfType(type: GgmlTypeName, shape: readonly number[]): number {
  const { elements, bytes } = GGML_TYPES[type];
  let nonZero = 1;
  let empty = false;
  for (const length of shape) {
    if (length === 0) empty = true;
    else nonZero *= length;
    if (nonZero > Number.MAX_SAFE_INTEGER) return Infinity;
  }
  // Exact: without an empty axis the row, and so the product, is a multiple of the block.
  const total = empty ? Math.ceil(nonZero / elements) * bytes : (nonZero / elements) * bytes;
  if (total > Number.MAX_SAFE_INTEGER) return Infinity;
  return empty ? 0 : total;
}

/** `stored` as the array of its type: the same memory where its place allows, else a copy. */
export function storedArray(type: GgmlTypeName, stored: Uint8Array): TypedArray {
  const { array } = DTYPES[memoryTypeOf(type)];
  const aligned = stored.byteOffset % array.BYTES_PER_ELEMENT === 0;
  const { buffer, byteOffset, byteLength } = aligned ? stored : new Uint8Array(stored);
  return new array(buffer as ArrayBuffer, byteOffset, byteLength / array.BYTES_PER_ELEMENT);
}
