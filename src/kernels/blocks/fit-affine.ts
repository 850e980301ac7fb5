/**
 * Search for the scale and minimum of a sub-block: least weighted error over candidates, as make_qkx2_quants and make_qkx3_quants of ggml do
 * it. Operations, their order and their float32 roundings are part of the result.
 */
import type { F32, U8 } from '../../core/arrays.js';
import type { AffineRule } from './affine-rule.js';
import { nearestWithin } from './nearest.js';

const LARGEST = 32;
const f = Math.fround;

/** The sub-block in hand, its first `search.n` elements and their weights. One for all calls: searches never nest. */
export const values: Float64Array = new Float64Array(LARGEST);
export const weights: Float64Array = new Float64Array(LARGEST);
/** Codes of the candidate in hand, and of the best so far. */
export const trial: Float64Array = new Float64Array(LARGEST);
const best = new Float64Array(LARGEST);

export const search = {
  n: 0,
  /** Sums of weights and of weight * value in float32. */
  sumW: 0,
  sumX: 0,
  max: 0,
  /** The best so far: value = scale * code + min. */
  scale: 0,
  min: 0,
  error: 0,
};

/** Weighted error of value = scale * code + min; may be cut short once it is `enough`, as no term is negative. */
function errorOf(codes: Float64Array, scale: number, min: number, absolute: boolean, enough: number): number {
  const { n } = search;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const difference = f(f(f(scale * codes[i]) + min) - values[i]);
    const error = absolute ? Math.abs(difference) : f(difference * difference);
    sum = f(sum + f(weights[i] * error));
    if (sum >= enough) break;
  }
  return sum;
}

/** Takes up a sub-block and finds the plain range of its elements and 0; false where that is a point, which needs no search. */
export function startAffine(x: F32, at: number, w: F32, wAt: number, n: number, rule: AffineRule): boolean {
  let min = x[at];
  let max = min;
  let sumW = 0;
  let sumX = 0;
  for (let i = 0; i < n; i++) {
    const value = x[at + i];
    const weight = w[wAt + i];
    values[i] = value;
    weights[i] = weight;
    if (value < min) min = value;
    if (value > max) max = value;
    sumW = f(sumW + weight);
    sumX = f(sumX + f(weight * value));
  }
  if (min > 0) min = 0;
  search.n = n;
  search.min = min;
  search.max = max;
  search.scale = 0;
  if (max === min) {
    best.fill(0, 0, n);
    return false;
  }
  search.sumW = sumW;
  search.sumX = sumX;
  const iscale = f(rule.most / f(max - min));
  search.scale = f(1 / iscale);
  for (let i = 0; i < n; i++) best[i] = nearestWithin(f(iscale * f(values[i] - min)), 0, rule.most);
  search.error = errorOf(best, search.scale, min, rule.absolute, Infinity);
  return true;
}

/** Fills `trial` with the codes of the range cut into `numerator` steps. */
function takeCodes(numerator: number, most: number): void {
  const { n, min, max } = search;
  const iscale = f(numerator / f(max - min));
  for (let i = 0; i < n; i++) trial[i] = nearestWithin(f(iscale * f(values[i] - min)), 0, most);
}

/** Tries the codes in `trial` with the scale and minimum that suit them best; true where that is better. */
export function tryCodes(absolute: boolean): boolean {
  const { n, sumW, sumX } = search;
  let sumL = 0;
  let sumL2 = 0;
  let sumXL = 0;
  for (let i = 0; i < n; i++) {
    const l = trial[i];
    const wl = f(weights[i] * l);
    sumL = f(sumL + wl);
    sumL2 = f(sumL2 + f(wl * l));
    sumXL = f(sumXL + f(wl * values[i]));
  }
  const determinant = f(f(sumW * sumL2) - f(sumL * sumL));
  if (!(determinant > 0)) return false;
  let scale = f(f(f(sumW * sumXL) - f(sumX * sumL)) / determinant);
  let min = f(f(f(sumL2 * sumX) - f(sumL * sumXL)) / determinant);
  if (min > 0) {
    min = 0;
    scale = f(sumXL / sumL2);
  }
  const error = errorOf(trial, scale, min, absolute, search.error);
  if (!(error < search.error)) return false;
  for (let i = 0; i < n; i++) best[i] = trial[i];
  search.error = error;
  search.scale = scale;
  search.min = min;
  return true;
}

/** Tries the codes of one candidate; true where it is better. */
export function tryAffine(numerator: number, { most, absolute }: AffineRule): boolean {
  takeCodes(numerator, most);
  return tryCodes(absolute);
}

/** Writes what was found. */
export function finishAffine(scales: F32, mins: F32, j: number, codes: U8, codesAt: number): void {
  for (let i = 0; i < search.n; i++) codes[codesAt + i] = best[i];
  scales[j] = search.scale;
  mins[j] = -search.min;
}

/** `Searches.fitAffine`, every candidate in float32. */
export function fitAffine(
  scales: F32,
  mins: F32,
  j: number,
  codes: U8,
  codesAt: number,
  x: F32,
  at: number,
  w: F32,
  wAt: number,
  n: number,
  rule: AffineRule,
): void {
  if (startAffine(x, at, w, wAt, n, rule)) {
    for (const numerator of rule.numerators) tryAffine(numerator, rule);
  }
  finishAffine(scales, mins, j, codes, codesAt);
}
