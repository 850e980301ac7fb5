/** Quantization-aware training: gradients through rounding and clamping. */
import type { F32, F64, FloatArray } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { checkChoice, checkOptions } from '../../core/options.js';
import { sameShape } from '../../core/shape.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { kernels } from '../../kernels/dispatch.js';
import { encodeCodes, insideMask } from '../affine/affine-codes.js';
import { checkAffineOptions } from '../affine/affine-options.js';
import { toFloat32 } from '../affine/affine-scale.js';
import { planOf, unpackCodes } from '../affine/affine-tensor.js';
import type { QParams } from '../affine/affine-types.js';
import { nonFiniteError } from '../non-finite.js';
import type { FakeQuantizeBackwardOptions, FakeQuantizeGradients, LsqOptions } from './qat-types.js';
import { planRegions, regionSizes, type RegionPlan } from '../affine/regions.js';
import { forEachStretch } from '../stretches.js';

/**
 * Returns the gradients of a loss for the input, the scales and the zero points of `fakeQuantize(x, qparams)`, given its gradient for the
 * result: the straight-through estimator.
 *
 * Formula: with k = code - zeroPoint, t = x / scale and g the gradient of an element, rounding counted as the identity:
 *
 *     element        x    scale       zeroPoint
 *     not clamped    g    g (k - t)   0
 *     clamped        0    g k         -g scale
 *
 * summed over each region for scale and zeroPoint, times `gradientScale`. With 'lsq' and clampBy 'value' this is learned step size
 * quantization. For LSQ+, whose offset is -scale * zeroPoint: offset = -zeroPoint / scale, scale = scale - zero point * zeroPoint / scale,
 * where names are gradients, but for the divisor and the zero point itself.
 *
 * Shapes: outputGradient has the shape of x; scale and zeroPoint have one entry per region, in the order of qparams.scale.
 *
 * Numerics: x is the gradient times 0 or 1 in float32, so that what is not finite in it stays visible. Terms and sums are float64; each
 * region is summed element by element in row-major order. The codes are those of fakeQuantize, stochastic ones too. In a region of scale 0 x
 * passes and the parameters have gradient 0. NaN and infinities in x are an error. Empty tensors have no gradients, empty regions 0.
 *
 * Cost: four passes of the quantizer's kernels and a plain loop: one and a half to two times that of fakeQuantize.
 *
 * Compatible with: torch 2.13 fake_quantize_per_tensor_affine and _per_channel_affine (x to the bit) and
 * _fake_quantize_learnable_per_tensor_affine and _per_channel_affine (x to the bit, sums to the rounding of float32), with gradientScale for
 * its grad_factor. Backward the learnable ones add the zero point before they round, so that ties go the other way where it is odd, and the
 * one per tensor takes a zero point of -2 for -1: docs/compat.md.
 *
 * @param x what fakeQuantize got
 * @param qparams from chooseQParams, chooseLsqQParams or training; zero points whole (keep the learned ones beside them, and round)
 * @param outputGradient gradient of the loss for fakeQuantize's values
 * @param options clampBy, gradientScale
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value of x.
 * @example
 * const x = Float32Array.of(0.3, 9);
 * const qparams = chooseQParams(Float32Array.of(1.27), { bits: 8 }); // scale 0.01
 * const gradients = fakeQuantizeBackward(x, qparams, Float32Array.of(1, 1));
 * gradients.x; // Float32Array [1, 0]
 * gradients.scale[0]; // 126.9999...: 9 is clamped to 127 steps, 0.3 is 30 steps but for rounding
 * @see fakeQuantize
 * @see Bengio, Léonard and Courville 2013, arXiv:1308.3432; Esser et al. 2020, arXiv:1902.08153; Bhalgat et al. 2020, arXiv:2004.09576
 */
export function fakeQuantizeBackward(
  x: TensorLike,
  qparams: QParams,
  outputGradient: TensorLike,
  options?: FakeQuantizeBackwardOptions,
): FakeQuantizeGradients {
  const fn = 'fakeQuantizeBackward';
  const { data, shape } = toContiguous(x, fn);
  const plan = planOf(fn, shape, qparams);
  const given = checkOptions(fn, options, ['clampBy', 'gradientScale']);
  const clampBy = checkChoice(fn, 'clampBy', given.clampBy ?? 'code', ['code', 'value']);
  const factors = gradientScales(fn, given.gradientScale ?? 1, plan, qparams);
  const gradient = gradientOf(fn, outputGradient, shape);
  const values = toFloat32(data);
  refuseNonFinite(fn, data, values);
  const { bits, codeMin, codeMax, zeroPoint } = qparams;
  const codes = unpackCodes({ bits, codeMin, codes: encodeCodes(values, plan, qparams) }, values.length);
  const mask = insideMask(values, plan, qparams);
  const ofX = new Float32Array(values.length);
  const ofScale = new Float64Array(plan.regions);
  const ofZero = new Float64Array(plan.regions);
  forEachStretch(plan, (r, begin, end) => {
    const scale = qparams.scale[r];
    const zero = zeroPoint === null ? 0 : zeroPoint[r];
    if (scale === 0) {
      ofX.set(gradient.subarray(begin, end), begin);
      return;
    }
    let sumOfScale = ofScale[r];
    let sumOfZero = ofZero[r];
    for (let i = begin; i < end; i++) {
      const g = gradient[i];
      const t = values[i] / scale;
      const isInside = clampBy === 'code' ? mask[i] === 1 : t + zero > codeMin && t + zero < codeMax;
      const k = codes[i] - zero;
      ofX[i] = g * (isInside ? 1 : 0);
      sumOfScale += g * (isInside ? k - t : k);
      if (!isInside) sumOfZero -= g * scale;
    }
    ofScale[r] = sumOfScale;
    ofZero[r] = sumOfZero;
  });
  for (let r = 0; r < plan.regions; r++) {
    ofScale[r] *= factors[r];
    ofZero[r] *= factors[r];
  }
  return { x: ofX, scale: ofScale, zeroPoint: zeroPoint === null ? null : ofZero };
}

