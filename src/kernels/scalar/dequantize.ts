/** Codes back to real numbers in plain TypeScript: out = fround(scale * (code - zeroPoint)). */
import type { F32, I32, I8, U8 } from '../../core/arrays.js';
import type { Codes } from '../types.js';

/** The 256 possible values of one region of 8-bit codes, at index code & 255. */
const table = new Float32Array(256);

/** From this length on a run of 8-bit codes is faster through the table than by its own arithmetic. */
const TABLE_FROM = 1024;

export function dequantizeRuns(
  out: F32,
  codes: Codes,
  scale: F32,
  zeroPoint: I32 | null,
  rows: number,
  width: number,
  run: number,
): void {
  let index = 0;
  for (let r = 0; r < rows; r++) {
    const rowEnd = (r + 1) * width;
    for (let begin = r * width; begin < rowEnd; begin += run) {
      const end = Math.min(begin + run, rowEnd);
      const offset = zeroPoint === null ? 0 : zeroPoint[index];
      const isByte = codes instanceof Int8Array || codes instanceof Uint8Array;
      if (isByte && end - begin >= TABLE_FROM) decodeByTable(out, codes, begin, end, scale[index], offset);
      else decodeRange(out, codes, begin, end, scale[index], offset);
      index++;
    }
  }
}

function decodeRange(
  out: F32,
  codes: Codes,
  begin: number,
  end: number,
  scale: number,
  zeroPoint: number,
): void {
  const s = Math.fround(scale);
  const offset = +zeroPoint;
  const stop = end | 0;
  for (let i = begin | 0; i < stop; i = (i + 1) | 0) out[i] = s * (codes[i] - offset);
}

function decodeByTable(
  out: F32,
  codes: I8 | U8,
  begin: number,
  end: number,
  scale: number,
  zeroPoint: number,
): void {
  const low = codes instanceof Int8Array ? -128 : 0;
  for (let code = low; code < low + 256; code++) table[code & 255] = scale * (code - zeroPoint);
  const bytes = new Uint8Array(codes.buffer, codes.byteOffset, codes.length);
  const stop = end | 0;
  let i = begin | 0;
  for (; i < stop - 3; i = (i + 4) | 0) {
    out[i] = table[bytes[i]];
    out[(i + 1) | 0] = table[bytes[(i + 1) | 0]];
    out[(i + 2) | 0] = table[bytes[(i + 2) | 0]];
    out[(i + 3) | 0] = table[bytes[(i + 3) | 0]];
  }
  for (; i < stop; i = (i + 1) | 0) out[i] = table[bytes[i]];
}

export function dequantizeColumns(
  out: F32,
  codes: Codes,
  scale: F32,
  zeroPoint: I32 | null,
  rows: number,
  width: number,
): void {
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < width; c++, i++) {
      out[i] = scale[c] * (codes[i] - (zeroPoint === null ? 0 : zeroPoint[c]));
    }
  }
}
