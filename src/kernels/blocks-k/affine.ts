/**
 * Encoders of Q2_K, Q4_K and Q5_K: scale and minimum per sub-block, themselves quantized. First every sub-block is searched for its scale,
 * minimum and codes; then scales and minima are quantized; then codes are taken anew under what is stored, but where that scale is 0.
 */
import type { F32, U8 } from '../../core/arrays.js';
import { affineRule, type AffineRule } from '../blocks/affine-rule.js';
import { fitScales } from '../blocks/fit-scales.js';
import { halfValue, putHalf } from '../blocks/half.js';
import { nearestInt, nearestWithin } from '../blocks/nearest.js';
import type { BlockEncoder, Searches } from '../blocks/types.js';
import { sumOfSquares, weighByImportance } from '../blocks/weights.js';
import { minOfQ4K, scaleOfQ4K } from './decode.js';
import { putFours, putHighBits, putPairs, putScalesQ4K } from './pack.js';

const f = Math.fround;

const BLOCK = 256;
const codes: U8 = new Uint8Array(BLOCK);
const weights: F32 = new Float32Array(32);
const scales: F32 = new Float32Array(16);
const mins: F32 = new Float32Array(16);
const sums: F32 = new Float32Array(16);
const scaleCodes: U8 = new Uint8Array(16);
const minCodes: U8 = new Uint8Array(16);

/** Codes of sub-block j under the stored scale and minimum; those of the search stay where the scale is 0. */
function requantize(
  x: F32,
  from: number,
  j: number,
  n: number,
  scale: number,
  min: number,
  most: number,
): void {
  if (scale === 0) return;
  for (let i = n * j; i < n * j + n; i++) {
    codes[i] = nearestWithin(f(f(x[from + i] + min) / scale), 0, most);
  }
}

/** Weights, scale, minimum and codes of every sub-block under the importance of its columns. */
function searchByImportance(
  { fitAffine }: Searches,
  x: F32,
  from: number,
  importance: F32,
  column: number,
  n: number,
  variance: number,
  rule: AffineRule,
): void {
  for (let j = 0; j < BLOCK / n; j++) {
    weighByImportance(weights, 0, importance, column + n * j, x, from + n * j, n, variance);
    let sum = 0;
    for (let i = 0; i < n; i++) sum = f(sum + weights[i]);
    sums[j] = sum;
    fitAffine(scales, mins, j, codes, n * j, x, from + n * j, weights, 0, n, rule);
  }
}

/** The largest of the first `n`, at least 0. */
function largest(values: F32, n: number): number {
  let most = 0;
  for (let j = 0; j < n; j++) if (values[j] > most) most = values[j];
  return most;
}

const PLAIN_2 = affineRule(3, -0.5, 0.1, 15, true);
const WEIGHTED_2 = affineRule(3, -0.9, 0.05, 36);

/** Scales and minima as nibbles against the largest of each. */
function scalesQ2K(out: U8, at: number): void {
  const maxScale = largest(scales, 16);
  const maxMin = largest(mins, 16);
  const inverseScale = f(15 / maxScale);
  const inverseMin = f(15 / maxMin);
  for (let j = 0; j < 16; j++) {
    scaleCodes[j] = maxScale > 0 ? nearestInt(f(inverseScale * scales[j])) : 0;
    minCodes[j] = maxMin > 0 ? nearestInt(f(inverseMin * mins[j])) : 0;
  }
  putHalf(out, at + 80, f(maxScale / 15));
  putHalf(out, at + 82, f(maxMin / 15));
}

