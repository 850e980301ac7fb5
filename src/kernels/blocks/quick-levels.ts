/**
 * `Searches.fitLevels` with the results of fit-levels.ts, faster: most candidates are refused, and that shows in float64, without ggml's float32
 * roundings. Only the others are computed as ggml computes them.
 *
 * Why a candidate that is left out would have been refused: code and element times scale have one sign, so no sum has cancellation, and with
 * u = 2^-24 float32's sums of up to 32 terms are within 34 u of the true ones, its products within one u. So where sum(w x l)^2 (1 + 2^-17) <= best * sum(w l^2), its comparison
 * says no too. Sums outside of 2^-50 .. 2^50 are left to float32, so that underflow, 2^-150 each time, is nothing beside them.
 */
import type { F32, U8 } from '../../core/arrays.js';
import { codesOf, fitLevels, LEAST_PEAK, TENTH } from './fit-levels.js';
import { peakOf } from './plain.js';

const f = Math.fround;
/** 2^52 + 2^51: adding it to a smaller magnitude leaves the nearest whole number, ties to even; subtracting shows it. */
const MAGIC = 6755399441055744;
const LEAST = 2 ** -50;
const MOST = 2 ** 50;

const values = new Float64Array(32);
const weights = new Float64Array(32);
/** Codes of the candidate in hand, and their weighted sums in float32. */
const trial = new Float64Array(32);
let xl = 0;
let l2 = 0;

function sumInFloat32(n: number): void {
  let sumXL = 0;
  let sumL2 = 0;
  for (let i = 0; i < n; i++) {
    const l = trial[i];
    sumXL = f(sumXL + f(f(weights[i] * values[i]) * l));
    sumL2 = f(sumL2 + f(f(weights[i] * l) * l));
  }
  xl = sumXL;
  l2 = sumL2;
}

/** Fills `trial` with ggml's codes; false where the candidate is sure to be refused. */
function mayImprove(iscale: number, n: number, half: number, best: number): boolean {
  const least = -half;
  const most = half - 1;
  let sumXL = 0;
  let sumL2 = 0;
  for (let i = 0; i < n; i++) {
    const value = values[i];
    let l = f(iscale * value) + MAGIC - MAGIC;
    if (l > most) l = most;
    if (l < least) l = least;
    trial[i] = l;
    const wl = weights[i] * l;
    sumXL += wl * value;
    sumL2 += wl * l;
  }
  if (!(sumL2 > LEAST && sumL2 < MOST && Math.abs(sumXL) > LEAST && Math.abs(sumXL) < MOST)) return true;
  return sumXL * sumXL * (1 + 2 ** -17) > best * sumL2;
}

export function fitLevelsQuickly(
  codes: U8,
  codesAt: number,
  x: F32,
  at: number,
  w: F32,
  wAt: number,
  n: number,
  half: number,
): number {
  const peak = peakOf(x, at, n);
  if (Math.abs(peak) < LEAST_PEAK) {
    codes.fill(0, codesAt, codesAt + n);
    return 0;
  }
  // Scales of Q3_K may have overflowed; 0 * Infinity has code 0 there.
  if (!Number.isFinite(peak)) return fitLevels(codes, codesAt, x, at, w, wAt, n, half);
  for (let i = 0; i < n; i++) {
    values[i] = x[at + i];
    weights[i] = w[wAt + i];
  }
  let chosen = f(-half / peak);
  mayImprove(chosen, n, half, 0);
  sumInFloat32(n);
  let scale = l2 === 0 ? 0 : f(xl / l2);
  let best = f(scale * xl);
  for (let k = -9; k <= 9; k++) {
    if (k === 0) continue;
    const iscale = f(-f(half + f(TENTH * k)) / peak);
    if (!mayImprove(iscale, n, half, best)) continue;
    sumInFloat32(n);
    if (l2 > 0 && f(xl * xl) > f(best * l2)) {
      chosen = iscale;
      scale = f(xl / l2);
      best = f(scale * xl);
    }
  }
  codesOf(codes, codesAt, chosen, x, at, n, half);
  return scale;
}
