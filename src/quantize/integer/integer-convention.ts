/** TFLite's int8 convention: what weights, activations, biases and multipliers of an integer layer are. */
import { arrayTag } from '../../core/array-tag.js';
import type { FloatArray, I32 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import type { Pictured } from '../../core/inspect.js';
import { checkOptions } from '../../core/options.js';
import { roundTo } from '../../core/rounding.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { quantizeAffine } from '../affine/affine.js';
import type { AffineTensor, QParams } from '../affine/affine-types.js';
import { multiplierOf } from './requantize.js';

/** Multipliers of a layer's channels, as `requantize` and `matmulInt8` take them. */
export interface ChannelMultipliers {
  readonly multiplier: I32;
  readonly shift: I32;
}

/**
 * Returns `weights` in int8 codes -127 .. 127 without zero point, one scale per output channel: scale = absmax / 127.
 *
 * Numerics: codes are round(x * (1 / scale)), half away from zero, as TFLite's converter makes them; else as quantizeAffine.
 *
 * @param weights a tensor of real numbers
 * @param options `axis` of the output channels, default 0; null for one scale
 * @throws as quantizeAffine
 * @example
 * int8Weights({ data: Float32Array.of(1, -0.5, 4, 2), shape: [2, 2] }).codes; // Int8Array [127, -64, 127, 64]
 * @see matmulInt8
 */
export function int8Weights(
  weights: TensorLike,
  options?: { readonly axis?: number | null },
): AffineTensor & Pictured {
  const { axis = 0 } = checkOptions('int8Weights', options, ['axis']);
  const granularity = axis === null ? ({ kind: 'tensor' } as const) : ({ kind: 'axis', axis } as const);
  return quantizeAffine(weights, { bits: 8, rounding: 'halfAwayFromZero', granularity });
}

/**
 * Returns how activations between `min` and `max` become int8 codes -128 .. 127: QParams for quantizeWith.
 *
 * Formula: scale = (max - min) / 255 with 0 inside [min, max]; zeroPoint = clamp(round(-128 - min / scale), -128, 127), half away from zero,
 * in float64; codes are round(x / scale) + zeroPoint, half away from zero. A range of 0 alone has scale 1.
 *
 * Compatible with: TFLite's int8 activations (ChooseQuantizationParams, AffineQuantize), whose range of 0 alone has scale 0.
 *
 * @param range smallest and largest value, from a calibration
 * @throws TypeError or RangeError for ranges that are not finite or upside down.
 * @example
 * const { scale, zeroPoint } = int8Activations({ min: 0, max: 25.5 });
 * zeroPoint; // Int32Array [-128]
 * @see quantizeWith
 */
export function int8Activations(range: { readonly min: number; readonly max: number }): QParams {
  const fn = 'int8Activations';
  const { min, max } = checkOptions(fn, range, ['min', 'max'], 'range');
  const low = Math.min(checkFinite(fn, 'range.min', min), 0);
  const high = Math.max(checkFinite(fn, 'range.max', max), 0);
  if ((max as number) < (min as number)) {
    throw rangeError(fn, 'range.max', 'at least range.min', max, 'exchange the two');
  }
  // A range that float32 rounds to nothing is one of 0 alone.
  const step = (high - low) / 255;
  const real = Math.fround(step) > 0 ? step : 1;
  const zero = Math.min(Math.max(roundTo(-128 - low / real, 'halfAwayFromZero'), -128), 127);
  return {
    scale: Float32Array.of(real),
    zeroPoint: Int32Array.of(zero),
    bits: 8,
    codeMin: -128,
    codeMax: 127,
    mapping: 'asymmetric',
    granularity: { kind: 'tensor' },
    scaleDtype: 'float32',
    rounding: 'halfAwayFromZero',
    arithmetic: 'division',
    seed: 0,
  };
}

/**
 * Returns `bias` as int32 in units of the sums that it joins: round(bias / (inputScale * weightScale)), half away from zero, in float64.
 *
 * Numerics: the product of two float32 scales is exact. Nothing saturates: a code beyond int32 is an error. Where a channel's scale is 0 its bias
 * must be 0.
 *
 * @param bias one real number per output channel
 * @param inputScale scale of the activations
 * @param weightScale one per output channel, or one for all
 * @throws TypeError or RangeError for arguments and for a bias that int32 cannot hold.
 * @example
 * int8Bias(Float32Array.of(1, -2), 0.5, Float32Array.of(0.01, 0.02)); // Int32Array [200, -200]
 */
export function int8Bias(bias: TensorLike, inputScale: number, weightScale: number | FloatArray): I32 {
  const fn = 'int8Bias';
  const { data } = toContiguous(bias, fn, 'bias');
  const step = checkScale(fn, 'inputScale', inputScale);
  const scales = scalesOf(fn, weightScale, data.length);
  return Int32Array.from(data, (value, c) => {
    const code = value === 0 ? 0 : roundTo(value / (step * scales[c]), 'halfAwayFromZero');
    if (Math.abs(code) < 2 ** 31) return code;
    const fix = 'the scales are too small for this bias: widen the range of the input';
    throw rangeError(fn, `bias[${c}]`, 'a bias below 2^31 steps of inputScale * weightScale', value, fix);
  });
}

/**
 * Returns what takes int32 sums of a layer to its output codes: inputScale * weightScale / outputScale per channel, in float64, as fixed-point
 * multipliers.
 *
 * @param inputScale scale of the activations
 * @param weightScale one per output channel, or one for all
 * @param outputScale scale of the output
 * @throws TypeError or RangeError for scales that are not positive (weights: not negative), and quotients of 2^30 and more.
 * @example
 * int8Multipliers(0.5, Float32Array.of(0.25), 0.25); // { multiplier: Int32Array [1073741824], shift: Int32Array [0] }
 * @see requantize
 */
export function int8Multipliers(
  inputScale: number,
  weightScale: number | FloatArray,
  outputScale: number,
): ChannelMultipliers {
  const fn = 'int8Multipliers';
  const input = checkScale(fn, 'inputScale', inputScale);
  const output = checkScale(fn, 'outputScale', outputScale);
  const scales = scalesOf(fn, weightScale, typeof weightScale === 'number' ? 1 : null);
  const fixed = Array.from(scales, (scale) => multiplierOf(fn, 'weightScale', (input * scale) / output));
  return {
    multiplier: Int32Array.from(fixed, ({ multiplier }) => multiplier),
    shift: Int32Array.from(fixed, ({ shift }) => shift),
  };
}

function checkFinite(fn: string, argument: string, value: unknown): number {
  const fix = 'take it from a calibration';
  if (typeof value !== 'number') throw typeError(fn, argument, 'a number', value, fix);
  if (!(Math.abs(value) < 2 ** 127)) throw rangeError(fn, argument, 'a number below 2^127', value, fix);
  return value;
}

function checkScale(fn: string, argument: string, value: unknown): number {
  const fix = 'scales are steps between levels';
  if (typeof value !== 'number') throw typeError(fn, argument, 'a number', value, fix);
  if (!(value > 0 && value < Infinity)) throw rangeError(fn, argument, 'a finite number > 0', value, fix);
  return value;
}

/** Scales of weights: `count` of them, or as many as there are when it is null. */
function scalesOf(fn: string, value: unknown, count: number | null): FloatArray {
  const tag = arrayTag(value);
  if (typeof value !== 'number' && tag !== 'Float32Array' && tag !== 'Float64Array') {
    throw typeError(
      fn,
      'weightScale',
      'a number or an array of floats',
      value,
      'pass the scale of the weights',
    );
  }
  const scales = typeof value === 'number' ? new Float64Array(count ?? 1).fill(value) : (value as FloatArray);
  if (count !== null && scales.length !== count) {
    throw rangeError(fn, 'weightScale', `${count} scales`, scales.length, 'one per output channel');
  }
  scales.forEach((scale, c) => {
    if (scale >= 0 && scale < Infinity) return;
    throw rangeError(
      fn,
      `weightScale[${c}]`,
      'a finite number >= 0',
      scale,
      'scales are steps between levels',
    );
  });
  return scales;
}
