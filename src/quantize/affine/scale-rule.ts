/** From ranges to scales and zero points: the mappings, one region at a time. */
import type { F32, I32 } from '../../core/arrays.js';
import { roundTo, type Rounding } from '../../core/rounding.js';
import { kernels } from '../../kernels/dispatch.js';
import type { AffineSettings, ScaleDType } from './affine-types.js';

/** Smallest and largest value of every region; both 0 where a region is empty. */
export interface Ranges {
  readonly min: F32;
  readonly max: F32;
}

/** One scale per region, and one zero point or none. */
export interface Parameters {
  readonly scale: F32;
  readonly zeroPoint: I32 | null;
}

type Rule = Pick<AffineSettings, 'mapping' | 'codeMin' | 'codeMax' | 'scaleDtype' | 'rounding'>;

/** Largest finite value of the types that scales are stored in. */
const LARGEST = { float32: 3.4028234663852886e38, float16: 65504, bfloat16: 3.3895313892515355e38 };

/** Smallest value from which on every type's relative precision is full. */
const SMALLEST_NORMAL = { float32: 2 ** -126, float16: 2 ** -14, bfloat16: 2 ** -126 };

/**
 * Scale and zero point of every region: one division rounded to float32, then to the scale's type, half to even, with two exceptions.
 * (1) Where that leaves the range's end more than half a step outside (a scale that is subnormal, or 0 for a range that is not; the
 *     coarse types at 16 bits), the next larger scale of the type is taken.
 * (2) Where an outermost level would be infinite, the largest scale that keeps it finite.
 */
export function chooseParameters(ranges: Ranges, rule: Rule): Parameters {
  const regions = ranges.min.length;
  const scale = new Float32Array(regions);
  for (let r = 0; r < regions; r++) {
    const [low, high] = rangeOf(ranges, r, rule);
    scale[r] = Math.min((high - low) / stepsOf(rule), LARGEST.float32);
  }
  roundScales(scale, rule.scaleDtype);
  const zeroPoint = rule.mapping === 'asymmetric' ? new Int32Array(regions) : null;
  for (let r = 0; r < regions; r++) {
    const [low, high] = rangeOf(ranges, r, rule);
    let s = scale[r];
    let zero = zeroPoint === null ? 0 : zeroPointOf(low, s, rule);
    const larger = nextScale(s, rule.scaleDtype);
    if (clipOf(low, high, s, zero, rule) > larger / 2) {
      s = larger;
      zero = zeroPoint === null ? 0 : zeroPointOf(low, s, rule);
    }
    scale[r] = finiteScale(s, Math.max(zero - rule.codeMin, rule.codeMax - zero), rule.scaleDtype);
    if (zeroPoint !== null) zeroPoint[r] = zero;
  }
  return { scale, zeroPoint };
}

/** The range that a region's levels are to cover: symmetric about 0, or with 0 inside, so that 0 is a level. */
function rangeOf({ min, max }: Ranges, r: number, { mapping }: Rule): [low: number, high: number] {
  if (mapping === 'asymmetric') return [Math.min(min[r], 0), Math.max(max[r], 0)];
  const absmax = Math.max(Math.abs(min[r]), Math.abs(max[r]));
  return [-absmax, absmax];
}

/** Steps that the range is divided into. */
function stepsOf({ mapping, codeMin, codeMax }: Rule): number {
  return mapping === 'symmetric' ? 2 * codeMax : codeMax - codeMin;
}

/** Whether both exceptions of chooseParameters are out of the question for a symmetric 4-bit scale. */
export function isOrdinaryScale4(scale: number, dtype: AffineSettings['scaleDtype']): boolean {
  return scale >= SMALLEST_NORMAL[dtype] && scale <= LARGEST.float32 / 16;
}

/** Rounds to what a file stores, in place, half to even; beyond the largest finite value scales stay at it. */
export function roundScales(scale: F32, dtype: AffineSettings['scaleDtype']): void {
  if (dtype === 'float32') return;
  const codes = new Uint16Array(scale.length);
  for (let r = 0; r < scale.length; r++) scale[r] = Math.min(scale[r], LARGEST[dtype]);
  if (dtype === 'float16') {
    kernels().encodeFloat16(codes, scale);
    kernels().decodeFloat16(scale, codes);
  } else {
    kernels().encodeBfloat16(codes, scale);
    kernels().decodeBfloat16(scale, codes);
  }
}

/** The code that stands for 0: clamp(codeMin - round(min / scale)), the quotient in float64. */
function zeroPointOf(min: number, scale: number, { codeMin, codeMax }: Rule): number {
  if (scale === 0) return codeMin;
  return Math.min(codeMax, Math.max(codeMin, codeMin - roundTo(min / scale, 'halfEven')));
}

/** Distance beyond the outermost levels that rounding itself covers, in steps: half a step to nearest, else a whole one. */
export function reachOf(rounding: Rounding): number {
  return rounding === 'truncate' || rounding === 'stochastic' ? 1 : 0.5;
}

/** How far the range [min, max] lies outside the reach of the codes; 0 or less when it lies inside. */
export function clipOf(
  min: number,
  max: number,
  scale: number,
  zero: number,
  { codeMin, codeMax, rounding }: Pick<Rule, 'codeMin' | 'codeMax' | 'rounding'>,
): number {
  const reach = reachOf(rounding);
  return Math.max(max - scale * (codeMax - zero + reach), scale * (codeMin - zero - reach) - min);
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** Units in the last place of a float32 that the type's own unit is worth, for its normal numbers. */
const UNIT_BITS = { float32: 1, float16: 2 ** 13, bfloat16: 2 ** 16 };

/** The next larger value of the scale's type, or `scale` itself when it is the largest. */
function nextScale(scale: number, dtype: AffineSettings['scaleDtype']): number {
  if (scale >= LARGEST[dtype]) return scale;
  if (dtype === 'float16' && scale < SMALLEST_NORMAL.float16) return scale + 2 ** -24;
  scratch[0] = scale;
  scratchBits[0] += UNIT_BITS[dtype];
  return scratch[0];
}

/** `scale`, or the largest value of its type for which `codes` steps of it are a finite float32. */
function finiteScale(scale: number, codes: number, dtype: AffineSettings['scaleDtype']): number {
  if (Math.fround(scale * codes) < Infinity) return scale;
  scratch[0] = LARGEST.float32 / codes;
  if (scratch[0] * codes > LARGEST.float32) scratchBits[0] -= 1;
  scratchBits[0] -= scratchBits[0] % UNIT_BITS[dtype];
  return scratch[0];
}

/** Whether the kernels multiply by this reciprocal; else they divide: see Kernels.quantizeRuns. */
export function isUsableReciprocal(reciprocal: number): boolean {
  return reciprocal >= SMALLEST_NORMAL.float32 && reciprocal < Infinity;
}

/** Whether `scale` is a value of `dtype`. */
export function isScaleOf(scale: number, dtype: ScaleDType): boolean {
  if (dtype === 'float64' || dtype === 'float32') return true;
  scratch[0] = scale;
  const fits = scratchBits[0] % UNIT_BITS[dtype] === 0 && scale <= LARGEST[dtype];
  return dtype === 'bfloat16' || scale >= SMALLEST_NORMAL.float16 ? fits : Number.isInteger(scale * 2 ** 24);
}
