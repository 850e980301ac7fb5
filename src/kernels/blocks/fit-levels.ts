/**
 * Searches for the scale of codes around zero: least weighted squared error over candidates, as make_qx_quants and make_q3_quants of ggml do
 * it. Operations, their order and their float32 roundings are part of the result.
 */
import type { F32, U8 } from '../../core/arrays.js';
import { nearestWithin } from './nearest.js';
import { peakOf } from './plain.js';

/** Largest magnitudes below this count as zero. */
export const LEAST_PEAK: number = Math.fround(1e-15);

export const TENTH: number = Math.fround(0.1);

/** Weighted sums of one candidate. */
export const sums = { xl: 0, l2: 0 };

/** Fills `sums` for the codes of x times `iscale`. */
export function sumsOf(
  iscale: number,
  x: F32,
  at: number,
  w: F32,
  wAt: number,
  n: number,
  half: number,
): void {
  let xl = 0;
  let l2 = 0;
  for (let i = 0; i < n; i++) {
    const value = x[at + i];
    const l = nearestWithin(Math.fround(iscale * value), -half, half - 1);
    const weight = w[wAt + i];
    xl = Math.fround(xl + Math.fround(Math.fround(weight * value) * l));
    l2 = Math.fround(l2 + Math.fround(Math.fround(weight * l) * l));
  }
  sums.xl = xl;
  sums.l2 = l2;
}

/** Writes the codes of x times `iscale`, from 0 on. */
export function codesOf(
  codes: U8,
  codesAt: number,
  iscale: number,
  x: F32,
  at: number,
  n: number,
  half: number,
): void {
  for (let i = 0; i < n; i++) {
    codes[codesAt + i] = nearestWithin(Math.fround(iscale * x[at + i]), -half, half - 1) + half;
  }
}

/** `Searches.fitLevels`, every candidate in float32. */
export function fitLevels(
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
  let chosen = Math.fround(-half / peak);
  sumsOf(chosen, x, at, w, wAt, n, half);
  let scale = sums.l2 === 0 ? 0 : Math.fround(sums.xl / sums.l2);
  let best = Math.fround(scale * sums.xl);
  for (let k = -9; k <= 9; k++) {
    if (k === 0) continue;
    const iscale = Math.fround(-Math.fround(half + Math.fround(TENTH * k)) / peak);
    sumsOf(iscale, x, at, w, wAt, n, half);
    if (sums.l2 > 0 && Math.fround(sums.xl * sums.xl) > Math.fround(best * sums.l2)) {
      chosen = iscale;
      scale = Math.fround(sums.xl / sums.l2);
      best = Math.fround(scale * sums.xl);
    }
  }
  codesOf(codes, codesAt, chosen, x, at, n, half);
  return scale;
}

const levels = new Int8Array(32);
const product: F32 = new Float32Array(32);
const weight: F32 = new Float32Array(32);

/**
 * The same for weights x * x by moving one code at a time, in at most five passes, from those of the scale -half / peak.
 */
export function descendLevels(
  codes: U8,
  codesAt: number,
  x: F32,
  at: number,
  n: number,
  half: number,
): number {
  const peak = peakOf(x, at, n);
  if (Math.abs(peak) < LEAST_PEAK) {
    codes.fill(0, codesAt, codesAt + n);
    return 0;
  }
  const iscale = Math.fround(-half / peak);
  let xl = 0;
  let l2 = 0;
  for (let i = 0; i < n; i++) {
    const value = x[at + i];
    const l = nearestWithin(Math.fround(iscale * value), -half, half - 1);
    levels[i] = l;
    const w = Math.fround(value * value);
    weight[i] = w;
    product[i] = w * value;
    xl = Math.fround(xl + Math.fround(product[i] * l));
    l2 = Math.fround(l2 + Math.fround(Math.fround(w * l) * l));
  }
  for (let pass = 0; pass < 5; pass++) {
    let moved = false;
    for (let i = 0; i < n; i++) {
      const l = levels[i];
      const w = weight[i];
      let withoutXL = Math.fround(xl - Math.fround(product[i] * l));
      if (!(withoutXL > 0)) continue;
      let withoutL2 = Math.fround(l2 - Math.fround(Math.fround(w * l) * l));
      const asked = Math.fround(Math.fround(x[at + i] * withoutL2) / withoutXL);
      const next = nearestWithin(asked, -half, half - 1);
      if (next === l) continue;
      withoutXL = Math.fround(withoutXL + Math.fround(product[i] * next));
      withoutL2 = Math.fround(withoutL2 + Math.fround(Math.fround(w * next) * next));
      if (!(withoutL2 > 0)) continue;
      const left = Math.fround(Math.fround(withoutXL * withoutXL) * l2);
      if (left > Math.fround(Math.fround(xl * xl) * withoutL2)) {
        levels[i] = next;
        xl = withoutXL;
        l2 = withoutL2;
        moved = true;
      }
    }
    if (!moved) break;
  }
  for (let i = 0; i < n; i++) codes[codesAt + i] = levels[i] + half;
  return l2 > 0 ? Math.fround(xl / l2) : 0;
}
