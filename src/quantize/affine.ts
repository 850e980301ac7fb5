/** Affine quantization: the public functions. */
import type { F32, I8, U8 } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import type { Pictured } from '../core/inspect.js';
import { checkOptions } from '../core/options.js';
import { elementCount } from '../core/shape.js';
import { toContiguous, type Contiguous, type TensorLike } from '../core/tensor.js';
import { kernels } from '../kernels/dispatch.js';
import type { CodeRule, Codes } from '../kernels/types.js';
import { checkAffineOptions, type AffineSettings } from './affine-options.js';
import { finiteValues, overflowOf, rangesOf, scaleRegions } from './affine-scale.js';
import { checkAffineTensor, codesArray, planOf, unpackCodes } from './affine-tensor.js';
import type { AffineOptions, AffineTensor, Bits, QParams, Scales } from './affine-types.js';
import { affineTensor } from './affine-view.js';
import { paramsOf, planRegions, type RegionPlan, type Span } from './regions.js';

/**
 * Returns `x` in whole-number codes with a scale (and, for the asymmetric mapping, a zero point) per region.
 *
 * Formula: code = clamp(round(x / scale) + zeroPoint, codeMin, codeMax); x is restored as scale * (code - zeroPoint).
 *
 * Shapes: any; regions as `granularity` says, tails allowed everywhere.
 *
 * Numerics: float64 input is rounded to float32 first. The scale is one division rounded to float32, then to `scaleDtype`; codes use
 * the rounded scale. The range is the region's own (`absmax`, `minmax`), cut at a percentile (`percentile`), or the best of 81
 * shrunken ranges by squared error (`mse`). 0 stays exactly 0. A region of zeros has scale 0. NaN and infinities are an
 * error; with nonFinite 'saturate' they become the zero point and the outermost codes. Empty tensors have no codes; a scalar has
 * one region. Bound: `errorBound`, half a step for the nearest roundings.
 *
 * Cost: one or two passes at 40 to 60 % of copy bandwidth with SIMD; `mse` 81 passes, `percentile` one sort per region.
 *
 * Compatible with: torch 2.13 quantize_per_tensor and per_channel (given their scales), to the bit, with arithmetic
 * 'reciprocal'.
 *
 * @param x a tensor of real numbers; never changed
 * @param options bits, mapping, granularity ...
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * const q = quantizeAffine(Float32Array.of(-1, 0, 0.5, 1), { bits: 8 });
 * dequantizeAffine(q); // Float32Array [-1, 0, 0.5039370059967041, 1]
 * @see dequantizeAffine
 */
export function quantizeAffine(x: TensorLike, options: AffineOptions): AffineTensor & Pictured {
  const fn = 'quantizeAffine';
  const { data, shape } = toContiguous(x, fn);
  const settings = checkAffineOptions(fn, options, shape);
  const plan = planRegions(shape, settings.granularity);
  const values = toFloat32(data);
  const finite = finiteValues(fn, values, settings);
  if (values === finite && isFused(settings, shape)) return quantizeFused(values, shape, plan, settings);
  const { scale, zeroPoint, overflow } = scaleRegions(finite, plan, settings);
  const qparams = toQParams(settings, scale, zeroPoint);
  return encode(values, shape, plan, qparams, overflow);
}

/**
 * Returns the scales, zero points and code range that quantizeAffine would use for `x`, for use with `quantizeWith`.
 *
 * @param x a tensor of real numbers
 * @param options as quantizeAffine
 * @throws as quantizeAffine
 * @example
 * const q = chooseQParams(Float32Array.of(0, 1, 2), { bits: 8, mapping: 'asymmetric' });
 * q.zeroPoint; // Int32Array [0]
 */
export function chooseQParams(x: TensorLike, options: AffineOptions): QParams {
  const fn = 'chooseQParams';
  const { data, shape } = toContiguous(x, fn);
  const settings = checkAffineOptions(fn, options, shape);
  const finite = finiteValues(fn, toFloat32(data), settings);
  const { scale, zeroPoint } = scaleRegions(finite, planRegions(shape, settings.granularity), settings);
  return toQParams(settings, scale, zeroPoint);
}

/**
 * Returns `x` in codes for scales and zero points that are already known: from chooseQParams, a calibration or another tool.
 *
 * Numerics: values beyond the outermost codes are clamped to them; `overflow` tells by how much. NaN becomes the zero point and
 * infinities the outermost codes when nonFinite is 'saturate'.
 *
 * @param x a tensor of real numbers
 * @param qparams one scale per region of x under qparams.granularity
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * const x = Float32Array.of(0.1, 0.2);
 * quantizeWith(x, chooseQParams(x, { bits: 8 })).codes; // Int8Array [64, 127]
 */
export function quantizeWith(
  x: TensorLike,
  qparams: QParams,
  options?: { readonly nonFinite?: 'throw' | 'saturate' },
): AffineTensor & Pictured {
  const fn = 'quantizeWith';
  const { nonFinite = 'throw' } = checkOptions(fn, options, ['nonFinite']);
  const { data, shape } = toContiguous(x, fn);
  const values = toFloat32(data);
  const plan = planOf(fn, shape, qparams);
  const finite = finiteValues(fn, values, { nonFinite });
  const ranges = rangesOf(finite, plan, false);
  const overflow = overflowOf(ranges, qparams.scale, qparams.zeroPoint, qparams);
  return encode(values, shape, plan, qparams, overflow);
}

