/**
 * `Searches.fitAffine` with the results of fit-affine.ts, faster where errors are squared: most candidates cannot have less error than the best so
 * far, and that shows in float64, without ggml's float32 roundings. Only the others are computed as ggml computes them.
 *
 * Why a candidate that is left out would have been refused. Let u = 2^-24, W = sum(w), XX = sum(w x^2), S1 = sum(w l), S2 = sum(w l^2), share = 1 - S1^2 / (W S2), the
 * part of the determinant that is left. Here S2 >= W and share >= 1 / 8. Float32's sums of up to 32 terms are within 34 u of sums of magnitudes, so by
 * Cauchy's inequality its determinant is within 136 u W S2 of the true one, far below 1 %; its scale s and minimum m are at most 2.1 sqrt(XX / S2) / share and
 * 2.1 sqrt(XX / W) / share; its differences s l + m - x are off by at most d = 4 u (|s| most + |m| + max |x|), and its sum of errors is rounded by less than
 * 2^-18 of itself. So with E the least sum of w (s l + m - x)^2 over all s and m, float32's sum is at least (sqrt(E) - d sqrt(W))^2 (1 - 2^-18).
 * Sums outside of 2^-40 .. 2^40 are left to float32, so that underflow, 2^-150 each time, is nothing beside them.
 */
import type { F32, U8 } from '../../core/arrays.js';
import type { AffineRule } from './affine-rule.js';
import {
  finishAffine,
  search,
  startAffine,
  trial,
  tryAffine,
  tryCodes,
  values,
  weights,
} from './fit-affine.js';

const f = Math.fround;
/** 2^52 + 2^51: adding it to a smaller magnitude leaves the nearest whole number, ties to even; subtracting shows it. */
const MAGIC = 6755399441055744;

const LEAST = 2 ** -40;
const MOST = 2 ** 40;
/** 1 / share is at most this. */
const SHARES = 8;
const SUM_ERROR = 2 ** -18;
const DIFFERENCE_ERROR = 2 ** -22;
/** Beyond what float64 sums lose by cancellation, as a share of XX. */
const DOUBLE_ERROR = 2 ** -36;
/** ggml's rounding is that of MAGIC below this. */
const LARGEST_CODE = 2 ** 22 - 1;

const offsets = new Float64Array(32);

/** Sums of the sub-block in float64, and what follows from them. */
let sumW = 0;
let sumX = 0;
let perW = 0;
/** Weighted sum of squares around the mean. */
let spread = 0;
/** d sqrt(W) of the comment above. */
let noise = 0;
/** Least sum of squares that is sure to be refused. */
let limit = 0;
/** Largest magnitude of the offsets. */
let reach = 0;

function sumUp(most: number): boolean {
  const { n } = search;
  let sumXX = 0;
  let peak = 0;
  sumW = 0;
  sumX = 0;
  for (let i = 0; i < n; i++) {
    const value = values[i];
    const wx = weights[i] * value;
    sumW += weights[i];
    sumX += wx;
    sumXX += wx * value;
    const a = Math.abs(value);
    if (a > peak) peak = a;
  }
  perW = 1 / sumW;
  spread = sumXX - sumX * sumX * perW - sumXX * DOUBLE_ERROR;
  const bound = 2.1 * SHARES * (most + 1) * Math.sqrt(sumXX * perW) + peak;
  noise = DIFFERENCE_ERROR * bound * Math.sqrt(sumW);
  return sumW > LEAST && sumW < MOST && sumXX > LEAST && sumXX < MOST;
}

/** value - min in float32, and the limit: anew for every best. */
function takeBest(): void {
  const { n, min } = search;
  reach = 0;
  for (let i = 0; i < n; i++) {
    const offset = f(values[i] - min);
    offsets[i] = offset;
    const a = Math.abs(offset);
    if (a > reach) reach = a;
  }
  const root = Math.sqrt(search.error) * (1 + SUM_ERROR) + noise;
  limit = root * root;
}

/** Fills `trial` with ggml's codes for a step of 1 / iscale; false where the candidate is sure to be refused. */
function mayImprove(iscale: number, most: number): boolean {
  const { n } = search;
  let sumL = 0;
  let sumL2 = 0;
  let sumXL = 0;
  for (let i = 0; i < n; i++) {
    let l = Math.fround(iscale * offsets[i]) + MAGIC - MAGIC;
    if (l > most) l = most;
    if (l < 0) l = 0;
    trial[i] = l;
    const wl = weights[i] * l;
    sumL += wl;
    sumL2 += wl * l;
    sumXL += wl * values[i];
  }
  const mean = sumL * perW;
  const variance = sumL2 - sumL * mean;
  if (!(sumL2 >= sumW && variance * SHARES >= sumL2)) return true;
  const covariance = sumXL - sumX * mean;
  return !(spread * variance - covariance * covariance > limit * variance);
}

/** Fills `trial` likewise; false where nothing changes, so that the candidate would do what the one before it did, and is refused. */
function hasNewCodes(iscale: number, most: number): boolean {
  const { n } = search;
  let isNew = false;
  for (let i = 0; i < n; i++) {
    let l = Math.fround(iscale * offsets[i]) + MAGIC - MAGIC;
    if (l > most) l = most;
    if (l < 0) l = 0;
    if (l === trial[i]) continue;
    trial[i] = l;
    isNew = true;
  }
  return isNew;
}

export function fitAffineQuickly(
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
  const { numerators, most, absolute } = rule;
  if (!startAffine(x, at, w, wAt, n, rule)) {
    finishAffine(scales, mins, j, codes, codesAt);
    return;
  }
  const isUsual = sumUp(most);
  takeBest();
  trial[0] = NaN;
  for (let k = 0; k < numerators.length; k++) {
    const iscale = f(numerators[k] / f(search.max - search.min));
    let isBetter: boolean;
    if (!(Math.abs(iscale) * reach < LARGEST_CODE)) isBetter = tryAffine(numerators[k], rule);
    else if (absolute || !isUsual) isBetter = hasNewCodes(iscale, most) && tryCodes(absolute);
    else isBetter = mayImprove(iscale, most) && tryCodes(false);
    if (isBetter) takeBest();
  }
  finishAffine(scales, mins, j, codes, codesAt);
}
