/** PACT: activations clipped at a learned value, and its gradient. */
import type { F32, F64 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { checkOptions } from '../../core/options.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { toFloat32 } from '../affine/affine-scale.js';
import { checkBits, codeRange } from '../affine/affine-options.js';
import { fakeQuantize } from '../affine/affine.js';
import type { QParams } from '../affine/affine-types.js';
import { gradientOf, refuseNonFinite } from './qat.js';
import type { PactOptions } from './qat-types.js';
import { checkGranularity, planRegions, type RegionPlan } from '../affine/regions.js';
import { forEachStretch } from '../stretches.js';

/**
 * Returns `x` clipped to [0, clip] and quantized there, as values and as the parameters that quantizeWith takes.
 *
 * Formula: value = scale * clamp(round(x / scale), 0, 2^bits - 1), scale = fround(clip / (2^bits - 1)).
 *
 * Shapes: any; one clip, or one per region of `granularity`.
 *
 * Numerics: as fakeQuantize with halfEven; what lies above clip becomes scale * (2^bits - 1), which is clip within two roundings.
 * NaN and infinities are an error.
 *
 * @param x activations
 * @param options bits, clip, granularity
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * const { values } = fakeQuantizePact(Float32Array.of(-1, 0.4, 2.6, 9), { bits: 2, clip: 3 });
 * values; // Float32Array [0, 0, 3, 3]
 * @see fakeQuantizePactBackward
 * @see Choi et al. 2018, arXiv:1805.06085
 */
export function fakeQuantizePact(
  x: TensorLike,
  options: PactOptions,
): { readonly values: F32; readonly qparams: QParams } {
  const fn = 'fakeQuantizePact';
  const { data, shape } = toContiguous(x, fn);
  const { bits, clip, plan, granularity } = checkPact(fn, options, shape);
  const values = toFloat32(data);
  refuseNonFinite(fn, data, values);
  const mapping = 'asymmetric';
  const [codeMin, codeMax] = codeRange(fn, bits, mapping);
  const qparams: QParams = {
    scale: Float32Array.from(clip, (c) => c / codeMax),
    zeroPoint: new Int32Array(plan.regions),
    bits,
    codeMin,
    codeMax,
    mapping,
    granularity,
    scaleDtype: 'float32',
    rounding: 'halfEven',
    arithmetic: 'reciprocal',
    seed: 0,
  };
  return { values: fakeQuantize({ data: values, shape }, qparams).values, qparams };
}

/**
 * Returns the gradients of a loss for the input and the clips of `fakeQuantizePact(x, options)`, given its gradient for the values.
 *
 * Formula: x: the gradient where 0 <= x < clip, else 0; clip: the sum of the gradients where x >= clip, per region.
 *
 * Numerics: x is the gradient times 0 or 1 in float32. The sums are float64, in row-major order. NaN and infinities in x are an error.
 *
 * @param x what fakeQuantizePact got
 * @param options what fakeQuantizePact got
 * @param outputGradient gradient of the loss for its values, of the shape of x
 * @returns gradients for x and for the clip of every region
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value of x.
 * @example
 * const gradients = fakeQuantizePactBackward(Float32Array.of(-1, 1, 5, 9), { bits: 4, clip: 5 }, Float32Array.of(1, 2, 4, 8));
 * gradients.x; // Float32Array [0, 2, 0, 0]
 * gradients.clip; // Float64Array [12]
 * @see Choi et al. 2018, arXiv:1805.06085, equation 3
 */
export function fakeQuantizePactBackward(
  x: TensorLike,
  options: PactOptions,
  outputGradient: TensorLike,
): { readonly x: F32; readonly clip: F64 } {
  const fn = 'fakeQuantizePactBackward';
  const { data, shape } = toContiguous(x, fn);
  const { clip, plan } = checkPact(fn, options, shape);
  const gradient = gradientOf(fn, outputGradient, shape);
  const values = toFloat32(data);
  refuseNonFinite(fn, data, values);
  const ofX = new Float32Array(values.length);
  const ofClip = new Float64Array(plan.regions);
  forEachStretch(plan, (r, begin, end) => {
    for (let i = begin; i < end; i++) {
      const isClipped = values[i] >= clip[r];
      ofX[i] = gradient[i] * (values[i] >= 0 && !isClipped ? 1 : 0);
      if (isClipped) ofClip[r] += gradient[i];
    }
  });
  return { x: ofX, clip: ofClip };
}

type Checked = Pick<QParams, 'bits' | 'granularity'> & { readonly clip: F32; readonly plan: RegionPlan };

function checkPact(fn: string, options: PactOptions, shape: readonly number[]): Checked {
  const given = checkOptions(fn, options, ['bits', 'clip', 'granularity']);
  const bits = checkBits(fn, given.bits);
  const granularity = checkGranularity(fn, given.granularity ?? { kind: 'tensor' }, shape);
  const plan = planRegions(shape, granularity);
  return { bits, granularity, plan, clip: checkClips(fn, given.clip, plan.regions) };
}

/** One clip per region, each such that its 65,535th part is a normal float32 and all levels are finite. */
function checkClips(fn: string, clip: unknown, regions: number): F32 {
  const fix = 'for example 6, or the largest value of a first batch';
  const isNumber = typeof clip === 'number';
  if (!isNumber && !(clip instanceof Float32Array)) {
    throw typeError(fn, 'clip', 'a number, or a Float32Array of one per region', clip, fix);
  }
  const clips = isNumber ? new Float32Array(regions).fill(clip) : (clip as F32);
  if (clips.length !== regions) {
    throw rangeError(fn, 'clip', `${regions} clips, one per region`, clips.length, 'check granularity');
  }
  const bad = isNumber && !isClip(Math.fround(clip)) ? 0 : clips.findIndex((c) => !isClip(c));
  if (bad >= 0) {
    const place = isNumber ? 'clip' : `clip[${bad}]`;
    throw rangeError(fn, place, 'a number from 2^-110 to 2^127', isNumber ? clip : clips[bad], fix);
  }
  return clips;
}

const isClip = (c: number): boolean => c >= 2 ** -110 && c <= 2 ** 127;