/**
 * Returns the float32 values of an affine tensor in row-major order: fround(scale * (code - zeroPoint)).
 *
 * @param q what quantizeAffine or quantizeWith returned
 * @param options `out`: a Float32Array of the tensor's size to write to, instead of a new one
 * @throws TypeError or RangeError when q or out do not fit together.
 * @example
 * dequantizeAffine(quantizeAffine(Float32Array.of(1, 2, 3), { bits: 4 })); // Float32Array [0.857..., 2.142..., 3]
 */
export function dequantizeAffine(q: AffineTensor, options?: { readonly out?: F32 }): F32 {
  const fn = 'dequantizeAffine';
  const plan = checkAffineTensor(fn, q);
  const size = elementCount(q.shape, fn);
  const { out: given } = checkOptions(fn, options, ['out']);
  if (given !== undefined && !(given instanceof Float32Array)) {
    throw typeError(fn, 'out', 'a Float32Array', given, 'leave it out for a new array');
  }
  if (given !== undefined && given.length !== size) {
    throw rangeError(fn, 'out', `${size} elements`, given.length, 'leave it out for a new array');
  }
  const out: F32 = given ?? new Float32Array(size);
  const [only] = plan.simple ? plan.spans() : [];
  const { scale: scales } = q;
  if (only !== undefined && isPackedRuns4(q.bits, only.width, only.run) && scales instanceof Float32Array) {
    const runs = (only.rows * only.width) / only.run;
    kernels().dequantizePackedRuns4(out, q.codes as U8, scales, q.zeroPoint, runs, only.run, q.codeMin);
    return out;
  }
  const codes = unpackCodes(q, size);
  for (const span of plan.spans()) {
    const end = span.begin + span.rows * span.width;
    const from = codes.subarray(span.begin, end) as Codes;
    const to = out.subarray(span.begin, end);
    const zero = q.zeroPoint === null ? null : paramsOf(span, q.zeroPoint, (n) => new Int32Array(n));
    if (!(scales instanceof Float32Array)) {
      dequantizeFloat64(
        to,
        from,
        paramsOf(span, scales, (n) => new Float64Array(n)),
        zero,
        span,
      );
      continue;
    }
    const scale = paramsOf(span, scales, (n) => new Float32Array(n));
    if (span.run > 0) kernels().dequantizeRuns(to, from, scale, zero, span.rows, span.width, span.run);
    else kernels().dequantizeColumns(to, from, scale, zero, span.rows, span.width);
  }
  return out;
}

/** Float64 scales: one product in float64, rounded to float32 once. A plain loop, since only foreign tensors have them. */
function dequantizeFloat64(
  out: F32,
  codes: Codes,
  scale: Scales,
  zeroPoint: QParams['zeroPoint'],
  span: Span,
): void {
  const perRow = span.run > 0 ? Math.ceil(span.width / span.run) : 0;
  for (let i = 0; i < out.length; i++) {
    const row = Math.floor(i / span.width);
    const column = i - row * span.width;
    const p = span.run > 0 ? row * perRow + Math.floor(column / span.run) : column;
    out[i] = scale[p] * (codes[i] - (zeroPoint === null ? 0 : zeroPoint[p]));
  }
}

/**
 * Returns `x` after quantization and back, with the mask of the straight-through gradient: 1 where the value lay inside the range of
 * the codes before clamping, else 0.
 *
 * Compatible with: torch 2.13 fake_quantize_per_tensor_affine (values and gradient mask), given its scale and zero point.
 *
 * @param x a tensor of real numbers
 * @param how options as for quantizeAffine, or QParams from chooseQParams
 * @throws as quantizeAffine
 * @example
 * const { values, gradMask } = fakeQuantize(Float32Array.of(0.3, 9), chooseQParams(Float32Array.of(1), { bits: 8 }));
 * gradMask; // Uint8Array [1, 0]
 */
export function fakeQuantize(
  x: TensorLike,
  how: AffineOptions | QParams,
): { readonly values: F32; readonly gradMask: U8 } {
  const q = 'scale' in how ? quantizeWith(x, how) : quantizeAffine(x, how);
  const values = dequantizeAffine(q);
  const { data } = toContiguous(x, 'fakeQuantize');
  const gradMask = new Uint8Array(values.length);
  const arithmetic = how.arithmetic ?? 'reciprocal';
  // A value is inside when rounding it without bounds gives a code between them: quantize to a range one code wider each way.
  const plan = planRegions(q.shape, q.granularity);
  const wide = new Int16Array(values.length);
  const rule = ruleOf({ ...q, seed: how.seed ?? 0, arithmetic }, 0);
  runKernels(wide, toFloat32(data), plan, q.scale, q.zeroPoint, {
    ...rule,
    codeMin: q.codeMin - 1,
    codeMax: q.codeMax + 1,
  });
  for (let i = 0; i < wide.length; i++) gradMask[i] = wide[i] >= q.codeMin && wide[i] <= q.codeMax ? 1 : 0;
  return { values, gradMask };
}

