/** Codebooks, as their definition reads. */
import type { F32, U8 } from '../../core/arrays.js';
import { quotient } from './affine.js';
import { absmaxRuns } from './reduce.js';
import { forEachRun } from './regions.js';

/** The number of thresholds below x / scale, through `order`. */
function encode(x: number, scale: number, thresholds: F32, order: U8): number {
  const q = quotient(x, scale, 'reciprocal');
  const value = Number.isNaN(q) ? 0 : q;
  return order[thresholds.filter((threshold) => threshold < value).length];
}

export function quantizeLevels(codes: U8, x: F32, scale: F32, run: number, thresholds: F32, order: U8): void {
  forEachRun(1, x.length, run, (index, begin, end) => {
    for (let i = begin; i < end; i++) codes[i] = encode(x[i], scale[index], thresholds, order);
  });
}

export function dequantizeLevels(out: F32, codes: U8, scale: F32, run: number, levels: F32): void {
  forEachRun(1, out.length, run, (index, begin, end) => {
    for (let i = begin; i < end; i++) out[i] = Math.fround(levels[codes[i]] * scale[index]);
  });
}

export function quantizeLevels4(
  packed: U8,
  x: F32,
  scale: F32,
  run: number,
  thresholds: F32,
  order: U8,
): void {
  const codes = new Uint8Array(x.length + 1).fill(encode(0, 1, thresholds, order));
  quantizeLevels(codes, x, scale, run, thresholds, order);
  for (let i = 0; i < x.length; i += 2) packed[i / 2] = (codes[i] << 4) | codes[i + 1];
}

export function dequantizeLevels4(out: F32, packed: U8, scale: F32, run: number, levels: F32): void {
  const codes = new Uint8Array(out.length);
  for (let i = 0; i < codes.length; i++) codes[i] = (packed[i >> 1] >> (i % 2 === 0 ? 4 : 0)) & 15;
  dequantizeLevels(out, codes, scale, run, levels);
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
