/**
 * Encoders of Q3_K and Q6_K: a signed scale per sub-block of 16, itself quantized. First every sub-block is searched for its scale and codes;
 * then scales are quantized; then codes are taken anew under what is stored, but where that is 0.
 */
import type { F32, U8 } from '../../core/arrays.js';
import { descendLevels, LEAST_PEAK } from '../blocks/fit-levels.js';
import { putHalf } from '../blocks/half.js';
import { nearestInt, nearestWithin } from '../blocks/nearest.js';
import { peakOf } from '../blocks/plain.js';
import type { BlockEncoder, Searches } from '../blocks/types.js';
import { sumOfSquares, weighByImportance } from '../blocks/weights.js';
import { putHighBits, putPairs, putScalesQ3K, putSixes } from './pack.js';

const f = Math.fround;

const BLOCK = 256;
const codes: U8 = new Uint8Array(BLOCK);
const weights: F32 = new Float32Array(16);
const scales: F32 = new Float32Array(16);
const sums: F32 = new Float32Array(16);
const scaleCodes: U8 = new Uint8Array(16);

function requantize(x: F32, from: number, j: number, scale: number, half: number): void {
  if (scale === 0) return;
  for (let i = 16 * j; i < 16 * j + 16; i++) {
    codes[i] = nearestWithin(f(x[from + i] / scale), -half, half - 1) + half;
  }
}

/** Scales and codes of all sub-blocks for weights x * x; fills scaleCodes and returns d. */
function searchQ3K(x: F32, from: number): number {
  for (let j = 0; j < 16; j++) scales[j] = descendLevels(codes, 16 * j, x, from + 16 * j, 16, 4);
  const peak = peakOf(scales, 0, 16);
  if (peak === 0) {
    scaleCodes.fill(0);
    return 0;
  }
  const iscale = f(-32 / peak);
  for (let j = 0; j < 16; j++) {
    const whole = (nearestInt(f(iscale * scales[j])) << 24) >> 24;
    scaleCodes[j] = Math.max(-32, Math.min(31, whole)) + 32;
  }
  return f(1 / iscale);
}

function searchQ3KByImportance(
  { fitLevels }: Searches,
  x: F32,
  from: number,
  importance: F32,
  column: number,
): number {
  const variance = f(f(2 * sumOfSquares(x, from, BLOCK)) / BLOCK);
  for (let j = 0; j < 16; j++) {
    weighByImportance(weights, 0, importance, column + 16 * j, x, from + 16 * j, 16, variance);
    let sum = 0;
    for (let i = 0; i < 16; i++) sum = f(sum + weights[i]);
    sums[j] = sum;
    scales[j] = fitLevels(codes, 16 * j, x, from + 16 * j, weights, 0, 16, 4);
  }
  return fitLevels(scaleCodes, 0, scales, 0, sums, 0, 16, 32);
}

export const q3KEncoder =
  (searches: Searches): BlockEncoder =>
  (out, x, rows, width, importance) => {
    for (let from = 0, at = 0; from < rows * width; from += BLOCK, at += 110) {
      const asked =
        importance === null
          ? searchQ3K(x, from)
          : searchQ3KByImportance(searches, x, from, importance, from % width);
      const d = putHalf(out, at + 108, asked);
      putScalesQ3K(out, at + 96, scaleCodes);
      for (let j = 0; j < 16; j++) requantize(x, from, j, f(d * (scaleCodes[j] - 32)), 4);
      putHighBits(out, at, codes, 2);
      putPairs(out, at + 32, codes);
    }
  };

export const q6KEncoder =
  (searches: Searches): BlockEncoder =>
  (out, x, rows, width, importance) => {
    for (let from = 0, at = 0; from < rows * width; from += BLOCK, at += 210) {
      for (let j = 0; j < 16; j++) {
        const first = from + 16 * j;
        if (importance === null) for (let i = 0; i < 16; i++) weights[i] = x[first + i] * x[first + i];
        const w = importance ?? weights;
        scales[j] = searches.fitLevels(
          codes,
          16 * j,
          x,
          first,
          w,
          importance === null ? 0 : first % width,
          16,
          32,
        );
      }
      const peak = peakOf(scales, 0, 16);
      if (Math.abs(peak) < LEAST_PEAK) {
        out.fill(0, at, at + 210);
        continue;
      }
      const iscale = f(-128 / peak);
      const d = putHalf(out, at + 208, f(1 / iscale));
      for (let j = 0; j < 16; j++) {
        const whole = (Math.min(127, nearestInt(f(iscale * scales[j]))) << 24) >> 24;
        out[at + 192 + j] = whole;
        requantize(x, from, j, f(d * whole), 32);
      }
      putSixes(out, at, codes);
    }
  };
