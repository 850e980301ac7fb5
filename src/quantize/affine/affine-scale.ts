/** From a tensor to scales and zero points: ranges per region, then the mapping. */
import type { F32, FloatArray, I32 } from '../../core/arrays.js';
import { kernels } from '../../kernels/dispatch.js';
import { withGivenRange } from './affine-range.js';
import type { AffineSettings, NonFinite, Scales } from './affine-types.js';
import { HQQ_SCHEDULE, solveHqq } from '../solvers/hqq-solve.js';
import { gatherObjective } from './objective.js';
import { nonFiniteError } from '../non-finite.js';
import { bestRange, percentileRange } from './range-search.js';
import { regionsOf, type RegionPlan, type Span } from './regions.js';
import { chooseParameters, clipOf, type Parameters, type Ranges } from './scale-rule.js';

export interface ScaledRegions extends Parameters {
  /** Largest distance by which a value lies outside what the codes can reach. */
  readonly overflow: number;
}

/** Scales and zero points of finite values `x`, whose own ranges are known, under `settings`. */
export function scaleRegions(x: F32, own: Ranges, plan: RegionPlan, settings: AffineSettings): ScaledRegions {
  const { scale, zeroPoint } =
    settings.scaleMethod === 'hqq'
      ? solveHqq(gatherObjective(x, plan, settings), settings, own, HQQ_SCHEDULE)
      : chooseParameters(chosenRanges(x, plan, settings, own), settings);
  return { scale, zeroPoint, overflow: overflowOf(own, scale, zeroPoint, settings) };
}

/** Whether the settings ask for ranges that are symmetric about 0. */
export function usesMagnitudes({ mapping, scaleMethod }: AffineSettings): boolean {
  return mapping !== 'asymmetric' || scaleMethod === 'absmax';
}

function chosenRanges(x: F32, plan: RegionPlan, settings: AffineSettings, own: Ranges): Ranges {
  const { scaleMethod } = settings;
  if (scaleMethod === 'percentile') return percentileRange(x, plan, settings.percentile, settings.mapping);
  if (scaleMethod === 'mse') return bestRange(x, plan, settings, own);
  return withGivenRange(own, settings);
}

/**
 * Smallest and largest value of every region. `magnitudes` asks for -absmax and absmax instead: one number less to find, and all
 * that symmetric ranges need. NaN in a region makes its range NaN.
 */
export function rangesOf(x: F32, plan: RegionPlan, magnitudes: boolean): Ranges {
  if (magnitudes) {
    const max = new Float32Array(plan.regions);
    reduceAbsmax(max, x, plan);
    return { min: max.map((m) => -m), max };
  }
  const own = extremesOf(x, plan);
  for (let r = 0; r < plan.regions; r++) {
    if (own.min[r] > own.max[r]) own.min[r] = own.max[r] = 0;
  }
  return own;
}

/** Smallest and largest value of every region: Infinity and -Infinity where it has no elements, NaN where one of them is NaN. */
export function extremesOf(x: F32, plan: RegionPlan): Ranges {
  const min = new Float32Array(plan.regions).fill(Infinity);
  const max = new Float32Array(plan.regions).fill(-Infinity);
  for (const span of plan.spans()) {
    const part = x.subarray(span.begin, span.begin + span.rows * span.width);
    const spanMin = new Float32Array(span.run > 0 ? regionsOf(span) : span.width).fill(Infinity);
    const spanMax = new Float32Array(spanMin.length).fill(-Infinity);
    if (span.run > 0) kernels().minmaxRuns(spanMin, spanMax, part, span.rows, span.width, span.run);
    else kernels().minmaxColumns(spanMin, spanMax, part, span.rows, span.width);
    forEachParameter(span, (region, i) => {
      min[region] = Math.min(min[region], spanMin[i]);
      max[region] = Math.max(max[region], spanMax[i]);
    });
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
      out[region] = Math.max(out[region], found[i]);
    });
  }
}

/** Visits each run (or column) of a span with the region it belongs to. */
function forEachParameter(span: Span, visit: (region: number, index: number) => void): void {
  const count = span.run > 0 ? regionsOf(span) : span.width;
  for (let i = 0; i < count; i++) visit(span.firstRegion + Math.floor(i / span.repeat), i);
}

/** How far values lie outside the reach of the codes, at most 2^-50 above the truth, so that it may be added to a bound. */
export function overflowOf(
  { min, max }: Ranges,
  scale: Scales,
  zeroPoint: I32 | null,
  rule: Pick<AffineSettings, 'codeMin' | 'codeMax' | 'rounding'>,
): number {
  let overflow = 0;
  for (let r = 0; r < scale.length; r++) {
    const zero = zeroPoint === null ? 0 : zeroPoint[r];
    overflow = Math.max(overflow, clipOf(min[r], max[r], scale[r], zero, rule));
  }
  return overflow * (1 + 2 ** -50);
}

/**
 * The ranges of `values`, which are `data` in float32. The ranges also tell whether everything is finite: no pass of its own is spent
 * on that. The named error at the first element that is not; if `nonFinite` is 'saturate', the ranges of `finite`, which has 0 there.
 */
export function finiteRanges(
  fn: string,
  data: FloatArray,
  values: F32,
  plan: RegionPlan,
  magnitudes: boolean,
  nonFinite: NonFinite,
): { readonly finite: F32; readonly own: Ranges } {
  const own = rangesOf(values, plan, magnitudes);
  if (own.min.every(Number.isFinite) && own.max.every(Number.isFinite)) return { finite: values, own };
  if (nonFinite === 'throw') {
    throw nonFiniteError(fn, data, values, "repair the tensor, or pass nonFinite: 'saturate'");
  }
  // 0 changes no range that holds 0, and every range does: the symmetric ones by definition, the asymmetric by rule.
  const finite = values.map((v) => (Number.isFinite(v) ? v : 0));
  return { finite, own: rangesOf(finite, plan, magnitudes) };
}

/** The same array when it holds float32 already, else its values rounded to float32. */
export function toFloat32(data: FloatArray): F32 {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}
