/** Element types, their sizes, and the spellings that file formats use for them. */
import type { TypedArray } from './arrays.js';
import { checkChoice } from './options.js';

export type FloatDType =
  | 'float64'
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'float8_e4m3fn'
  | 'float8_e5m2'
  | 'float6_e2m3fn'
  | 'float6_e3m2fn'
  | 'float4_e2m1fn'
  | 'float8_e8m0fnu';

export type IntegerDType =
  | 'int64'
  | 'uint64'
  | 'int32'
  | 'uint32'
  | 'int16'
  | 'uint16'
  | 'int8'
  | 'uint8'
  | 'int4'
  | 'uint4'
  | 'int2'
  | 'uint2';

export type DType = FloatDType | IntegerDType | 'bool';

type ArrayConstructor =
  | Float64ArrayConstructor
  | Float32ArrayConstructor
  | BigInt64ArrayConstructor
  | BigUint64ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Int8ArrayConstructor
  | Uint8ArrayConstructor;

export interface DTypeTraits {
  /** Bits of one element in a file. */
  readonly bits: number;
  /** The typed array that holds it in memory. Types below 8 bits hold one code per byte in memory unless a docstring says packed. */
  readonly array: ArrayConstructor;
  /** Spelling in a safetensors header (reference 0.8), or null where the format has none. */
  readonly safetensors: string | null;
  /** ONNX TensorProto.DataType number (onnx 1.20), or null. */
  readonly onnx: number | null;
  /** ggml type number in a GGUF file, or null. */
  readonly gguf: number | null;
  /** numpy array-protocol string, little endian, or null. */
  readonly npy: string | null;
}

const traits = (
  bits: number,
  array: ArrayConstructor,
  safetensors: string | null,
  onnx: number | null,
  gguf: number | null,
  npy: string | null,
): DTypeTraits => ({ bits, array, safetensors, onnx, gguf, npy });

/** One row per element type. Foreign spellings: safetensors 0.8, onnx.proto 1.20, ggml.h (August 2026), numpy 2. */
export const DTYPES: Readonly<Record<DType, DTypeTraits>> = {
  float64: traits(64, Float64Array, 'F64', 11, 28, '<f8'),
  float32: traits(32, Float32Array, 'F32', 1, 0, '<f4'),
  float16: traits(16, Uint16Array, 'F16', 10, 1, '<f2'),
  bfloat16: traits(16, Uint16Array, 'BF16', 16, 30, null),
  float8_e4m3fn: traits(8, Uint8Array, 'F8_E4M3', 17, null, null),
  float8_e5m2: traits(8, Uint8Array, 'F8_E5M2', 19, null, null),
  float6_e2m3fn: traits(6, Uint8Array, 'F6_E2M3', null, null, null),
  float6_e3m2fn: traits(6, Uint8Array, 'F6_E3M2', null, null, null),
  float4_e2m1fn: traits(4, Uint8Array, 'F4', 23, null, null),
  float8_e8m0fnu: traits(8, Uint8Array, 'F8_E8M0', 24, null, null),
  int64: traits(64, BigInt64Array, 'I64', 7, 27, '<i8'),
  uint64: traits(64, BigUint64Array, 'U64', 13, null, '<u8'),
  int32: traits(32, Int32Array, 'I32', 6, 26, '<i4'),
  uint32: traits(32, Uint32Array, 'U32', 12, null, '<u4'),
  int16: traits(16, Int16Array, 'I16', 5, 25, '<i2'),
  uint16: traits(16, Uint16Array, 'U16', 4, null, '<u2'),
  int8: traits(8, Int8Array, 'I8', 3, 24, '|i1'),
  uint8: traits(8, Uint8Array, 'U8', 2, null, '|u1'),
  int4: traits(4, Int8Array, null, 22, null, null),
  uint4: traits(4, Uint8Array, null, 21, null, null),
  int2: traits(2, Int8Array, null, 26, null, null),
  uint2: traits(2, Uint8Array, null, 25, null, null),
  bool: traits(8, Uint8Array, 'BOOL', 9, null, '|b1'),
};

export function isDType(value: unknown): value is DType {
  return typeof value === 'string' && Object.prototype.hasOwnProperty.call(DTYPES, value);
}

/** The formats that spell element types in a way of their own. */
export type DTypeFormat = 'safetensors' | 'onnx' | 'gguf' | 'npy';

/**
 * Returns the element type that a format spells so, or null when none is. The other way round it is `DTYPES[dtype][format]`.
 *
 * @param format 'safetensors' and 'npy' spell with text, 'onnx' and 'gguf' with numbers
 * @param spelling as it stands in a file
 * @throws TypeError or RangeError for an unknown format.
 * @example
 * dtypeFrom('safetensors', 'BF16'); // 'bfloat16'
 * dtypeFrom('onnx', 10); // 'float16'
 * @see DTYPES
 */
export function dtypeFrom(format: DTypeFormat, spelling: string | number): DType | null {
  checkChoice('dtypeFrom', 'format', format, ['safetensors', 'onnx', 'gguf', 'npy']);
  for (const [dtype, traits] of Object.entries(DTYPES)) {
    if (traits[format] !== null && traits[format] === spelling) return dtype as DType;
  }
  return null;
}

/** The element type that a typed array holds when nobody says otherwise. */
export function dtypeOfArray(array: TypedArray): DType {
  switch (Object.prototype.toString.call(array).slice(8, -1)) {
    case 'Float64Array':
      return 'float64';
    case 'Float32Array':
      return 'float32';
    case 'BigInt64Array':
      return 'int64';
    case 'BigUint64Array':
      return 'uint64';
    case 'Int32Array':
      return 'int32';
    case 'Uint32Array':
      return 'uint32';
    case 'Int16Array':
      return 'int16';
    case 'Uint16Array':
      return 'uint16';
    case 'Int8Array':
      return 'int8';
    default:
      return 'uint8';
  }
}

/** Bytes that `count` elements of `dtype` take in a file: packed for types below 8 bits, rounded up to whole bytes. */
export function byteLengthOf(dtype: DType, count: number): number {
  return Math.ceil((DTYPES[dtype].bits * count) / 8);
}
