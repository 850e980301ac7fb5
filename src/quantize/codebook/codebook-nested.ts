/** Largest magnitudes stored as codes of 8 bits: bitsandbytes' nested, or double, quantization. */
import type { F32 } from '../../core/arrays.js';
import { kernels } from '../../kernels/dispatch.js';
import { decodeCodes, encodeCodes } from './codebook-codes.js';
import { namedCodebook } from './codebook-tables.js';
import type { NestedAbsmax } from './codebook-types.js';

/** Magnitudes that share a scale, as in bitsandbytes. */
export const NESTED_BLOCK = 256;

/**
 * absmax less its mean, in the dynamic map with blocks of 256. The mean is a float64 sum, rounded to float32 once; torch sums in
 * float32 and in an order of its own, so its offset may differ in the last bits.
 */
export function nestAbsmax(absmax: F32): NestedAbsmax {
  let sum = 0;
  for (let i = 0; i < absmax.length; i++) sum += absmax[i];
  const offset = absmax.length === 0 ? 0 : Math.fround(sum / absmax.length);
  const rest = absmax.map((a) => a - offset);
  const scale = new Float32Array(Math.ceil(rest.length / NESTED_BLOCK));
  kernels().absmaxRuns(scale, rest, 1, rest.length, NESTED_BLOCK);
  const book = namedCodebook('dynamic8');
  const codes = encodeCodes(rest, scale, NESTED_BLOCK, book, 8);
  return { codes, absmax: scale, codebook: book.levels, offset, blockSize: NESTED_BLOCK };
}

/** fround(fround(codebook[code] * absmax) + offset), at most the largest float32; it may be slightly below 0. */
export function denestAbsmax(nested: NestedAbsmax): F32 {
  const values = new Float32Array(nested.codes.length);
  decodeCodes(values, nested.codes, nested.absmax, NESTED_BLOCK, nested.codebook, 8);
  return values.map((v) => Math.min(Math.max(Math.fround(v + nested.offset), -LARGEST), LARGEST));
}

const LARGEST = 3.4028234663852886e38;
