/**
 * Codebooks in plain TypeScript. The number of thresholds below q is found by halving: 15 thresholds take 4 steps, 255 take 8. Infinity
 * fills thresholds up, and nothing lies above it. Number() of a comparison is an instruction where ?: is a branch that the data
 * decide and no processor guesses: 2.6 against 55 ns per element (Node 20).
 */
import type { F32, U8 } from '../../core/arrays.js';
import { absmaxRuns } from './reduce.js';

const SMALLEST_NORMAL = 2 ** -126;

/** How x / scale is formed: see quantizeRuns. A divisor of NaN makes every q count as 0. */
function divides(scale: number): boolean {
  const magnitude = Math.abs(Math.fround(1 / scale));
  return !(magnitude >= SMALLEST_NORMAL && magnitude < Infinity);
}

function factorOf(scale: number): number {
  if (!divides(scale)) return Math.fround(1 / scale);
  return scale === 0 ? NaN : scale;
}

function rankOf16(q: number, thresholds: F32): number {
  let n = Number(q > thresholds[7]) << 3;
  n += Number(q > thresholds[n + 3]) << 2;
  n += Number(q > thresholds[n + 1]) << 1;
  return n + Number(q > thresholds[n]);
}

function rankOf256(q: number, thresholds: F32): number {
  let n = Number(q > thresholds[127]) << 7;
  n += Number(q > thresholds[n + 63]) << 6;
  n += Number(q > thresholds[n + 31]) << 5;
  n += Number(q > thresholds[n + 15]) << 4;
  n += Number(q > thresholds[n + 7]) << 3;
  n += Number(q > thresholds[n + 3]) << 2;
  n += Number(q > thresholds[n + 1]) << 1;
  return n + Number(q > thresholds[n]);
}

export function quantizeLevels(codes: U8, x: F32, scale: F32, run: number, thresholds: F32, order: U8): void {
  for (let begin = 0, j = 0; begin < x.length; begin += run, j++) {
    const end = Math.min(begin + run, x.length);
    const isQuotient = divides(scale[j]);
    const factor = factorOf(scale[j]);
    for (let i = begin; i < end; i++) {
      const q = Math.fround(isQuotient ? x[i] / factor : x[i] * factor);
      codes[i] = order[rankOf256(Number.isNaN(q) ? 0 : q, thresholds)];
    }
  }
}

export function dequantizeLevels(out: F32, codes: U8, scale: F32, run: number, levels: F32): void {
  for (let begin = 0, j = 0; begin < out.length; begin += run, j++) {
    const end = Math.min(begin + run, out.length);
    const s = scale[j];
    // The store rounds the product, which is exact in float64, once.
    for (let i = begin; i < end; i++) out[i] = levels[codes[i]] * s;
  }
}

export function quantizeLevels4(
  packed: U8,
  x: F32,
  scale: F32,
  run: number,
  thresholds: F32,
  order: U8,
): void {
  const zero = order[rankOf16(0, thresholds)];
  for (let begin = 0, j = 0; begin < x.length; begin += run, j++) {
    const end = Math.min(begin + run, x.length);
    const isQuotient = divides(scale[j]);
    const factor = factorOf(scale[j]);
    for (let i = begin; i < end; i += 2) {
      const q = Math.fround(isQuotient ? x[i] / factor : x[i] * factor);
      const high = order[rankOf16(Number.isNaN(q) ? 0 : q, thresholds)];
      let low = zero;
      if (i + 1 < end) {
        const p = Math.fround(isQuotient ? x[i + 1] / factor : x[i + 1] * factor);
        low = order[rankOf16(Number.isNaN(p) ? 0 : p, thresholds)];
      }
      packed[i >> 1] = (high << 4) | low;
    }
  }
}

export function dequantizeLevels4(out: F32, packed: U8, scale: F32, run: number, levels: F32): void {
  for (let begin = 0, j = 0; begin < out.length; begin += run, j++) {
    const end = Math.min(begin + run, out.length);
    const s = scale[j];
    const pairs = end - (end % 2);
    for (let i = begin; i < pairs; i += 2) {
      const byte = packed[i >> 1];
      out[i] = levels[byte >> 4] * s;
      out[i + 1] = levels[byte & 15] * s;
    }
    if (pairs < end) out[pairs] = levels[packed[pairs >> 1] >> 4] * s;
  }
}

export function quantizeBlocks4(
  packed: U8,
  scale: F32,
  x: F32,
  run: number,
  thresholds: F32,
  order: U8,
): void {
  absmaxRuns(scale, x, 1, x.length, run);
  quantizeLevels4(packed, x, scale, run, thresholds, order);
}