export const q2KEncoder =
  (searches: Searches): BlockEncoder =>
  (out, x, rows, width, importance) => {
    for (let from = 0, at = 0; from < rows * width; from += BLOCK, at += 84) {
      if (importance === null) {
        for (let j = 0; j < 16; j++) {
          for (let i = 0; i < 16; i++) weights[i] = Math.abs(x[from + 16 * j + i]);
          searches.fitAffine(scales, mins, j, codes, 16 * j, x, from + 16 * j, weights, 0, 16, PLAIN_2);
        }
        scalesQ2K(out, at);
      } else {
        const variance = f(sumOfSquares(x, from, BLOCK) / BLOCK);
        searchByImportance(searches, x, from, importance, from % width, 16, variance, WEIGHTED_2);
        putHalf(out, at + 80, fitScales(scaleCodes, scales, sums, 16, 15));
        putHalf(out, at + 82, fitScales(minCodes, mins, sums, 16, 15));
      }
      const d = halfValue(out[at + 80] | (out[at + 81] << 8));
      const dmin = halfValue(out[at + 82] | (out[at + 83] << 8));
      for (let j = 0; j < 16; j++) {
        out[at + j] = scaleCodes[j] | (minCodes[j] << 4);
        requantize(x, from, j, 16, f(d * (out[at + j] & 15)), f(dmin * (out[at + j] >> 4)), 3);
      }
      putPairs(out, at + 16, codes);
    }
  };

/** Scales and minima in six bits against the largest of each; C takes both through an unsigned byte. */
function scalesQ4K(out: U8, at: number): void {
  const maxScale = largest(scales, 8);
  const maxMin = largest(mins, 8);
  const inverseScale = maxScale > 0 ? f(63 / maxScale) : 0;
  const inverseMin = maxMin > 0 ? f(63 / maxMin) : 0;
  for (let j = 0; j < 8; j++) {
    scaleCodes[j] = Math.min(63, nearestInt(f(inverseScale * scales[j])) & 255);
    minCodes[j] = Math.min(63, nearestInt(f(inverseMin * mins[j])) & 255);
  }
  putHalf(out, at, f(maxScale / 63));
  putHalf(out, at + 2, f(maxMin / 63));
}

/** d, dmin, scales and minima of a block of Q4_K or Q5_K, and `codes` under them. */
function encodeHead(
  searches: Searches,
  out: U8,
  at: number,
  x: F32,
  from: number,
  importance: F32 | null,
  column: number,
  plain: AffineRule,
  weighted: AffineRule,
): void {
  if (importance === null) {
    for (let j = 0; j < 8; j++) {
      const average = f(Math.sqrt(f(sumOfSquares(x, from + 32 * j, 32) / 32)));
      for (let i = 0; i < 32; i++) weights[i] = average + Math.abs(x[from + 32 * j + i]);
      searches.fitAffine(scales, mins, j, codes, 32 * j, x, from + 32 * j, weights, 0, 32, plain);
    }
    scalesQ4K(out, at);
  } else {
    const variance = f(f(2 * sumOfSquares(x, from, BLOCK)) / BLOCK);
    searchByImportance(searches, x, from, importance, column, 32, variance, weighted);
    putHalf(out, at, fitScales(scaleCodes, scales, sums, 8, 63));
    putHalf(out, at + 2, fitScales(minCodes, mins, sums, 8, 63));
  }
  putScalesQ4K(out, at + 4, scaleCodes, minCodes);
  const d = halfValue(out[at] | (out[at + 1] << 8));
  const dmin = halfValue(out[at + 2] | (out[at + 3] << 8));
  for (let j = 0; j < 8; j++) {
    const scale = f(d * scaleOfQ4K(out, at + 4, j));
    requantize(x, from, j, 32, scale, f(dmin * minOfQ4K(out, at + 4, j)), plain.most);
  }
}

const PLAIN_4 = affineRule(15, -1, 0.1, 20);
const WEIGHTED_4 = affineRule(15, -0.9, 0.05, 36);
const PLAIN_5 = affineRule(31, -0.5, 0.1, 15);
const WEIGHTED_5 = affineRule(31, -0.9, 0.05, 36);

export const q4KEncoder =
  (searches: Searches): BlockEncoder =>
  (out, x, rows, width, importance) => {
    for (let from = 0, at = 0; from < rows * width; from += BLOCK, at += 144) {
      encodeHead(searches, out, at, x, from, importance, from % width, PLAIN_4, WEIGHTED_4);
      putFours(out, at + 16, codes);
    }
  };

export const q5KEncoder =
  (searches: Searches): BlockEncoder =>
  (out, x, rows, width, importance) => {
    for (let from = 0, at = 0; from < rows * width; from += BLOCK, at += 176) {
      encodeHead(searches, out, at, x, from, importance, from % width, PLAIN_5, WEIGHTED_5);
      putHighBits(out, at + 16, codes, 4);
      putFours(out, at + 48, codes);
    }
  };
