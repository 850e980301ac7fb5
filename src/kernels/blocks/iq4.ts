/**
 * IQ4_NL and IQ4_XS: sixteen levels of unequal steps, and a scale per 32 elements searched for among sixteen. Operations, their order and their
 * float32 roundings are part of the result.
 */
import type { F32, U8 } from '../../core/arrays.js';
import { LEAST_PEAK } from './fit-levels.js';
import { getHalf, putHalf } from './half.js';
import { nearestWithin } from './nearest.js';
import { putNibbles } from './nibbles.js';
import { peakOf } from './plain.js';
import type { BlockEncoder } from './types.js';
import { sumOfSquares, weighByImportance } from './weights.js';

export const IQ4_LEVELS: F32 = Float32Array.of(
  ...[-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113],
);

const f = Math.fround;
/** Candidates on either side of the first scale, which takes the peak to the lowest level. */
const TRIES = 7;
const LOWEST = -127;

const codes: U8 = new Uint8Array(256);
const weights: F32 = new Float32Array(32);
const scales: F32 = new Float32Array(8);
let sumXL = 0;
let sumL2 = 0;

/** Code of the level nearest to `value`, of two the upper one. */
export function iq4Code(value: number): number {
  if (value <= LOWEST) return 0;
  if (value >= 113) return 15;
  let low = 0;
  let high = 15;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (value < IQ4_LEVELS[middle]) high = middle;
    else low = middle;
  }
  return f(value - IQ4_LEVELS[low]) < f(IQ4_LEVELS[high] - value) ? low : high;
}

function sumsOf(inverse: number, x: F32, from: number): void {
  let xl = 0;
  let l2 = 0;
  for (let j = 0; j < 32; j++) {
    const value = x[from + j];
    const level = IQ4_LEVELS[iq4Code(f(inverse * value))];
    const wl = f(weights[j] * level);
    xl = f(xl + f(wl * value));
    l2 = f(l2 + f(wl * level));
  }
  sumXL = xl;
  sumL2 = l2;
}

/** The scale of the 32 elements at x[from] under `weights`; 0 where their peak counts as zero. */
function fitScale(x: F32, from: number): number {
  const peak = peakOf(x, from, 32);
  if (Math.abs(peak) < LEAST_PEAK) return 0;
  sumsOf(f(1 / f(-peak / LOWEST)), x, from);
  let d = sumL2 > 0 ? f(sumXL / sumL2) : 0;
  let best = f(d * sumXL);
  for (let k = -TRIES; k <= TRIES; k++) {
    sumsOf(f((k + LOWEST) / peak), x, from);
    if (sumL2 > 0 && f(sumXL * sumXL) > f(best * sumL2)) {
      d = f(sumXL / sumL2);
      best = f(d * sumXL);
    }
  }
  return d;
}

function weigh(x: F32, from: number, importance: F32 | null, column: number, variance: number): void {
  if (importance !== null) weighByImportance(weights, 0, importance, column, x, from, 32, variance);
  else for (let j = 0; j < 32; j++) weights[j] = x[from + j] * x[from + j];
}

function code(x: F32, from: number, inverse: number, to: number): void {
  for (let j = 0; j < 32; j++) codes[to + j] = iq4Code(f(inverse * x[from + j]));
}

export const encodeIq4Nl: BlockEncoder = (out, x, rows, width, importance) => {
  for (let from = 0, at = 0; from < rows * width; from += 32, at += 18) {
    const variance = importance === null ? 0 : f(sumOfSquares(x, from, 32) * (2 / 32));
    weigh(x, from, importance, from % width, variance);
    const d = fitScale(x, from);
    putHalf(out, at, d);
    code(x, from, d === 0 ? 0 : f(1 / d), 0);
    putNibbles(out, at + 2, codes, 0);
  }
};

export const encodeIq4Xs: BlockEncoder = (out, x, rows, width, importance) => {
  for (let from = 0, at = 0; from < rows * width; from += 256, at += 136) {
    const variance = importance === null ? 0 : f(sumOfSquares(x, from, 256) * (2 / 256));
    let most = 0;
    let peak = 0;
    for (let j = 0; j < 8; j++) {
      weigh(x, from + 32 * j, importance, (from % width) + 32 * j, variance);
      scales[j] = fitScale(x, from + 32 * j);
      if (Math.abs(scales[j]) > most) {
        most = Math.abs(scales[j]);
        peak = scales[j];
      }
    }
    const d = f(-peak / 32);
    putHalf(out, at, d);
    const inverse = d === 0 ? 0 : f(1 / d);
    let high = 0;
    out.fill(0, at + 4, at + 8);
    for (let j = 0; j < 8; j++) {
      const l = nearestWithin(f(inverse * scales[j]), -32, 31);
      const scale = f(d * l);
      code(x, from + 32 * j, scale === 0 ? 0 : f(1 / scale), 32 * j);
      out[at + 4 + (j >> 1)] |= ((l + 32) & 15) << (4 * (j & 1));
      high |= ((l + 32) >> 4) << (2 * j);
      putNibbles(out, at + 8 + 16 * j, codes, 32 * j);
    }
    out[at + 2] = high;
    out[at + 3] = high >> 8;
  }
};

export function decodeIq4Nl(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 18, to += 32) {
    const d = getHalf(bytes, at);
    for (let j = 0; j < 16; j++) {
      const byte = bytes[at + 2 + j];
      out[to + j] = d * IQ4_LEVELS[byte & 15];
      out[to + j + 16] = d * IQ4_LEVELS[byte >> 4];
    }
  }
}

export function decodeIq4Xs(out: F32, bytes: U8, blocks: number): void {
  for (let b = 0, at = 0, to = 0; b < blocks; b++, at += 136, to += 256) {
    const d = getHalf(bytes, at);
    const high = bytes[at + 2] | (bytes[at + 3] << 8);
    for (let k = 0; k < 8; k++) {
      const low = (bytes[at + 4 + (k >> 1)] >> (4 * (k & 1))) & 15;
      const scale = f(d * ((low | (((high >> (2 * k)) & 3) << 4)) - 32));
      for (let j = 0; j < 16; j++) {
        const byte = bytes[at + 8 + 16 * k + j];
        out[to + 32 * k + j] = scale * IQ4_LEVELS[byte & 15];
        out[to + 32 * k + j + 16] = scale * IQ4_LEVELS[byte >> 4];
      }
    }
  }
}
