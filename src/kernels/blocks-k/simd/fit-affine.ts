/** `Searches.fitAffine` of blocks/types.ts for eight sub-blocks at once. */
import { L, ROW, roundSmall, roundWithin, W, X } from './lanes';

/** What the search found, eight float32 each: value = scale * code + min, codes = round(inverse * (x - offset)); and the sums of weights. */
export const FOUND: usize = memory.data(160, 16);
export const SCALE: usize = 0;
export const MIN: usize = 32;
export const INVERSE: usize = 64;
export const OFFSET: usize = 96;
export const SUM_W: usize = 128;

/** ggml's rounding is that of `roundSmall` below this. */
const LARGEST_CODE: f32 = 4194303;

// @ts-ignore: decorator
@inline
function codesOf(x: v128, offset: v128, inverse: v128, most: i32, isSmall: bool): v128 {
  const scaled = f32x4.mul(inverse, f32x4.sub(x, offset));
  if (!isSmall) return f32x4.convert_i32x4_s(roundWithin(scaled, 0, most));
  return f32x4.pmax(f32x4.pmin(roundSmall(scaled), f32x4.splat(<f32>most)), f32x4.splat(0));
}

// @ts-ignore: decorator
@inline
function errorOf(x: v128, w: v128, l: v128, scale: v128, min: v128, isAbsolute: bool): v128 {
  const difference = f32x4.sub(f32x4.add(f32x4.mul(scale, l), min), x);
  return f32x4.mul(w, isAbsolute ? f32x4.abs(difference) : f32x4.mul(difference, difference));
}

/** Whether the lanes' codes before the clamp are all below LARGEST_CODE: `low` and `high` are the extremes of x. */
// @ts-ignore: decorator
@inline
function areSmall(low: v128, high: v128, offset: v128, inverse: v128): v128 {
  const reach = f32x4.max(f32x4.abs(f32x4.sub(high, offset)), f32x4.abs(f32x4.sub(low, offset)));
  return f32x4.lt(f32x4.mul(f32x4.abs(inverse), reach), f32x4.splat(LARGEST_CODE));
}

/** The minimum that suits the codes best, and below the scale. */
// @ts-ignore: decorator
@inline
function solveMin(x: v128, l: v128, l2: v128, xl: v128, determinant: v128): v128 {
  return f32x4.div(f32x4.sub(f32x4.mul(l2, x), f32x4.mul(l, xl)), determinant);
}

// @ts-ignore: decorator
@inline
function solveScale(w: v128, x: v128, l: v128, xl: v128, determinant: v128): v128 {
  return f32x4.div(f32x4.sub(f32x4.mul(w, xl), f32x4.mul(x, l)), determinant);
}

/**
 * The search over X and W; `n` elements per lane, codes 0 to `most`, candidates k = 0 to `last` that cut the range into first + step * k + most steps.
 * A candidate's codes depend on the minimum of the best so far, so candidates come one after the other.
 */
