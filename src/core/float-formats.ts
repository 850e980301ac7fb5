/** The small floats: one row of facts per type, from which decoding, encoding and bounds follow. */
import type { F32, U16, U8 } from './arrays.js';

export type SmallFloat =
  | 'float16'
  | 'bfloat16'
  | 'float8_e4m3fn'
  | 'float8_e5m2'
  | 'float6_e2m3fn'
  | 'float6_e3m2fn'
  | 'float4_e2m1fn'
  | 'float8_e8m0fnu';

/** What becomes of a finite number whose rounded value lies beyond the largest finite one. */
export type Overflow = 'saturate' | 'infinity' | 'throw';

export const OVERFLOWS: readonly Overflow[] = ['saturate', 'infinity', 'throw'];

/**
 * A sign bit (where signed), exponentBits, mantissaBits: a code with exponent field e and mantissa m stands for
 * (1 + m / 2^mantissaBits) * 2^(e - bias), and for m / 2^mantissaBits * 2^(1 - bias) where e is 0. An unsigned format has
 * no mantissa and no zero: code c stands for 2^(c - bias).
 */
export interface FloatFormat {
  readonly dtype: SmallFloat;
  readonly signed: boolean;
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** Code of the largest finite value. */
  readonly maxFiniteCode: number;
  /** Code of +Infinity, or null. */
  readonly infinityCode: number | null;
  /** The code that NaN becomes, without its sign, or null. */
  readonly nanCode: number | null;
  /** What the field's converters do: torch 2.13 for the 16- and 8-bit types, ml_dtypes for those of 6 and 4 bits. */
  readonly overflow: 'saturate' | 'infinity';
}

const format = (
  dtype: SmallFloat,
  exponentBits: number,
  mantissaBits: number,
  bias: number,
  maxFiniteCode: number,
  infinityCode: number | null,
  nanCode: number | null,
): FloatFormat => ({
  dtype,
  signed: mantissaBits > 0,
  exponentBits,
  mantissaBits,
  bias,
  maxFiniteCode,
  infinityCode,
  nanCode,
  overflow: nanCode === null ? 'saturate' : 'infinity',
});

/** IEEE 754 (float16), its upper half (bfloat16), OCP 8-bit floating point 1.0 and OCP microscaling formats 1.0. */
export const FLOAT_FORMATS: Readonly<Record<SmallFloat, FloatFormat>> = {
  float16: format('float16', 5, 10, 15, 0x7bff, 0x7c00, 0x7e00),
  bfloat16: format('bfloat16', 8, 7, 127, 0x7f7f, 0x7f80, 0x7fc0),
  float8_e4m3fn: format('float8_e4m3fn', 4, 3, 7, 0x7e, null, 0x7f),
  float8_e5m2: format('float8_e5m2', 5, 2, 15, 0x7b, 0x7c, 0x7f),
  float6_e2m3fn: format('float6_e2m3fn', 2, 3, 1, 0x1f, null, null),
  float6_e3m2fn: format('float6_e3m2fn', 3, 2, 3, 0x1f, null, null),
  float4_e2m1fn: format('float4_e2m1fn', 2, 1, 1, 0x07, null, null),
  float8_e8m0fnu: format('float8_e8m0fnu', 8, 0, 127, 0xfe, null, 0xff),
};

export const SMALL_FLOATS: readonly SmallFloat[] = Object.keys(FLOAT_FORMATS) as SmallFloat[];

export function isSmallFloat(dtype: unknown): dtype is SmallFloat {
  return typeof dtype === 'string' && Object.hasOwn(FLOAT_FORMATS, dtype);
}

const scratch64 = new Float64Array(1);
const scratchWords = new Uint32Array(scratch64.buffer);
/** Index of the high word of a float64: 1 on little-endian machines. */
const HIGH_WORD = new Uint8Array(Uint16Array.of(1).buffer)[0];

/** 2^exponent for -1022 <= exponent <= 1023, by its bits: the bits of Math.pow are the engine's choice. */
export function powerOfTwo(exponent: number): number {
  scratchWords[1 - HIGH_WORD] = 0;
  scratchWords[HIGH_WORD] = (exponent + 1023) << 20;
  return scratch64[0];
}

/** Bits of one code. */
export function codeBits(format: FloatFormat): number {
  return (format.signed ? 1 : 0) + format.exponentBits + format.mantissaBits;
}

/** The value of a code; exact in float32 for every format. */
export function decodeCode(code: number, format: FloatFormat): number {
  if (!format.signed) return code === format.nanCode ? NaN : powerOfTwo(code - format.bias);
  const signBit = 1 << (codeBits(format) - 1);
  const magnitude = decodeMagnitude(code & (signBit - 1), format);
  return code & signBit ? -magnitude : magnitude;
}

function decodeMagnitude(code: number, format: FloatFormat): number {
  const { mantissaBits, bias } = format;
  if (code > format.maxFiniteCode) return code === format.infinityCode ? Infinity : NaN;
  const field = code >>> mantissaBits;
  const mantissa = code & ((1 << mantissaBits) - 1);
  if (field === 0) return mantissa * powerOfTwo(1 - bias - mantissaBits);
  return ((1 << mantissaBits) + mantissa) * powerOfTwo(field - bias - mantissaBits);
}

/** The largest finite value. */
export function maxFinite(format: FloatFormat): number {
  return decodeCode(format.maxFiniteCode, format);
}

const tables = new Map<SmallFloat, F32>();

/** The value of every code, made at the first use: 1 KiB or less for 8 bits, 256 KiB for 16. */
export function decodeTable(format: FloatFormat): F32 {
  let table = tables.get(format.dtype);
  if (table === undefined) {
    table = Float32Array.from({ length: 1 << codeBits(format) }, (_, code) => decodeCode(code, format));
    tables.set(format.dtype, table);
  }
  return table;
}

/** out[i] = value of codes[i]. Every code must be below 2^codeBits. */
export function decodeInto(out: F32, codes: U16 | U8, format: FloatFormat): void {
  const table = decodeTable(format);
  for (let i = 0; i < codes.length; i++) out[i] = table[codes[i]];
}