/** The named error at the first value that is not finite; `values` are `data` in float32. */
export function refuseNonFinite(fn: string, data: FloatArray, values: F32): void {
  if (kernels().firstNonFinite(values) >= 0) throw nonFiniteError(fn, data, values, 'repair the tensor');
}

/** The gradient of a result of this shape, in float32. */
export function gradientOf(fn: string, outputGradient: TensorLike, shape: readonly number[]): F32 {
  const gradient = toContiguous(outputGradient, fn, 'outputGradient');
  if (!sameShape(gradient.shape, shape)) {
    throw rangeError(
      fn,
      'outputGradient',
      `the shape of x, [${shape.join(', ')}]`,
      `[${gradient.shape.join(', ')}]`,
      'pass the gradient of the values that fakeQuantize returned',
    );
  }
  return toFloat32(gradient.data);
}

/** The factor of every region. */
function gradientScales(fn: string, given: unknown, plan: RegionPlan, { codeMax }: QParams): F64 {
  const factors = new Float64Array(plan.regions);
  if (given === 'lsq') {
    const sizes = regionSizes(plan);
    const levels = positiveLevels(fn, codeMax);
    return factors.map((_, r) => (sizes[r] === 0 ? 0 : 1 / Math.sqrt(sizes[r] * levels)));
  }
  const expected = "a finite number, or 'lsq'";
  if (typeof given !== 'number') {
    throw typeError(fn, 'gradientScale', expected, given, "pass 'lsq' or leave it out");
  }
  if (!Number.isFinite(given)) {
    throw rangeError(fn, 'gradientScale', expected, given, "pass 'lsq' or leave it out");
  }
  return factors.fill(given);
}

/** LSQ's Qp, by the root of which it divides. */
function positiveLevels(fn: string, codeMax: number): number {
  if (codeMax > 0) return codeMax;
  throw rangeError(
    fn,
    'codeMax',
    'at least 1 for LSQ',
    codeMax,
    "1 bit needs mapping 'asymmetric', or two bits",
  );
}

/**
 * Returns the parameters from which learned step size quantization starts: scale = 2 mean|x| / sqrt(codeMax) per region.
 *
 * Shapes: regions as `granularity` says.
 *
 * Numerics: the mean is a float64 sum in row-major order; the scale is rounded to float32 once. The mappings give the ranges of codes that they have in
 * quantizeAffine: LSQ's signed weights are 'symmetricFull' (default here), its unsigned activations 'asymmetric', with zero points 0. A
 * region of zeros, or of no elements, has scale 0, which learns nothing. NaN and infinities are an error.
 *
 * @param x weights, or activations of a first batch
 * @param options bits, mapping, granularity, rounding, arithmetic, seed
 * @returns parameters for fakeQuantize and fakeQuantizeBackward
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * const q = chooseLsqQParams(Float32Array.of(-1, 2, 3, -2), { bits: 3 });
 * q.scale[0]; // 2.309...: 2 * 2 / sqrt(3)
 * @see fakeQuantizeBackward
 * @see Esser et al. 2020, arXiv:1902.08153, section 2.1
 */
export function chooseLsqQParams(x: TensorLike, options: LsqOptions): QParams {
  const fn = 'chooseLsqQParams';
  const { data, shape } = toContiguous(x, fn);
  const keys = ['bits', 'mapping', 'granularity', 'rounding', 'arithmetic', 'seed'] as const;
  const given = checkOptions(fn, options, keys) as LsqOptions;
  const asked = { ...given, mapping: given.mapping ?? 'symmetricFull' };
  const settings = checkAffineOptions(fn, asked, shape);
  const { bits, mapping, codeMin, codeMax, granularity, scaleDtype, rounding, arithmetic, seed } = settings;
  const root = Math.sqrt(positiveLevels(fn, codeMax));
  const plan = planRegions(shape, granularity);
  const values = toFloat32(data);
  refuseNonFinite(fn, data, values);
  const scale = meanMagnitudes(values, plan, (mean) => (2 * mean) / root);
  const zeroPoint = mapping === 'asymmetric' ? new Int32Array(plan.regions) : null;
  // prettier-ignore
  return { scale, zeroPoint, bits, codeMin, codeMax, mapping, granularity, scaleDtype, rounding, arithmetic, seed };
}

function meanMagnitudes(x: F32, plan: RegionPlan, scaleOf: (mean: number) => number): F32 {
  const sums = new Float64Array(plan.regions);
  forEachStretch(plan, (r, begin, end) => {
    let sum = sums[r];
    for (let i = begin; i < end; i++) sum += Math.abs(x[i]);
    sums[r] = sum;
  });
  const sizes = regionSizes(plan);
  return Float32Array.from(sums, (sum, r) => (sizes[r] === 0 ? 0 : scaleOf(sum / sizes[r])));
}
