/** The passes over a tensor's codes: how a plan's spans meet the kernels. */
import type { F32, I32, I8, U8 } from '../../core/arrays.js';
import { kernels } from '../../kernels/dispatch.js';
import type { CodeRule, Codes } from '../../kernels/types.js';
import { overflowOf, rangesOf, scaleRegions, type ScaledRegions } from './affine-scale.js';
import { codesArray, unpackCodes } from './affine-tensor.js';
import type { AffineSettings, AffineTensor, Bits, QParams, Scales } from './affine-types.js';
import { paramsOf, type RegionPlan, type Span } from './regions.js';
import { isOrdinaryScale4 } from './scale-rule.js';

type Rule = Pick<QParams, 'codeMin' | 'codeMax' | 'rounding' | 'arithmetic' | 'seed'>;

/** The codes of `x`, laid out as AffineTensor says. */
export function encodeCodes(x: F32, plan: RegionPlan, q: QParams): AffineTensor['codes'] {
  const codes = codesArray(q.bits, q.codeMin, x.length);
  if (q.bits >= 8) {
    encodeInto(codes, x, plan, q.scale, q.zeroPoint, q);
    return codes;
  }
  const single = codesArray(8, q.codeMin, x.length) as I8 | U8;
  encodeInto(single, x, plan, q.scale, q.zeroPoint, q);
  kernels().packBits(codes as U8, single, x.length, q.bits, q.codeMin);
  return codes;
}

/** One code per element. Float64 scales are rounded to float32 here, and here alone. */
function encodeInto(
  codes: Codes,
  x: F32,
  plan: RegionPlan,
  scales: Scales,
  zeroPoint: I32 | null,
  { codeMin, codeMax, rounding, arithmetic, seed }: Rule,
): void {
  const rounded = scales instanceof Float32Array ? scales : Float32Array.from(scales);
  for (const span of plan.spans()) {
    const rule: CodeRule = { codeMin, codeMax, rounding, arithmetic, seed, position: span.begin };
    const to = partOf(codes, span);
    const from = partOf(x, span);
    const scale = paramsOf(span, rounded, (n) => new Float32Array(n));
    const zero = zeroPointsOf(span, zeroPoint);
    if (span.run > 0) kernels().quantizeRuns(to, from, scale, zero, span.rows, span.width, span.run, rule);
    else kernels().quantizeColumns(to, from, scale, zero, span.rows, span.width, rule);
  }
}

/**
 * 1 where the code of an element before clamping lies from codeMin to codeMax, else 0, also for NaN and infinities. Two passes, each with one end of
 * the range moved to 0, so that codes of every width fit an Int8Array: -1 is below the lower end, +1 above the upper.
 */
export function insideMask(x: F32, plan: RegionPlan, q: QParams): U8 {
  const fromLow = sideOfEnd(x, plan, q, q.codeMin);
  const fromHigh = sideOfEnd(x, plan, q, q.codeMax);
  const mask = new Uint8Array(x.length);
  for (let i = 0; i < x.length; i++)
    mask[i] = fromLow[i] >= 0 && fromHigh[i] <= 0 && Number.isFinite(x[i]) ? 1 : 0;
  return mask;
}

/** -1, 0 or 1: whether the unclamped code lies below, at or above `end`. */
function sideOfEnd(x: F32, plan: RegionPlan, q: QParams, end: number): I8 {
  const side = new Int8Array(x.length);
  const zeroPoint = new Int32Array(plan.regions).map((_, r) => (q.zeroPoint?.[r] ?? 0) - end);
  encodeInto(side, x, plan, q.scale, zeroPoint, { ...q, codeMin: -1, codeMax: 1 });
  return side;
}

