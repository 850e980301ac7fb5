/** From ranges to scales and zero points: the mappings, one region at a time. */
import type { F32, U16 } from '../core/arrays.js';
import { roundTo } from '../core/rounding.js';
import { kernels } from '../kernels/dispatch.js';
import type { AffineSettings } from './affine-options.js';
import type { ScaleDType } from './affine-types.js';

/** Smallest and largest value of every region; both 0 where a region is empty. */
export interface Ranges {
  readonly min: F32;
  readonly max: F32;
}

/** The float32 step between levels for every region: one division, rounded once. */
export function rawScales({ min, max }: Ranges, { mapping, codeMin, codeMax }: AffineSettings): F32 {
  const scale = new Float32Array(min.length);
  for (let r = 0; r < scale.length; r++) {
    if (mapping === 'asymmetric') {
      // The difference of two float32 is exact enough in float64; 0 is kept inside so that it stays exactly 0.
      scale[r] = (Math.max(max[r], 0) - Math.min(min[r], 0)) / (codeMax - codeMin);
    } else {
      const absmax = Math.max(Math.abs(min[r]), Math.abs(max[r]));
      scale[r] = absmax / (mapping === 'symmetric' ? codeMax : codeMax + 0.5);
    }
  }
  return scale;
}

/** Scales rounded to what a file stores, half to even; beyond the largest finite value they stay at it. */
export function roundScales(scale: F32, dtype: ScaleDType): F32 {
  if (dtype === 'float32' || dtype === 'float64') return scale;
  const codes: U16 = new Uint16Array(scale.length);
  const largest = dtype === 'float16' ? 65504 : 3.3895313892515355e38;
  const clamped = scale.map((s) => Math.min(s, largest));
  const rounded = new Float32Array(scale.length);
  if (dtype === 'float16') {
    kernels().encodeFloat16(codes, clamped);
    kernels().decodeFloat16(rounded, codes);
  } else {
    kernels().encodeBfloat16(codes, clamped);
    kernels().decodeBfloat16(rounded, codes);
  }
  return rounded;
}

/** The code that stands for 0: clamp(codeMin - round(min / scale)), the quotient in float64. */
export function zeroPointOf(min: number, scale: number, { codeMin, codeMax }: AffineSettings): number {
  if (scale === 0) return codeMin;
  return Math.min(codeMax, Math.max(codeMin, codeMin - roundTo(min / scale, 'halfEven')));
}