function toFloat32(data: Contiguous['data']): F32 {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

function toQParams(settings: AffineSettings, scale: F32, zeroPoint: QParams['zeroPoint']): QParams {
  const { bits, codeMin, codeMax, mapping, granularity, scaleDtype, rounding, arithmetic, seed } = settings;
  return {
    scale,
    zeroPoint,
    bits,
    codeMin,
    codeMax,
    mapping,
    granularity,
    scaleDtype,
    rounding,
    arithmetic,
    seed,
  };
}

function ruleOf(
  q: Pick<QParams, 'codeMin' | 'codeMax' | 'rounding' | 'arithmetic' | 'seed'>,
  position: number,
): CodeRule {
  const { codeMin, codeMax, rounding, arithmetic, seed } = q;
  return { codeMin, codeMax, rounding, arithmetic, seed, position };
}

function runKernels(
  codes: Codes,
  x: F32,
  plan: RegionPlan,
  qScales: Scales,
  zeroPoints: QParams['zeroPoint'],
  rule: CodeRule,
): void {
  const scales = qScales instanceof Float32Array ? qScales : Float32Array.from(qScales);
  for (const span of plan.spans()) {
    const end = span.begin + span.rows * span.width;
    const from = x.subarray(span.begin, end);
    const to = codes.subarray(span.begin, end) as Codes;
    const scale = paramsOf(span, scales, (n) => new Float32Array(n));
    const zero = zeroPoints === null ? null : paramsOf(span, zeroPoints, (n) => new Int32Array(n));
    const placed = { ...rule, position: span.begin };
    if (span.run > 0) kernels().quantizeRuns(to, from, scale, zero, span.rows, span.width, span.run, placed);
    else kernels().quantizeColumns(to, from, scale, zero, span.rows, span.width, placed);
  }
}

function encode(
  x: F32,
  shape: readonly number[],
  plan: RegionPlan,
  q: QParams,
  overflow: number,
): AffineTensor & Pictured {
  const codes = codesArray(q.bits, q.codeMin, x.length);
  const whole = q.bits < 8 ? codesArray(8, q.codeMin, x.length) : codes;
  runKernels(whole, x, plan, q.scale, q.zeroPoint, ruleOf(q, 0));
  if (q.bits < 8) kernels().packBits(codes as U8, whole as I8 | U8, x.length, q.bits, q.codeMin);
  return finish(codes, shape, q, overflow);
}

function finish(
  codes: AffineTensor['codes'],
  shape: readonly number[],
  q: QParams,
  overflow: number,
): AffineTensor & Pictured {
  const { scale, zeroPoint, bits, codeMin, codeMax, mapping, granularity, scaleDtype, rounding } = q;
  return affineTensor({
    kind: 'affine',
    codes,
    scale,
    zeroPoint,
    bits,
    codeMin,
    codeMax,
    mapping,
    granularity,
    shape: [...shape],
    scaleDtype,
    rounding,
    overflow,
  });
}

/** Whether 4-bit codes of a tensor of whole runs can be read or written two at a time by the fused kernels. */
function isPackedRuns4(bits: Bits, width: number, run: number): boolean {
  return bits === 4 && run % 2 === 0 && width > 0 && width % run === 0;
}

/** The settings that the fused kernel implements, on runs that it can take. */
function isFused(s: AffineSettings, shape: readonly number[]): boolean {
  const plain = s.rounding === 'halfEven' && s.arithmetic === 'reciprocal' && s.mapping !== 'asymmetric';
  const own =
    s.rangeMin === null && s.rangeMax === null && (s.scaleMethod === 'absmax' || s.scaleMethod === 'minmax');
  if (!plain || !own) return false;
  const plan = planRegions(shape, s.granularity);
  const [span] = plan.simple ? plan.spans() : [];
  return span !== undefined && isPackedRuns4(s.bits, span.width, span.run);
}

function quantizeFused(
  x: F32,
  shape: readonly number[],
  plan: RegionPlan,
  settings: AffineSettings,
): AffineTensor & Pictured {
  const [span] = plan.spans();
  const packed = new Uint8Array(x.length / 2);
  const scale = new Float32Array(plan.regions);
  const { codeMin, codeMax, mapping, scaleDtype } = settings;
  const divisor = mapping === 'symmetric' ? codeMax : codeMax + 0.5;
  kernels().quantizePackRuns4(
    packed,
    scale,
    x,
    plan.regions,
    span.run,
    divisor,
    scaleDtype,
    codeMin,
    codeMax,
  );
  // The rounded scale reaches codeMax + 0.5 steps: 7 % beyond absmax, while float16 rounds by less than 0.05 % unless subnormal.
  const overflow = overflowOf(rangesOf(x, plan, true), scale, null, settings);
  return finish(packed, shape, toQParams(settings, scale, null), overflow);
}