/** The values of an affine tensor that has passed its checks. */
export function decodeInto(out: F32, q: AffineTensor, plan: RegionPlan): void {
  const { scale: scales } = q;
  const packed = packedRuns4(q.bits, plan);
  if (packed !== null && scales instanceof Float32Array) {
    kernels().dequantizePackedRuns4(
      out,
      q.codes as U8,
      scales,
      q.zeroPoint,
      plan.regions,
      packed.run,
      q.codeMin,
    );
    return;
  }
  const codes = unpackCodes(q, out.length);
  for (const span of plan.spans()) {
    const to = partOf(out, span);
    const from = partOf(codes, span);
    const zero = zeroPointsOf(span, q.zeroPoint);
    if (!(scales instanceof Float32Array)) {
      const scale = paramsOf(span, scales, (n) => new Float64Array(n));
      decodeFloat64(to, from, scale, zero, span);
      continue;
    }
    const scale = paramsOf(span, scales, (n) => new Float32Array(n));
    if (span.run > 0) kernels().dequantizeRuns(to, from, scale, zero, span.rows, span.width, span.run);
    else kernels().dequantizeColumns(to, from, scale, zero, span.rows, span.width);
  }
}

/** Float64 scales: one product in float64, rounded to float32 once. A plain loop, since only foreign tensors have them. */
function decodeFloat64(out: F32, codes: Codes, scale: Scales, zeroPoint: I32 | null, span: Span): void {
  const perRow = span.run > 0 ? Math.ceil(span.width / span.run) : 0;
  for (let i = 0; i < out.length; i++) {
    const row = Math.floor(i / span.width);
    const column = i - row * span.width;
    const p = span.run > 0 ? row * perRow + Math.floor(column / span.run) : column;
    out[i] = scale[p] * (codes[i] - (zeroPoint === null ? 0 : zeroPoint[p]));
  }
}

function partOf<T extends F32 | Codes>(array: T, span: Span): T {
  return array.subarray(span.begin, span.begin + span.rows * span.width) as T;
}

function zeroPointsOf(span: Span, zeroPoint: I32 | null): I32 | null {
  return zeroPoint === null ? null : paramsOf(span, zeroPoint, (n) => new Int32Array(n));
}

/** The one span of a tensor whose 4-bit codes the fused kernels can read or write two at a time, or null. */
function packedRuns4(bits: Bits, plan: RegionPlan): Span | null {
  if (bits !== 4 || !plan.simple) return null;
  const [span] = plan.spans();
  return span.run % 2 === 0 && span.width > 0 && span.width % span.run === 0 ? span : null;
}

/**
 * Scales and codes in one pass by the fused kernel, the same as scaleRegions and encodeCodes give; null where it cannot: other
 * settings, runs of odd length, values that are not finite, or scales that chooseParameters would not have left as they were rounded.
 */
export function encodeFused(
  x: F32,
  plan: RegionPlan,
  settings: AffineSettings,
): (ScaledRegions & { readonly codes: U8 }) | null {
  const span = packedRuns4(settings.bits, plan);
  if (span === null || !isFused(settings)) return null;
  const { codeMin, codeMax, mapping, scaleDtype } = settings;
  const codes = new Uint8Array(x.length / 2);
  const scale = new Float32Array(plan.regions);
  const divisor = mapping === 'symmetric' ? codeMax : codeMax + 0.5;
  kernels().quantizePackRuns4(codes, scale, x, plan.regions, span.run, divisor, scaleDtype, codeMin, codeMax);
  if (!scale.every((s) => isOrdinaryScale4(s, scaleDtype))) {
    const chosen = scaleRegions(x, rangesOf(x, plan, true), plan, settings);
    return chosen.scale.every((s, r) => s === scale[r]) ? { ...chosen, codes } : null;
  }
  // symmetric: 7.5 steps reach 7 % beyond absmax, and no type rounds a normal scale by as much as 0.4 %.
  const overflow = mapping === 'symmetric' ? 0 : overflowOf(rangesOf(x, plan, true), scale, null, settings);
  return { scale, zeroPoint: null, overflow, codes };
}

/** The settings that the fused kernel implements. */
function isFused(s: AffineSettings): boolean {
  const plain = s.rounding === 'halfEven' && s.arithmetic === 'reciprocal' && s.mapping !== 'asymmetric';
  const ownRange = s.rangeMin === null && s.rangeMax === null;
  return plain && ownRange && (s.scaleMethod === 'absmax' || s.scaleMethod === 'minmax');
}
