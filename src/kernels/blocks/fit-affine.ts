/**
 * Search for the scale and minimum of a sub-block: least weighted error over candidates, as make_qkx2_quants and make_qkx3_quants of ggml do
 * it. Operations, their order and their float32 roundings are part of the result.
 */
import type { F32, U8 } from '../../core/arrays.js';
import type { AffineRule } from './affine-rule.js';
import { nearestWithin } from './nearest.js';

const LARGEST = 32;
const values = new Float64Array(LARGEST);
const weights = new Float64Array(LARGEST);
/** Codes of the candidate, and those of the best so far. */
let trial = new Float64Array(LARGEST);
let kept = new Float64Array(LARGEST);

const f = Math.fround;

/** Weighted error of value = scale * code + min. */
function errorOf(codes: Float64Array, n: number, scale: number, min: number, absolute: boolean): number {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const difference = f(f(f(scale * codes[i]) + min) - values[i]);
    const error = absolute ? Math.abs(difference) : f(difference * difference);
    sum = f(sum + f(weights[i] * error));
  }
  return sum;
}

/**
 * Writes codes of the `n` elements at x[at], scales[j] and mins[j], the minimum with its sign turned: value = scale * code - min. The search starts at
 * the plain range of the elements and 0, and takes what has less error only.
 */
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
  const { most, numerators, absolute } = rule;
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
  if (max === min) {
    codes.fill(0, codesAt, codesAt + n);
    scales[j] = 0;
    mins[j] = -min;
    return;
  }
  let iscale = f(most / f(max - min));
  let scale = f(1 / iscale);
  for (let i = 0; i < n; i++) kept[i] = nearestWithin(f(iscale * f(values[i] - min)), 0, most);
  let best = errorOf(kept, n, scale, min, absolute);
  for (let k = 0; k < numerators.length; k++) {
    iscale = f(numerators[k] / f(max - min));
    let sumL = 0;
    let sumL2 = 0;
    let sumXL = 0;
    for (let i = 0; i < n; i++) {
      const value = values[i];
      const l = nearestWithin(f(iscale * f(value - min)), 0, most);
      trial[i] = l;
      const wl = f(weights[i] * l);
      sumL = f(sumL + wl);
      sumL2 = f(sumL2 + f(wl * l));
      sumXL = f(sumXL + f(wl * value));
    }
    const determinant = f(f(sumW * sumL2) - f(sumL * sumL));
    if (!(determinant > 0)) continue;
    let trialScale = f(f(f(sumW * sumXL) - f(sumX * sumL)) / determinant);
    let trialMin = f(f(f(sumL2 * sumX) - f(sumL * sumXL)) / determinant);
    if (trialMin > 0) {
      trialMin = 0;
      trialScale = f(sumXL / sumL2);
    }
    const error = errorOf(trial, n, trialScale, trialMin, absolute);
    if (error < best) {
      const other = kept;
      kept = trial;
      trial = other;
      best = error;
      scale = trialScale;
      min = trialMin;
    }
  }
  for (let i = 0; i < n; i++) codes[codesAt + i] = kept[i];
  scales[j] = scale;
  mins[j] = -min;
}
