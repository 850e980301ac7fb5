/** How safetensors spells element types, and the order in which its writers lay tensors out. */
import { DTYPES, type DType } from '../../core/dtype.js';

/**
 * The types of the format from first to last in a file: by falling alignment and, within it, as the reference
 * implementation (0.8) has them. Types without a counterpart here (C64, F8_E4M3FNUZ, F8_E5M2FNUZ) are left out.
 */
const FILE_ORDER: readonly DType[] = [
  'uint64',
  'int64',
  'float64',
  'float32',
  'uint32',
  'int32',
  'bfloat16',
  'float16',
  'uint16',
  'int16',
  'float8_e8m0fnu',
  'float8_e4m3fn',
  'float8_e5m2',
  'int8',
  'uint8',
  'float6_e3m2fn',
  'float6_e2m3fn',
  'float4_e2m1fn',
  'bool',
];

/** Spellings of the reference implementation that no type of this library stands for. */
export const UNSUPPORTED_SPELLINGS: readonly string[] = ['C64', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ'];

const RANKS: ReadonlyMap<DType, number> = new Map(FILE_ORDER.map((dtype, rank) => [dtype, rank]));
const BY_SPELLING: ReadonlyMap<string, DType> = new Map(
  FILE_ORDER.map((dtype) => [String(DTYPES[dtype].safetensors), dtype]),
);

/** Place of a type in the order of a file, or undefined for a type that the format does not have. */
export function fileRank(dtype: DType): number | undefined {
  return RANKS.get(dtype);
}

export function dtypeOfSpelling(spelling: string): DType | undefined {
  return BY_SPELLING.get(spelling);
}

/** Every spelling that is read, the commonest first. */
export function spellings(): string[] {
  const common = ['F32', 'BF16', 'F16'];
  return [...common, ...Array.from(BY_SPELLING.keys()).filter((name) => !common.includes(name))];
}

/** Bits of a tensor, or Infinity above 2^53 - 1 even when another axis is 0: a zero must not hide an overflow. */
export function bitsOf(shape: readonly number[], dtype: DType): number {
  let nonZero = DTYPES[dtype].bits;
  let empty = false;
  for (const length of shape) {
    if (length === 0) empty = true;
    else nonZero *= length;
    if (nonZero > Number.MAX_SAFE_INTEGER) return Infinity;
  }
  return empty ? 0 : nonZero;
}
