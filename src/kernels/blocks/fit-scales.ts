/**
 * Search for the common scale of the scales of a super-block's sub-blocks, as make_qp_quants of ggml does it: nine candidates, then single
 * codes moved in at most five passes. Operations, their order and their float32 roundings are part of the result.
 */
import type { F32, U8 } from '../../core/arrays.js';
import { LEAST_PEAK } from './fit-levels.js';
import { nearestInt } from './nearest.js';

const f = Math.fround;
const TENTH = f(0.1);

/** Weighted squared error of x against scale times its code. */
function errorOf(x: F32, w: F32, n: number, iscale: number, most: number): number {
  const scale = f(1 / iscale);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const l = Math.min(most, nearestInt(f(iscale * x[i])));
    const difference = f(x[i] - f(scale * l));
    sum = f(sum + f(f(w[i] * difference) * difference));
  }
  return sum;
}

/** The first candidate's error takes its codes as unsigned bytes, beyond `most` too. */
function firstError(x: F32, w: F32, n: number, iscale: number): number {
  const scale = f(1 / iscale);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const difference = f(x[i] - f(scale * (nearestInt(f(iscale * x[i])) & 255)));
    sum = f(sum + f(f(w[i] * difference) * difference));
  }
  return sum;
}

/** Writes codes 0 to `most` of the first `n` of x >= 0 and returns the scale that is best for them. */
export function fitScales(codes: U8, x: F32, w: F32, n: number, most: number): number {
  let max = 0;
  for (let i = 0; i < n; i++) if (x[i] > max) max = x[i];
  if (max < LEAST_PEAK) {
    codes.fill(0, 0, n);
    return 0;
  }
  let chosen = f(most / max);
  let best = firstError(x, w, n, chosen);
  for (let k = -4; k <= 4; k++) {
    if (k === 0) continue;
    const iscale = f(f(f(TENTH * k) + most) / max);
    const error = errorOf(x, w, n, iscale, most);
    if (error < best) {
      best = error;
      chosen = iscale;
    }
  }
  let xl = 0;
  let l2 = 0;
  for (let i = 0; i < n; i++) {
    const l = Math.min(most, nearestInt(f(chosen * x[i])));
    codes[i] = l;
    xl = f(xl + f(f(w[i] * x[i]) * l));
    l2 = f(l2 + f(f(w[i] * l) * l));
  }
  for (let pass = 0; pass < 5; pass++) {
    let moved = false;
    for (let i = 0; i < n; i++) {
      const l = codes[i];
      const wx = f(w[i] * x[i]);
      let otherXL = f(xl - f(wx * l));
      let otherL2 = f(l2 - f(f(w[i] * l) * l));
      if (!(otherXL > 0 && otherL2 > 0)) continue;
      const next = Math.min(most, nearestInt(f(f(x[i] * otherL2) / otherXL)));
      if (next === l) continue;
      otherXL = f(otherXL + f(wx * next));
      otherL2 = f(otherL2 + f(f(w[i] * next) * next));
      if (f(f(otherXL * otherXL) * l2) > f(f(xl * xl) * otherL2)) {
        codes[i] = next;
        xl = otherXL;
        l2 = otherL2;
        moved = true;
      }
    }
    if (!moved) break;
  }
  return l2 > 0 ? f(xl / l2) : 0;
}
