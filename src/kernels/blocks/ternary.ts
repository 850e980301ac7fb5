/** TQ1_0 and TQ2_0: ternary codes in blocks of 256, the scale being the largest magnitude. */
import type { F32, U8 } from '../../core/arrays.js';
import { getHalf, putHalf } from './half.js';
import { absmaxOf, roundAway } from './plain.js';

const BLOCK = 256;
const trits: U8 = new Uint8Array(BLOCK);

/** Fills `trits` with 0, 1 and 2, and returns the scale. A magnitude whose reciprocal is infinite gives 1, or 0 and 2, as C's conversion to int does. */
function ternaryCodes(x: F32, from: number): number {
  const d = absmaxOf(x, from, BLOCK);
  const id = d === 0 ? 0 : Math.fround(1 / d);
  for (let j = 0; j < BLOCK; j++) trits[j] = roundAway(Math.fround(x[from + j] * id)) + 1;
  return d;
}

/** Five trits as a fraction of 256 rounded up, so that a product with 3 gives them back one by one. */
const fraction = (q: number): number => Math.floor((q * 256 + 242) / 243);

/** `count` bytes from `at`, each of five trits `count` apart. */
function putTrits(out: U8, at: number, from: number, count: number): void {
  for (let m = 0; m < count; m++) {
    let q = 0;
    for (let n = 0; n < 5; n++) q = q * 3 + trits[from + m + n * count];
    out[at + m] = fraction(q);
  }
}

export function encodeTQ10(out: U8, x: F32, rows: number, width: number): void {
  for (let from = 0, at = 0; from < rows * width; from += BLOCK, at += 54) {
    const d = ternaryCodes(x, from);
    putTrits(out, at, 0, 32);
    putTrits(out, at + 32, 160, 16);
    for (let j = 0; j < 4; j++) {
      const q = trits[240 + j] * 27 + trits[244 + j] * 9 + trits[248 + j] * 3 + trits[252 + j];
      out[at + 48 + j] = fraction(q * 3);
    }
    putHalf(out, at + 52, d);
  }
}

export function encodeTQ20(out: U8, x: F32, rows: number, width: number): void {
  for (let from = 0, at = 0; from < rows * width; from += BLOCK, at += 66) {
    const d = ternaryCodes(x, from);
    for (let j = 0; j < 64; j++) {
      const k = (j >> 5) * 128 + (j & 31);
      out[at + j] = trits[k] | (trits[k + 32] << 2) | (trits[k + 64] << 4) | (trits[k + 96] << 6);
    }
    putHalf(out, at + 64, d);
  }
}

const POWERS = [1, 3, 9, 27, 81];

const trit = (byte: number, n: number): number => ((((byte * POWERS[n]) & 255) * 3) >> 8) - 1;

export function decodeTQ10(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 54, to += BLOCK) {
    const d = getHalf(bytes, at + 52);
    for (let n = 0; n < 5; n++) {
      for (let m = 0; m < 32; m++) out[to + n * 32 + m] = trit(bytes[at + m], n) * d;
      for (let m = 0; m < 16; m++) out[to + 160 + n * 16 + m] = trit(bytes[at + 32 + m], n) * d;
    }
    for (let n = 0; n < 4; n++) {
      for (let m = 0; m < 4; m++) out[to + 240 + n * 4 + m] = trit(bytes[at + 48 + m], n) * d;
    }
  }
}

export function decodeTQ20(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 66, to += BLOCK) {
    const d = getHalf(bytes, at + 64);
    for (let j = 0; j < BLOCK; j++) {
      const byte = bytes[at + ((j >> 7) << 5) + (j & 31)];
      out[to + j] = (((byte >> (2 * ((j >> 5) & 3))) & 3) - 1) * d;
    }
  }
}
