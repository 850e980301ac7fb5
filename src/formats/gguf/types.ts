/** What a GGUF header says, and the constants of the format. */
import type { F32, F64, I16, I32, I64, I8, TypedArray, U16, U32, U64, U8 } from '../../core/arrays.js';
import type { DType } from '../../core/dtype.js';
import type { GgmlTypeName } from '../../core/ggml-types.js';

/** The types of metadata by their numbers in the file. */
export const VALUE_TYPES = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;

export type GgufValueType = (typeof VALUE_TYPES)[number];

/** The arrays that hold lists of numbers. */
export interface GgufArrays {
  readonly uint8: U8;
  readonly int8: I8;
  readonly uint16: U16;
  readonly int16: I16;
  readonly uint32: U32;
  readonly int32: I32;
  readonly uint64: U64;
  readonly int64: I64;
  readonly float32: F32;
  readonly float64: F64;
  readonly bool: readonly boolean[];
  readonly string: readonly string[];
}

/** Types of the elements of a list. Lists of lists do not exist: no reader of llama.cpp takes them. */
export type GgufItemType = keyof GgufArrays;

/** A list of metadata: numbers in the typed array of their type. */
export type GgufList = {
  readonly [T in GgufItemType]: { readonly type: 'array'; readonly of: T; readonly value: GgufArrays[T] };
}[GgufItemType];

/** One value of metadata with its type in the file. 64-bit integers are bigints, so that each is exact. */
export type GgufValue =
  | {
      readonly type: 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32' | 'float64';
      readonly value: number;
    }
  | { readonly type: 'uint64' | 'int64'; readonly value: bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | GgufList;

/** Metadata to be written. Text and booleans may stand for themselves; a number needs its type beside it. */
export type GgufMetadata = ReadonlyMap<string, GgufValue | string | boolean>;

/** A tensor as it will stand in a file. */
export interface GgufTensorSpec {
  readonly name: string;
  readonly type: GgmlTypeName;
  /** Row-major, as everywhere here: [rows, columns]. The file has it the other way round. */
  readonly shape: readonly number[];
}

/** One tensor of a file. `begin` and `end` count bytes from the beginning of the data. */
export interface GgufEntry {
  readonly type: GgmlTypeName;
  /** The element type of plain tensors; null for types of blocks. */
  readonly dtype: DType | null;
  /** Row-major: the last axis is the row, whose length is a multiple of the block. */
  readonly shape: readonly number[];
  readonly byteLength: number;
  readonly begin: number;
  readonly end: number;
}

/** The stored bits of a tensor: elements of plain types (F16 and BF16 as codes), the bytes of blocks. */
export interface GgufTensor {
  readonly type: GgmlTypeName;
  readonly dtype: DType | null;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** Called with each tensor that is read or written; what it throws stops the work. The place to check scales of blocks. */
export type GgufCheck = (name: string, tensor: GgufTensor) => void;

export interface GgufHeader {
  readonly version: 2 | 3;
  /** Every tensor begins at a multiple of so many bytes. */
  readonly alignment: number;
  /** In the order of the file. */
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** In the order of the file. */
  readonly tensors: ReadonlyMap<string, GgufEntry>;
  /** Place of the data in the file. */
  readonly dataBegin: number;
}

/** "GGUF" in the order of the file. */
export const MAGIC: readonly number[] = [0x47, 0x47, 0x55, 0x46];
export const VERSION = 3;
/** Magic, version, number of tensors, number of keys. */
export const PREFIX_BYTES = 24;
export const ALIGNMENT_KEY = 'general.alignment';
export const DEFAULT_ALIGNMENT = 32;
/** ggml pads to any power of two; above 1 MiB padding would be most of the file, or an attack. */
export const MAX_ALIGNMENT: number = 2 ** 20;
/** A name and its NUL fill 64 bytes in ggml. */
export const MAX_NAME_BYTES = 63;
/** The specification's limit for keys. */
export const MAX_KEY_BYTES = 65_535;
/** ggml's tensors have four axes. */
export const MAX_AXES = 4;

/** `length` rounded up to a multiple of `alignment`; exact up to 2^53. */
export function padded(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment;
}
