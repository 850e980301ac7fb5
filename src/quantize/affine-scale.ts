/** From a tensor to scales and zero points: ranges per region, then the mapping. */
import type { F32, I32 } from '../core/arrays.js';
import { describe, NumericError } from '../core/errors.js';
import { kernels } from '../kernels/dispatch.js';
import type { AffineSettings } from './affine-options.js';
import type { Scales } from './affine-types.js';
import { bestRange, percentileRange } from './range-search.js';
import { regionsOf, type RegionPlan, type Span } from './regions.js';
import { rawScales, roundScales, zeroPointOf, type Ranges } from './scale-rule.js';

export interface ScaledRegions {
  readonly scale: F32;
  readonly zeroPoint: I32 | null;
  /** Largest distance by which a value lies outside what the codes can reach. */
  readonly overflow: number;
}

/** Scales and zero points of finite values `x` under `settings`. */
export function scaleRegions(x: F32, plan: RegionPlan, settings: AffineSettings): ScaledRegions {
  const own = rangesOf(x, plan, settings.mapping !== 'asymmetric');
  const used = chosenRanges(x, plan, settings, own);
  const zeroPoint = settings.mapping === 'asymmetric' ? new Int32Array(plan.regions) : null;
  const scale = roundScales(rawScales(used, settings), settings.scaleDtype);
  if (zeroPoint !== null) {
    for (let r = 0; r < plan.regions; r++)
      zeroPoint[r] = zeroPointOf(Math.min(used.min[r], 0), scale[r], settings);
  }
  return { scale, zeroPoint, overflow: overflowOf(own, scale, zeroPoint, settings) };
}

function chosenRanges(x: F32, plan: RegionPlan, settings: AffineSettings, own: Ranges): Ranges {
  const { scaleMethod, rangeMin, rangeMax } = settings;
  if (scaleMethod === 'percentile') return percentileRange(x, plan, settings.percentile, settings.mapping);
  if (scaleMethod === 'mse') return bestRange(x, plan, settings, own);
  if (rangeMin === null && rangeMax === null) return own;
  return {
    min: rangeMin === null ? own.min : own.min.map(() => rangeMin),
    max: rangeMax === null ? own.max : own.max.map(() => rangeMax),
  };
}

/**
 * Smallest and largest value of every region. `magnitudes` asks for -absmax and absmax instead: one number less to find, and all
 * that the symmetric mappings need.
 */
export function rangesOf(x: F32, plan: RegionPlan, magnitudes: boolean): Ranges {
  const max = new Float32Array(plan.regions);
  if (magnitudes) {
    reduceAbsmax(max, x, plan);
    return { min: max.map((m) => -m), max };
  }
  const min = new Float32Array(plan.regions).fill(Infinity);
  max.fill(-Infinity);
  for (const span of plan.spans()) {
    const part = x.subarray(span.begin, span.begin + span.rows * span.width);
    const spanMin = new Float32Array(span.run > 0 ? regionsOf(span) : span.width).fill(Infinity);
    const spanMax = new Float32Array(spanMin.length).fill(-Infinity);
    if (span.run > 0) kernels().minmaxRuns(spanMin, spanMax, part, span.rows, span.width, span.run);
    else kernels().minmaxColumns(spanMin, spanMax, part, span.rows, span.width);
    forEachParameter(span, (region, i) => {
      if (spanMin[i] < min[region]) min[region] = spanMin[i];
      if (spanMax[i] > max[region]) max[region] = spanMax[i];
    });
  }
  for (let r = 0; r < plan.regions; r++) {
    if (min[r] > max[r]) min[r] = max[r] = 0;
  }
  return { min, max };
}

function reduceAbsmax(out: F32, x: F32, plan: RegionPlan): void {
  for (const span of plan.spans()) {
    const part = x.subarray(span.begin, span.begin + span.rows * span.width);
    if (plan.simple) {
      kernels().absmaxRuns(out, part, span.rows, span.width, span.run);
      continue;
    }
    const found = new Float32Array(span.run > 0 ? regionsOf(span) : span.width);
    if (span.run > 0) kernels().absmaxRuns(found, part, span.rows, span.width, span.run);
    else kernels().absmaxColumns(found, part, span.rows, span.width);
    forEachParameter(span, (region, i) => {
      if (found[i] > out[region]) out[region] = found[i];
    });
  }
}

/** Visits each run (or column) of a span with the region it belongs to. */
function forEachParameter(span: Span, visit: (region: number, index: number) => void): void {
  const count = span.run > 0 ? regionsOf(span) : span.width;
  for (let i = 0; i < count; i++) visit(span.firstRegion + Math.floor(i / span.repeat), i);
}

/** Distance beyond the outermost levels that rounding itself covers, in steps: half a step to nearest, else a whole one. */
export function reachOf(rounding: AffineSettings['rounding']): number {
  return rounding === 'truncate' || rounding === 'stochastic' ? 1 : 0.5;
}

/** How far values lie outside the reach of the codes, at most 2^-50 above the truth, so that it may be added to a bound. */
export function overflowOf(
  { min, max }: Ranges,
  scale: Scales,
  zeroPoint: I32 | null,
  { codeMin, codeMax, rounding }: Pick<AffineSettings, 'codeMin' | 'codeMax' | 'rounding'>,
): number {
  const reach = reachOf(rounding);
  let overflow = 0;
  for (let r = 0; r < scale.length; r++) {
    const zero = zeroPoint === null ? 0 : zeroPoint[r];
    const above = max[r] - scale[r] * (codeMax - zero + reach);
    const below = scale[r] * (codeMin - zero - reach) - min[r];
    overflow = Math.max(overflow, above, below);
  }
  return overflow * (1 + 2 ** -50);
}

/** The input with NaN as 0 and infinities as the largest finite float32, or the named error at the first of them. */
export function finiteValues(fn: string, x: F32, settings: Pick<AffineSettings, 'nonFinite'>): F32 {
  const index = kernels().firstNonFinite(x);
  if (index < 0) return x;
  if (settings.nonFinite === 'throw') {
    const fix = "repair the tensor, or pass nonFinite: 'saturate'";
    const message = `${fn}: "x" expected finite values, got ${describe(x[index])} at index ${index} - ${fix}`;
    throw new NumericError('NON_FINITE', message, index);
  }
  // 0 changes no range that holds 0, and every range does: the symmetric ones by definition, the asymmetric by rule.
  return x.map((v) => (Number.isFinite(v) ? v : 0));
}
