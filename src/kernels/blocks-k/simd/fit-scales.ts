/** The search of blocks/fit-scales.ts: the common scale of the scales of a super-block's sub-blocks. */
import { nearestInt } from './half';

/** Largest magnitudes below this count as zero. */
export const LEAST_PEAK: f32 = 1e-15;
export const TENTH: f32 = 0.1;

/** Weighted squared error of x against scale times its code; `isFirst` takes codes as unsigned bytes, beyond `most` too. */
// @ts-ignore: decorator
@inline
function errorOf(x: usize, w: usize, n: usize, inverse: f32, most: i32, isFirst: bool): f32 {
  const scale = <f32>1 / inverse;
  let sum: f32 = 0;
  for (let i: usize = 0; i < n << 2; i += 4) {
    const value = f32.load(x + i);
    const whole = nearestInt(inverse * value);
    const difference = value - scale * <f32>(isFirst ? whole & 255 : min(most, whole));
    sum += f32.load(w + i) * difference * difference;
  }
  return sum;
}

/** Writes codes 0 to `most`, a byte each, and returns the scale that is best for them. */
export function fitScales(codes: usize, x: usize, w: usize, n: usize, most: i32): f32 {
  let peak: f32 = 0;
  for (let i: usize = 0; i < n; i++) {
    const value = f32.load(x + (i << 2));
    if (value > peak) peak = value;
  }
  if (peak < LEAST_PEAK) {
    memory.fill(codes, 0, n);
    return 0;
  }
  let chosen = <f32>most / peak;
  let best = errorOf(x, w, n, chosen, most, true);
  for (let k = -4; k <= 4; k++) {
    if (k == 0) continue;
    const inverse = (TENTH * <f32>k + <f32>most) / peak;
    const error = errorOf(x, w, n, inverse, most, false);
    if (error < best) {
      best = error;
      chosen = inverse;
    }
  }
  let xl: f32 = 0;
  let l2: f32 = 0;
  for (let i: usize = 0; i < n; i++) {
    const value = f32.load(x + (i << 2));
    const weight = f32.load(w + (i << 2));
    const whole = min(most, nearestInt(chosen * value));
    const l = <f32>whole;
    store<u8>(codes + i, <u8>whole);
    xl += weight * value * l;
    l2 += weight * l * l;
  }
  for (let pass = 0; pass < 5; pass++) {
    let moved = false;
    for (let i: usize = 0; i < n; i++) {
      const value = f32.load(x + (i << 2));
      const weight = f32.load(w + (i << 2));
      const code = <i32>load<u8>(codes + i);
      const l = <f32>code;
      const wx = weight * value;
      let otherXL = xl - wx * l;
      let otherL2 = l2 - weight * l * l;
      if (!(otherXL > 0 && otherL2 > 0)) continue;
      const next = min(most, nearestInt((value * otherL2) / otherXL));
      if (next == code) continue;
      const m = <f32>next;
      otherXL += wx * m;
      otherL2 += weight * m * m;
      if (otherXL * otherXL * l2 > xl * xl * otherL2) {
        store<u8>(codes + i, <u8>next);
        xl = otherXL;
        l2 = otherL2;
        moved = true;
      }
    }
    if (!moved) break;
  }
  return l2 > 0 ? xl / l2 : 0;
}
