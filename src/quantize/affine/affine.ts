/** Affine quantization: the public functions. */
import type { F32, U8 } from '../../core/arrays.js';
import type { Pictured } from '../../core/inspect.js';
import { outputFloats } from '../../core/numbers.js';
import { checkChoice, checkOptions, isPlainObject } from '../../core/options.js';
import { elementCount } from '../../core/shape.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { decodeInto, encodeCodes, encodeFused, insideMask } from './affine-codes.js';
import { checkAffineOptions, NON_FINITE } from './affine-options.js';
import { finiteRanges, overflowOf, scaleRegions, toFloat32, usesMagnitudes } from './affine-scale.js';
import { checkAffineTensor, planOf } from './affine-tensor.js';
import type { AffineOptions, AffineSettings, AffineTensor, NonFinite, QParams } from './affine-types.js';
import { affineTensor } from './affine-view.js';
import { planRegions, type RegionPlan } from './regions.js';
import type { Parameters } from './scale-rule.js';

/**
 * Returns `x` in whole-number codes with a scale (and, for the asymmetric mapping, a zero point) per region.
 *
 * Formula: code = clamp(round(x / scale) + zeroPoint, codeMin, codeMax); x is restored as scale * (code - zeroPoint).
 *
 * Shapes: any; regions as `granularity` says; a group or block at the end of an axis may be shorter and then has its own scale.
 *
 * Numerics: float64 input is rounded to float32 first. The scale is one division rounded to float32, then to `scaleDtype`; codes use
 * the rounded scale. It is the next larger one where rounding would leave the range's end more than half a step outside (subnormal
 * scales, 16-bit codes with 16-bit scales), and smaller where a level would lie beyond float32. The range is the region's own
 * (`absmax`, `minmax`), cut at a percentile (`percentile`), or the best of 81 shrunken ranges by importance * |error|^norm, the squared error unless
 * told otherwise (`mse`); `hqq` solves for scale and zero point: see the functions clipSearch and hqq.
 * Special values: 0 and -0 stay exactly 0; a region of zeros has scale 0; subnormals are not flushed; every value is finite. NaN and
 * infinities are an error; with nonFinite 'saturate' they become the zero point and the outermost codes. Empty tensors have no
 * codes; a scalar has one region. Bound: `errorBound`, half a step for the roundings to nearest (a whole one for the others) and
 * `overflow` where values were clipped; docs/numerics.md has the proof.
 *
 * Cost: one or two passes at 40 to 60 % of copy bandwidth with SIMD; `mse` 81 passes, `hqq` about 20, `percentile` one sort per region.
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
  return quantize('quantizeAffine', x, options).q;
}

/**
 * Returns the scales, zero points and code range that quantizeAffine would use for `x`, for use with `quantizeWith`.
 *
 * Numerics: as quantizeAffine; no codes are made. Regions without elements have scale 0.
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
  const plan = planRegions(shape, settings.granularity);
  const { finite, own } = finiteRanges(
    fn,
    data,
    toFloat32(data),
    plan,
    usesMagnitudes(settings),
    settings.nonFinite,
  );
  return toQParams(settings, scaleRegions(finite, own, plan, settings));
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
  options?: { readonly nonFinite?: NonFinite },
): AffineTensor & Pictured {
  const fn = 'quantizeWith';
  const given = checkOptions(fn, options, ['nonFinite']);
  const nonFinite = checkChoice(fn, 'nonFinite', given.nonFinite ?? 'throw', NON_FINITE);
  return quantizeBy(fn, x, qparams, nonFinite).q;
}

/** An affine tensor with what fakeQuantize needs to look at it again. */
interface Quantized {
  readonly q: AffineTensor & Pictured;
  readonly values: F32;
  readonly plan: RegionPlan;
  readonly qparams: QParams;
}

function quantize(fn: string, x: TensorLike, options: AffineOptions): Quantized {
  const { data, shape } = toContiguous(x, fn);
  const settings = checkAffineOptions(fn, options, shape);
  const plan = planRegions(shape, settings.granularity);
  const values = toFloat32(data);
  const fused = encodeFused(values, plan, settings);
  if (fused !== null) {
    const qparams = toQParams(settings, fused);
    return { q: toTensor(fused.codes, shape, qparams, fused.overflow), values, plan, qparams };
  }
  const { finite, own } = finiteRanges(fn, data, values, plan, usesMagnitudes(settings), settings.nonFinite);
  const chosen = scaleRegions(finite, own, plan, settings);
  const qparams = toQParams(settings, chosen);
  return {
    q: toTensor(encodeCodes(values, plan, qparams), shape, qparams, chosen.overflow),
    values,
    plan,
    qparams,
  };
}

function quantizeBy(fn: string, x: TensorLike, qparams: QParams, nonFinite: NonFinite): Quantized {
  const { data, shape } = toContiguous(x, fn);
  const plan = planOf(fn, shape, qparams);
  const values = toFloat32(data);
  const { own } = finiteRanges(fn, data, values, plan, false, nonFinite);
  const overflow = overflowOf(own, qparams.scale, qparams.zeroPoint, qparams);
  return { q: toTensor(encodeCodes(values, plan, qparams), shape, qparams, overflow), values, plan, qparams };
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
export function dequantizeAffine(q: AffineTensor, options?: { readonly out?: Float32Array }): F32 {
  const fn = 'dequantizeAffine';
  const plan = checkAffineTensor(fn, q);
  const { out } = checkOptions(fn, options, ['out']);
  const values = outputFloats(out, elementCount(q.shape, fn), fn);
  decodeInto(values, q, plan);
  return values;
}

/**
 * Returns `x` after quantization and back, with the mask of the straight-through gradient: 1 where the value lay inside the range of
 * the codes before clamping, else 0.
 *
 * Numerics: values are dequantizeAffine(quantizeAffine(x, how)). The mask is 0 for NaN and infinities (with nonFinite 'saturate'), and
 * 1 in a region of scale 0.
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
  const fn = 'fakeQuantize';
  const { q, values, plan, qparams } = isQParams(how)
    ? quantizeBy(fn, x, how, 'throw')
    : quantize(fn, x, how);
  return { values: dequantizeAffine(q), gradMask: insideMask(values, plan, qparams) };
}

function isQParams(how: AffineOptions | QParams): how is QParams {
  return isPlainObject(how) && 'scale' in how;
}

function toQParams(settings: AffineSettings, { scale, zeroPoint }: Parameters): QParams {
  const { bits, codeMin, codeMax, mapping, granularity, scaleDtype, rounding, arithmetic, seed } = settings;
  // prettier-ignore
  return { scale, zeroPoint, bits, codeMin, codeMax, mapping, granularity, scaleDtype, rounding, arithmetic, seed };
}

function toTensor(
  codes: AffineTensor['codes'],
  shape: readonly number[],
  { scale, zeroPoint, bits, codeMin, codeMax, mapping, granularity, scaleDtype, rounding }: QParams,
  overflow: number,
): AffineTensor & Pictured {
  // prettier-ignore
  return affineTensor({
    kind: 'affine', codes, scale, zeroPoint, bits, codeMin, codeMax, mapping, granularity,
    shape: [...shape], scaleDtype, rounding, overflow,
  });
}
