/** Affine quantization, as its definition reads. */
import type { F32, I32 } from '../../core/arrays.js';
import { hash32 } from '../../core/random.js';
import { THRESHOLD_UNIT, roundTo } from '../../core/rounding.js';
import type { CodeRule, Codes } from '../types.js';
import { forEachColumn, forEachRun } from './regions.js';

const SMALLEST_NORMAL = 2 ** -126;

/**
 * x / scale in float32. Where 1 / scale is no normal float32 (it is infinite for |scale| < 2^-128 and loses bits for
 * |scale| > 2^126), the reciprocal arithmetic divides as well: the error of the quotient then stays within one rounding
 * of each operation for every scale.
 */
export function quotient(x: number, scale: number, arithmetic: CodeRule['arithmetic']): number {
  if (scale === 0) return 0;
  const reciprocal = Math.fround(1 / scale);
  const isNormal = Math.abs(reciprocal) >= SMALLEST_NORMAL && Number.isFinite(reciprocal);
  return Math.fround(arithmetic === 'reciprocal' && isNormal ? x * reciprocal : x / scale);
}

/** `position` is the element's place in the whole tensor: the number that stochastic rounding draws with. */
function encode(x: number, scale: number, zeroPoint: number, rule: CodeRule, position: number): number {
  const q = quotient(x, scale, rule.arithmetic);
  const threshold = hash32(rule.seed, position) * THRESHOLD_UNIT;
  const whole = Number.isNaN(q) ? 0 : roundTo(q, rule.rounding, threshold);
  return Math.min(Math.max(whole + zeroPoint, rule.codeMin), rule.codeMax);
}

export function quantizeRuns(
  codes: Codes,
  x: F32,
  scale: F32,
  zeroPoint: I32 | null,
  rows: number,
  width: number,
  run: number,
  rule: CodeRule,
): void {
  forEachRun(rows, width, run, (index, begin, end) => {
    const offset = zeroPoint === null ? 0 : zeroPoint[index];
    for (let i = begin; i < end; i++) codes[i] = encode(x[i], scale[index], offset, rule, rule.position + i);
  });
}

export function quantizeColumns(
  codes: Codes,
  x: F32,
  scale: F32,
  zeroPoint: I32 | null,
  rows: number,
  width: number,
  rule: CodeRule,
): void {
  forEachColumn(rows, width, (column, i) => {
    const offset = zeroPoint === null ? 0 : zeroPoint[column];
    codes[i] = encode(x[i], scale[column], offset, rule, rule.position + i);
  });
}

/** The difference is exact and the product rounds in float64 only where it takes more than 53 bits: beyond 2^29. */
function decode(code: number, scale: number, zeroPoint: number): number {
  return Math.fround(scale * (code - zeroPoint));
}

export function dequantizeRuns(
  out: F32,
  codes: Codes,
  scale: F32,
  zeroPoint: I32 | null,
  rows: number,
  width: number,
  run: number,
): void {
  forEachRun(rows, width, run, (index, begin, end) => {
    const offset = zeroPoint === null ? 0 : zeroPoint[index];
    for (let i = begin; i < end; i++) out[i] = decode(codes[i], scale[index], offset);
  });
}

export function dequantizeColumns(
  out: F32,
  codes: Codes,
  scale: F32,
  zeroPoint: I32 | null,
  rows: number,
  width: number,
): void {
  forEachColumn(rows, width, (column, i) => {
    const offset = zeroPoint === null ? 0 : zeroPoint[column];
    out[i] = decode(codes[i], scale[column], offset);
  });
}
