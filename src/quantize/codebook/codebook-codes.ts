/** The passes over a codebook tensor's codes. */
import type { F32, U8 } from '../../core/arrays.js';
import { kernels } from '../../kernels/dispatch.js';
import { decodeTable, encodeTables, type Codebook } from './codebook-tables.js';

/** Bytes that the codes of `size` elements take. */
export function codeBytes(size: number, bits: number): number {
  return Math.ceil((size * bits) / 8);
}

/** Whether blocks of codes of 4 bits begin at whole bytes, as the kernels want them. */
function isPaired(bits: number, size: number, run: number): boolean {
  return bits === 4 && (run % 2 === 0 || run >= size);
}

/** The codes of `x`, laid out as CodebookTensor says; one scale per run. */
export function encodeCodes(x: F32, scale: F32, run: number, book: Codebook, bits: number): U8 {
  const size = x.length;
  const packed = new Uint8Array(codeBytes(size, bits));
  if (isPaired(bits, size, run)) {
    const { thresholds, order } = encodeTables(book, 4);
    kernels().quantizeLevels4(packed, x, scale, run, thresholds, order);
    return packed;
  }
  const { thresholds, order } = encodeTables(book, 8);
  const codes = bits === 8 ? packed : new Uint8Array(size);
  kernels().quantizeLevels(codes, x, scale, run, thresholds, order);
  if (bits === 4) packPairs(packed, codes, zeroCode(book));
  else if (bits < 8) kernels().packBits(packed, codes, size, bits, 0);
  return packed;
}

/** The same with the largest magnitude of each run for a scale, which is written to `scale`. */
export function encodeBlocks(x: F32, scale: F32, run: number, book: Codebook, bits: number): U8 {
  if (!isPaired(bits, x.length, run)) {
    kernels().absmaxRuns(scale, x, 1, x.length, run);
    return encodeCodes(x, scale, run, book, bits);
  }
  const packed = new Uint8Array(codeBytes(x.length, bits));
  const { thresholds, order } = encodeTables(book, 4);
  kernels().quantizeBlocks4(packed, scale, x, run, thresholds, order);
  return packed;
}

/** The values of codes that have passed their checks. */
export function decodeCodes(out: F32, codes: U8, scale: F32, run: number, levels: F32, bits: number): void {
  if (isPaired(bits, out.length, run)) {
    kernels().dequantizeLevels4(out, codes, scale, run, decodeTable(levels, 4));
    return;
  }
  kernels().dequantizeLevels(out, unpackCodes(codes, out.length, bits), scale, run, decodeTable(levels, 8));
}

/** One code per byte. */
export function unpackCodes(packed: U8, size: number, bits: number): U8 {
  if (bits === 8) return packed;
  const codes = new Uint8Array(size);
  if (bits !== 4) kernels().unpackBits(codes, packed, size, bits, 0);
  else for (let i = 0; i < size; i++) codes[i] = (packed[i >> 1] >> (i % 2 === 0 ? 4 : 0)) & 15;
  return codes;
}

/** A plain loop, since only blocks of an odd number of elements need it. */
function packPairs(packed: U8, codes: U8, behind: number): void {
  for (let i = 0; i < codes.length; i += 2) {
    packed[i >> 1] = (codes[i] << 4) | (i + 1 < codes.length ? codes[i + 1] : behind);
  }
}

/** The code of q = 0: that of NaN, of blocks of zeros and of the nibble behind an odd number of elements. */
export function zeroCode({ thresholds, order }: Codebook): number {
  let below = 0;
  while (below < thresholds.length && thresholds[below] < 0) below++;
  return order[below];
}