// @ts-ignore: decorator
@inline
export function fitAffine(n: usize, most: i32, first: f32, step: f32, last: i32, isAbsolute: bool): void {
  const end = n * ROW;
  const zero = f32x4.splat(0);
  let lowA = v128.load(X);
  let lowB = v128.load(X, 16);
  let highA = lowA;
  let highB = lowB;
  let sumWA = zero;
  let sumWB = zero;
  let sumXA = zero;
  let sumXB = zero;
  for (let i: usize = 0; i < end; i += ROW) {
    const xA = v128.load(X + i);
    const xB = v128.load(X + i, 16);
    const wA = v128.load(W + i);
    const wB = v128.load(W + i, 16);
    lowA = f32x4.pmin(lowA, xA);
    lowB = f32x4.pmin(lowB, xB);
    highA = f32x4.pmax(highA, xA);
    highB = f32x4.pmax(highB, xB);
    sumWA = f32x4.add(sumWA, wA);
    sumWB = f32x4.add(sumWB, wB);
    sumXA = f32x4.add(sumXA, f32x4.mul(wA, xA));
    sumXB = f32x4.add(sumXB, f32x4.mul(wB, xB));
  }
  let minA = v128.andnot(lowA, f32x4.gt(lowA, zero));
  let minB = v128.andnot(lowB, f32x4.gt(lowB, zero));
  // A range that is a point needs no search: its error is below all others, its scale and codes are 0.
  const pointA = f32x4.eq(minA, highA);
  const pointB = f32x4.eq(minB, highB);
  const whole = f32x4.splat(<f32>most);
  const one = f32x4.splat(1);
  let inverseA = v128.andnot(f32x4.div(whole, f32x4.sub(highA, minA)), pointA);
  let inverseB = v128.andnot(f32x4.div(whole, f32x4.sub(highB, minB)), pointB);
  let scaleA = v128.andnot(f32x4.div(one, inverseA), pointA);
  let scaleB = v128.andnot(f32x4.div(one, inverseB), pointB);
  let offsetA = minA;
  let offsetB = minB;
  let bestA = zero;
  let bestB = zero;
  for (let i: usize = 0; i < end; i += ROW) {
    const xA = v128.load(X + i);
    const xB = v128.load(X + i, 16);
    const lA = codesOf(xA, minA, inverseA, most, false);
    const lB = codesOf(xB, minB, inverseB, most, false);
    bestA = f32x4.add(bestA, errorOf(xA, v128.load(W + i), lA, scaleA, minA, isAbsolute));
    bestB = f32x4.add(bestB, errorOf(xB, v128.load(W + i, 16), lB, scaleB, minB, isAbsolute));
  }
  bestA = v128.bitselect(f32x4.splat(-Infinity), bestA, pointA);
  bestB = v128.bitselect(f32x4.splat(-Infinity), bestB, pointB);

  for (let k = 0; k <= last; k++) {
    const steps = f32x4.splat(first + step * <f32>k + <f32>most);
    const iA = v128.andnot(f32x4.div(steps, f32x4.sub(highA, minA)), pointA);
    const iB = v128.andnot(f32x4.div(steps, f32x4.sub(highB, minB)), pointB);
    let lA = zero;
    let lB = zero;
    let l2A = zero;
    let l2B = zero;
    let xlA = zero;
    let xlB = zero;
    if (v128.all_true<i32>(v128.and(areSmall(lowA, highA, minA, iA), areSmall(lowB, highB, minB, iB)))) {
      for (let i: usize = 0; i < end; i += ROW) {
        const xA = v128.load(X + i);
        const cA = codesOf(xA, minA, iA, most, true);
        v128.store(L + i, cA);
        const wlA = f32x4.mul(v128.load(W + i), cA);
        lA = f32x4.add(lA, wlA);
        l2A = f32x4.add(l2A, f32x4.mul(wlA, cA));
        xlA = f32x4.add(xlA, f32x4.mul(wlA, xA));
        const xB = v128.load(X + i, 16);
        const cB = codesOf(xB, minB, iB, most, true);
        v128.store(L + i, cB, 16);
        const wlB = f32x4.mul(v128.load(W + i, 16), cB);
        lB = f32x4.add(lB, wlB);
        l2B = f32x4.add(l2B, f32x4.mul(wlB, cB));
        xlB = f32x4.add(xlB, f32x4.mul(wlB, xB));
      }
    } else {
      for (let i: usize = 0; i < end; i += ROW) {
        const xA = v128.load(X + i);
        const xB = v128.load(X + i, 16);
        const cA = codesOf(xA, minA, iA, most, false);
        const cB = codesOf(xB, minB, iB, most, false);
        v128.store(L + i, cA);
        v128.store(L + i, cB, 16);
        const wlA = f32x4.mul(v128.load(W + i), cA);
        const wlB = f32x4.mul(v128.load(W + i, 16), cB);
        lA = f32x4.add(lA, wlA);
        lB = f32x4.add(lB, wlB);
        l2A = f32x4.add(l2A, f32x4.mul(wlA, cA));
        l2B = f32x4.add(l2B, f32x4.mul(wlB, cB));
        xlA = f32x4.add(xlA, f32x4.mul(wlA, xA));
        xlB = f32x4.add(xlB, f32x4.mul(wlB, xB));
      }
    }
    const detA = f32x4.sub(f32x4.mul(sumWA, l2A), f32x4.mul(lA, lA));
    const detB = f32x4.sub(f32x4.mul(sumWB, l2B), f32x4.mul(lB, lB));
    let mA = solveMin(sumXA, lA, l2A, xlA, detA);
    let mB = solveMin(sumXB, lB, l2B, xlB, detB);
    const upA = f32x4.gt(mA, zero);
    const upB = f32x4.gt(mB, zero);
    mA = v128.andnot(mA, upA);
    mB = v128.andnot(mB, upB);
    const sA = v128.bitselect(f32x4.div(xlA, l2A), solveScale(sumWA, sumXA, lA, xlA, detA), upA);
    const sB = v128.bitselect(f32x4.div(xlB, l2B), solveScale(sumWB, sumXB, lB, xlB, detB), upB);
    let errorA = zero;
    let errorB = zero;
    for (let i: usize = 0; i < end; i += ROW) {
      const eA = errorOf(v128.load(X + i), v128.load(W + i), v128.load(L + i), sA, mA, isAbsolute);
      errorA = f32x4.add(errorA, eA);
      const eB = errorOf(v128.load(X + i, 16), v128.load(W + i, 16), v128.load(L + i, 16), sB, mB, isAbsolute);
      errorB = f32x4.add(errorB, eB);
    }
    const betterA = v128.and(f32x4.gt(detA, zero), f32x4.lt(errorA, bestA));
    const betterB = v128.and(f32x4.gt(detB, zero), f32x4.lt(errorB, bestB));
    if (!v128.any_true(v128.or(betterA, betterB))) continue;
    bestA = v128.bitselect(errorA, bestA, betterA);
    bestB = v128.bitselect(errorB, bestB, betterB);
    inverseA = v128.bitselect(iA, inverseA, betterA);
    inverseB = v128.bitselect(iB, inverseB, betterB);
    offsetA = v128.bitselect(minA, offsetA, betterA);
    offsetB = v128.bitselect(minB, offsetB, betterB);
    scaleA = v128.bitselect(sA, scaleA, betterA);
    scaleB = v128.bitselect(sB, scaleB, betterB);
    minA = v128.bitselect(mA, minA, betterA);
    minB = v128.bitselect(mB, minB, betterB);
  }
  v128.store(FOUND + SCALE, scaleA);
  v128.store(FOUND + SCALE, scaleB, 16);
  v128.store(FOUND + MIN, minA);
  v128.store(FOUND + MIN, minB, 16);
  v128.store(FOUND + INVERSE, inverseA);
  v128.store(FOUND + INVERSE, inverseB, 16);
  v128.store(FOUND + OFFSET, offsetA);
  v128.store(FOUND + OFFSET, offsetB, 16);
  v128.store(FOUND + SUM_W, sumWA);
  v128.store(FOUND + SUM_W, sumWB, 16);
}
