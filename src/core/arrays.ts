/**
 * Names for the typed arrays that cross the public edge. Each is the return type of the constructor's own `of`: a
 * plain array for TypeScript below 5.7 (tslab reads declarations with 5.0.4) and an array over an ArrayBuffer for
 * later ones, so that one declaration file suits both.
 */
export type F32 = ReturnType<typeof Float32Array.of>;
export type F64 = ReturnType<typeof Float64Array.of>;
export type I8 = ReturnType<typeof Int8Array.of>;
export type U8 = ReturnType<typeof Uint8Array.of>;
export type I16 = ReturnType<typeof Int16Array.of>;
export type U16 = ReturnType<typeof Uint16Array.of>;
export type I32 = ReturnType<typeof Int32Array.of>;
export type U32 = ReturnType<typeof Uint32Array.of>;
export type I64 = ReturnType<typeof BigInt64Array.of>;
export type U64 = ReturnType<typeof BigUint64Array.of>;

/** Every typed array that can hold tensor data. */
export type TypedArray = F32 | F64 | I8 | U8 | I16 | U16 | I32 | U32 | I64 | U64;

/**
 * A typed array as an argument: over any buffer, shared ones too. From TypeScript 5.7 on this is what a plain `Float32Array` means,
 * in the declarations of other packages as well.
 */
export type AnyTypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** The two kinds of array that quantizers take as real numbers. */
export type FloatArray = F32 | F64;
