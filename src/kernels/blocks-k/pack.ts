/** The codes, scales and minima of a super-block as bytes. `codes` holds the 256 codes, one per byte. */
import type { U8 } from '../../core/arrays.js';

/** Two bits per code: per 128 codes, four that are 32 apart share a byte. Only the low two bits of a code are taken. */
export function putPairs(out: U8, at: number, codes: U8): void {
  for (let half = 0; half < 2; half++) {
    for (let l = 0; l < 32; l++) {
      const k = 128 * half + l;
      out[at + 32 * half + l] =
        (codes[k] & 3) | ((codes[k + 32] & 3) << 2) | ((codes[k + 64] & 3) << 4) | ((codes[k + 96] & 3) << 6);
    }
  }
}

/** Bit `shift` of every code: bit j of byte l for code 32 * j + l. */
export function putHighBits(out: U8, at: number, codes: U8, shift: number): void {
  for (let l = 0; l < 32; l++) {
    let byte = 0;
    for (let j = 0; j < 8; j++) byte |= ((codes[32 * j + l] >> shift) & 1) << j;
    out[at + l] = byte;
  }
}

/** The low four bits of every code: per 64 codes, two that are 32 apart share a byte. */
export function putFours(out: U8, at: number, codes: U8): void {
  for (let j = 0; j < 128; j++) {
    const k = (j >> 5) * 64 + (j & 31);
    out[at + j] = (codes[k] & 15) | ((codes[k + 32] & 15) << 4);
  }
}

/** Q6_K: 128 bytes of the low four bits, 64 of the high two. */
export function putSixes(out: U8, at: number, codes: U8): void {
  for (let half = 0; half < 2; half++) {
    for (let l = 0; l < 32; l++) {
      const k = 128 * half + l;
      const [a, b, c, d] = [codes[k], codes[k + 32], codes[k + 64], codes[k + 96]];
      out[at + 64 * half + l] = (a & 15) | ((c & 15) << 4);
      out[at + 64 * half + 32 + l] = (b & 15) | ((d & 15) << 4);
      out[at + 128 + 32 * half + l] = (a >> 4) | ((b >> 4) << 2) | ((c >> 4) << 4) | ((d >> 4) << 6);
    }
  }
}

/** Q3_K: sixteen scales of six bits, 0 to 63, in twelve bytes. */
export function putScalesQ3K(out: U8, at: number, scales: U8): void {
  for (let j = 0; j < 8; j++) out[at + j] = (scales[j] & 15) | ((scales[j + 8] & 15) << 4);
  for (let j = 0; j < 4; j++) {
    out[at + 8 + j] =
      (scales[j] >> 4) |
      ((scales[j + 4] >> 4) << 2) |
      ((scales[j + 8] >> 4) << 4) |
      ((scales[j + 12] >> 4) << 6);
  }
}

/** Q4_K and Q5_K: eight scales and eight minima of six bits in twelve bytes. */
export function putScalesQ4K(out: U8, at: number, scales: U8, mins: U8): void {
  for (let j = 0; j < 4; j++) {
    out[at + j] = scales[j] | ((scales[j + 4] >> 4) << 6);
    out[at + 4 + j] = mins[j] | ((mins[j + 4] >> 4) << 6);
    out[at + 8 + j] = (scales[j + 4] & 15) | ((mins[j + 4] & 15) << 4);
  }
}
