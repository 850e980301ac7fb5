/** Decoders of K-quants: scale * code - minimum, each operation in float32; scales and minima are float32 products too. */
import type { F32, U8 } from '../../core/arrays.js';
import { getHalf } from '../blocks/half.js';

const f = Math.fround;

export function decodeQ2K(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 84, to += 256) {
    const d = getHalf(bytes, at + 80);
    const dmin = getHalf(bytes, at + 82);
    for (let j = 0; j < 16; j++) {
      const scale = f(d * (bytes[at + j] & 15));
      const min = f(dmin * (bytes[at + j] >> 4));
      const from = at + 16 + (j >> 3) * 32 + (j & 1) * 16;
      const shift = 2 * ((j >> 1) & 3);
      for (let l = 0; l < 16; l++) out[to + 16 * j + l] = f(scale * ((bytes[from + l] >> shift) & 3)) - min;
    }
  }
}

/** Scale j, 0 to 63, of the twelve bytes at `at`. */
export function scaleOfQ3K(bytes: U8, at: number, j: number): number {
  const low = j < 8 ? bytes[at + j] & 15 : bytes[at + j - 8] >> 4;
  return low | (((bytes[at + 8 + (j & 3)] >> (2 * (j >> 2))) & 3) << 4);
}

export function decodeQ3K(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 110, to += 256) {
    const d = getHalf(bytes, at + 108);
    for (let j = 0; j < 16; j++) {
      const scale = f(d * (scaleOfQ3K(bytes, at + 96, j) - 32));
      const high = at + (j & 1) * 16;
      const low = at + 32 + (j >> 3) * 32 + (j & 1) * 16;
      const shift = 2 * ((j >> 1) & 3);
      for (let l = 0; l < 16; l++) {
        const code = ((bytes[low + l] >> shift) & 3) | (((bytes[high + l] >> (j >> 1)) & 1) << 2);
        out[to + 16 * j + l] = scale * (code - 4);
      }
    }
  }
}

/** Scale j, 0 to 63, of the twelve bytes at `at` of Q4_K and Q5_K. */
export function scaleOfQ4K(bytes: U8, at: number, j: number): number {
  return j < 4 ? bytes[at + j] & 63 : (bytes[at + j + 4] & 15) | ((bytes[at + j - 4] >> 6) << 4);
}

export function minOfQ4K(bytes: U8, at: number, j: number): number {
  return j < 4 ? bytes[at + j + 4] & 63 : (bytes[at + j + 4] >> 4) | ((bytes[at + j] >> 6) << 4);
}

export function decodeQ4K(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 144, to += 256) {
    const d = getHalf(bytes, at);
    const dmin = getHalf(bytes, at + 2);
    for (let j = 0; j < 8; j++) {
      const scale = f(d * scaleOfQ4K(bytes, at + 4, j));
      const min = f(dmin * minOfQ4K(bytes, at + 4, j));
      const from = at + 16 + (j >> 1) * 32;
      const shift = 4 * (j & 1);
      for (let l = 0; l < 32; l++) out[to + 32 * j + l] = f(scale * ((bytes[from + l] >> shift) & 15)) - min;
    }
  }
}

export function decodeQ5K(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 176, to += 256) {
    const d = getHalf(bytes, at);
    const dmin = getHalf(bytes, at + 2);
    for (let j = 0; j < 8; j++) {
      const scale = f(d * scaleOfQ4K(bytes, at + 4, j));
      const min = f(dmin * minOfQ4K(bytes, at + 4, j));
      const from = at + 48 + (j >> 1) * 32;
      const shift = 4 * (j & 1);
      for (let l = 0; l < 32; l++) {
        const code = ((bytes[from + l] >> shift) & 15) | (((bytes[at + 16 + l] >> j) & 1) << 4);
        out[to + 32 * j + l] = f(scale * code) - min;
      }
    }
  }
}

export function decodeQ6K(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 210, to += 256) {
    const d = getHalf(bytes, at + 208);
    for (let j = 0; j < 16; j++) {
      const scale = f(d * ((bytes[at + 192 + j] << 24) >> 24));
      const part = (j >> 1) & 3;
      const low = at + (j >> 3) * 64 + (part & 1) * 32 + (j & 1) * 16;
      const high = at + 128 + (j >> 3) * 32 + (j & 1) * 16;
      const shift = 4 * (part >> 1);
      for (let l = 0; l < 16; l++) {
        const code = ((bytes[low + l] >> shift) & 15) | (((bytes[high + l] >> (2 * part)) & 3) << 4);
        out[to + 16 * j + l] = scale * (code - 32);
      }
    }
  }
}
