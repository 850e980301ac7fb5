/** Encoders of blocks with one scale and whole-number codes, without importance. The codes come from the scale before it is rounded to float16. */
import type { F32, U8 } from '../../core/arrays.js';
import { putHalf } from './half.js';
import { putFives, putNibbles } from './nibbles.js';

const codes: U8 = new Uint8Array(32);

export function absmaxOf(x: F32, from: number, count: number): number {
  let most = 0;
  for (let j = from; j < from + count; j++) {
    const a = Math.abs(x[j]);
    if (a > most) most = a;
  }
  return most;
}

/** The first of the elements of largest magnitude, with its sign. */
export function peakOf(x: F32, from: number, count: number): number {
  let most = 0;
  let peak = 0;
  for (let j = from; j < from + count; j++) {
    const value = x[j];
    const a = Math.abs(value);
    if (a > most) {
      most = a;
      peak = value;
    }
  }
  return peak;
}

const reciprocal = (d: number): number => (d === 0 ? 0 : Math.fround(1 / d));

/** C's roundf, then the conversion to int: half away from zero, and 0 for what is no number of 32 bits. */
export function roundAway(value: number): number {
  return value < 0 ? -((0.5 - value) | 0) : (value + 0.5) | 0;
}

/** Codes around `half`, which stands for 0: x * (1 / d) + half + 0.5, truncated. Returns d. */
function centeredCodes(x: F32, from: number, half: number): number {
  const d = Math.fround(peakOf(x, from, 32) / -half);
  const id = reciprocal(d);
  const most = 2 * half - 1;
  for (let j = 0; j < 32; j++) {
    const code = Math.fround(Math.fround(x[from + j] * id) + (half + 0.5)) | 0;
    codes[j] = code > most ? most : code;
  }
  return d;
}

export function encodeQ40(out: U8, x: F32, rows: number, width: number): void {
  for (let from = 0, at = 0; from < rows * width; from += 32, at += 18) {
    putHalf(out, at, centeredCodes(x, from, 8));
    putNibbles(out, at + 2, codes, 0);
  }
}

export function encodeQ50(out: U8, x: F32, rows: number, width: number): void {
  for (let from = 0, at = 0; from < rows * width; from += 32, at += 22) {
    putHalf(out, at, centeredCodes(x, from, 16));
    putFives(out, at + 2, codes);
  }
}

/** Codes from the minimum up; stores d and the minimum. */
function affineCodes(out: U8, at: number, x: F32, from: number, most: number): void {
  let min = x[from];
  let max = min;
  for (let j = from + 1; j < from + 32; j++) {
    const value = x[j];
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const d = Math.fround(Math.fround(max - min) / most);
  const id = reciprocal(d);
  for (let j = 0; j < 32; j++) {
    const code = Math.fround(Math.fround(Math.fround(x[from + j] - min) * id) + 0.5) | 0;
    codes[j] = code > most ? most : code;
  }
  putHalf(out, at, d);
  putHalf(out, at + 2, min);
}

export function encodeQ41(out: U8, x: F32, rows: number, width: number): void {
  for (let from = 0, at = 0; from < rows * width; from += 32, at += 20) {
    affineCodes(out, at, x, from, 15);
    putNibbles(out, at + 4, codes, 0);
  }
}

export function encodeQ51(out: U8, x: F32, rows: number, width: number): void {
  for (let from = 0, at = 0; from < rows * width; from += 32, at += 24) {
    affineCodes(out, at, x, from, 31);
    putFives(out, at + 4, codes);
  }
}

export function encodeQ80(out: U8, x: F32, rows: number, width: number): void {
  for (let from = 0, at = 0; from < rows * width; from += 32, at += 34) {
    const d = Math.fround(absmaxOf(x, from, 32) / 127);
    const id = reciprocal(d);
    putHalf(out, at, d);
    for (let j = 0; j < 32; j++) out[at + 2 + j] = roundAway(Math.fround(x[from + j] * id));
  }
}

export function encodeQ10(out: U8, x: F32, rows: number, width: number): void {
  for (let from = 0, at = 0; from < rows * width; from += 128, at += 18) {
    let sum = 0;
    for (let j = 0; j < 128; j++) sum = Math.fround(sum + Math.abs(x[from + j]));
    putHalf(out, at, Math.fround(sum / 128));
    for (let k = 0; k < 16; k++) {
      let bits = 0;
      for (let j = 0; j < 8; j++) if (x[from + 8 * k + j] >= 0) bits |= 1 << j;
      out[at + 2 + k] = bits;
    }
  }
}

/** -1, 0 and 1 are what the scale, the largest magnitude, asks for; the code for 2 stays unused. */
export function encodeQ20(out: U8, x: F32, rows: number, width: number): void {
  for (let from = 0, at = 0; from < rows * width; from += 64, at += 18) {
    const d = absmaxOf(x, from, 64);
    const id = reciprocal(d);
    putHalf(out, at, d);
    for (let k = 0; k < 16; k++) {
      let bits = 0;
      for (let j = 0; j < 4; j++) {
        const value = Math.fround(x[from + 4 * k + j] * id);
        // C's conversion gives the least int for what is no number of 32 bits.
        const code = Math.abs(value) < 2 ** 31 ? roundAway(value) + 1 : 0;
        bits |= code << (2 * j);
      }
      out[at + 2 + k] = bits;
    }
  }
}
