/** MXFP4 and NVFP4 as ggml lays them out: 4-bit floats e2m1 of half-open steps, under a power of two or an unsigned e4m3 float. */
import type { F32, U8 } from '../../core/arrays.js';
import { absmaxOf } from './plain.js';

/** Twice the values of e2m1, so that they are whole; scales are halved instead. */
const LEVELS: F32 = Float32Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

const float: F32 = new Float32Array(1);
const word = new Int32Array(float.buffer);

/** The first of the levels whose float32 distance from `value` is least: 0 where a level is nothing beside it. */
function firstNearest(value: number, d: number): number {
  let code = 0;
  let least = Infinity;
  for (let k = 0; k < 16; k++) {
    const distance = Math.abs(Math.fround(LEVELS[k] * d - value));
    if (distance < least) {
      least = distance;
      code = k;
    }
  }
  return code;
}

/**
 * Code of the level nearest to x / d, of two the one nearer to zero; -0 is never coded. The thresholds halfway between levels are exact float32
 * multiples of d, so comparing with them finds the first least of ggml's rounded distances: near a threshold these are exact, but for 0
 * and d, where rounding cannot swap them. Far beyond all levels, where a scale of NVFP4 stops at 448, rounded distances can be equal.
 */
function levelCode(value: number, d: number): number {
  const a = Math.abs(value);
  if (a > 2 ** 20 * d) return firstNearest(value, d);
  let code = 0;
  if (a > 0.5 * d) code++;
  if (a > 1.5 * d) code++;
  if (a > 2.5 * d) code++;
  if (a > 3.5 * d) code++;
  if (a > 5 * d) code++;
  if (a > 7 * d) code++;
  if (a > 10 * d) code++;
  return code !== 0 && value < 0 ? code + 8 : code;
}

/** `count` bytes: element j beside element j + count. A scale of 0 makes all levels equal: code 0. */
function putLevels(out: U8, at: number, x: F32, from: number, count: number, d: number): void {
  for (let j = 0; j < count; j++) {
    const low = d === 0 ? 0 : levelCode(x[from + j], d);
    out[at + j] = low | ((d === 0 ? 0 : levelCode(x[from + j + count], d)) << 4);
  }
}

/** Half the value of a power-of-two scale: 2^(code - 128). */
function halfPower(code: number): number {
  word[0] = code < 2 ? 0x200000 << code : (code - 1) << 23;
  return float[0];
}

/**
 * floor(log2(a)), the logarithm rounded to float32 as C's log2f gives it: numbers just below 2^n, by less than half a step of float32 below n,
 * count as 2^n.
 */
function exponentOf(a: number): number {
  float[0] = a;
  const bits = word[0];
  if (bits < 0x800000) return -127;
  const exponent = (bits >> 23) - 127;
  const next = Math.abs(exponent + 1);
  if (next === 0) return exponent;
  const below = exponent < 0 ? next : next - 0.5;
  const missing = 0x800000 - (bits & 0x7fffff);
  const halfStep = 2 ** (Math.floor(Math.log2(below)) - 24);
  return missing * 2 ** -24 <= halfStep * Math.LN2 ? exponent + 1 : exponent;
}

/** ggml converts a scale below 2^-127 to a byte that wraps around, which C leaves undefined: here it is 2^-127. */
export function encodeMxfp4(out: U8, x: F32, rows: number, width: number): void {
  for (let from = 0, at = 0; from < rows * width; from += 32, at += 17) {
    const most = absmaxOf(x, from, 32);
    const code = most > 0 ? Math.max(0, exponentOf(most) + 125) : 0;
    out[at] = code;
    putLevels(out, at + 1, x, from, 16, halfPower(code));
  }
}

export function decodeMxfp4(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 17, to += 32) {
    const d = halfPower(bytes[at]);
    for (let j = 0; j < 16; j++) {
      const byte = bytes[at + 1 + j];
      out[to + j] = LEVELS[byte & 15] * d;
      out[to + j + 16] = LEVELS[byte >> 4] * d;
    }
  }
}

/** Half the value of an unsigned e4m3 float; 0x7f is 0 as well. */
function halfScale(code: number): number {
  if (code === 0x7f) return 0;
  const exponent = (code >> 3) & 15;
  const mantissa = code & 7;
  return exponent === 0 ? mantissa * 2 ** -10 : (8 + mantissa) * 2 ** (exponent - 11);
}

const HALF_SCALES: F32 = Float32Array.from({ length: 256 }, (_, code) => halfScale(code));

/** ggml's rounding to unsigned e4m3: half up by the first bit that is cut off, at most 448, subnormal numbers at most 7 / 512. */
function scaleCode(value: number): number {
  if (!(value > 0)) return 0;
  float[0] = Math.min(value, 448);
  const bits = word[0];
  const exponent = ((bits >> 23) & 255) - 120;
  if (exponent <= 0) return Math.min(Math.fround(Math.fround(float[0] * 512) + 0.5) | 0, 7);
  const code = (exponent << 3) + ((bits >> 20) & 7) + ((bits >> 19) & 1);
  return exponent >= 15 || code >= 120 ? 0x7e : code;
}

export function encodeNvfp4(out: U8, x: F32, rows: number, width: number): void {
  for (let from = 0, at = 0; from < rows * width; from += 64, at += 36) {
    for (let s = 0; s < 4; s++) {
      const code = scaleCode(Math.fround(absmaxOf(x, from + 16 * s, 16) / 6));
      out[at + s] = code;
      putLevels(out, at + 4 + 8 * s, x, from + 16 * s, 8, HALF_SCALES[code]);
    }
  }
}

export function decodeNvfp4(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 36, to += 64) {
    for (let s = 0; s < 4; s++) {
      const d = HALF_SCALES[bytes[at + s]];
      for (let j = 0; j < 8; j++) {
        const byte = bytes[at + 4 + 8 * s + j];
        out[to + 16 * s + j] = LEVELS[byte & 15] * d;
        out[to + 16 * s + j + 8] = LEVELS[byte >> 4] * d;
      }
    }
  }
}
