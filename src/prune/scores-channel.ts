/** Scores of whole channels: the larger, the more a channel matters. */
import type { F32 } from '../core/arrays.js';
import { rangeError } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import { normalizeAxis } from '../core/shape.js';
import { toContiguous, type Contiguous, type TensorLike } from '../core/tensor.js';
import { channelNorms, checkNorm } from './channel-norms.js';
import { refuseNaN, toScores } from './checks.js';
import { geometricMedianScores } from './geometric-median.js';

export interface ChannelOptions {
  /** The axis whose slices are scored; negative counts from the back. */
  readonly axis: number;
  /** p of the p-norm: any number above 0, or Infinity. Default 2. */
  readonly norm?: number;
}

function along(
  fn: string,
  x: TensorLike,
  options: ChannelOptions,
): Contiguous & { axis: number; norm: number } {
  const given = checkOptions(fn, options, ['axis', 'norm']);
  const norm = checkNorm(fn, given.norm ?? 2);
  const { data, shape, size } = toContiguous(x, fn);
  const axis = normalizeAxis(given.axis as number, shape.length, fn);
  return { data, shape, size, axis, norm };
}

/**
 * Returns the p-norm of every slice along an axis.
 *
 * Formula: (sum |x|^p)^(1/p), or max |x| for Infinity.
 * Numerics: summed in float64 in the order of the elements, rounded to float32 once. Powers other than 1, 2 and Infinity are the engine's Math.pow.
 * Compatible with: torch.nn.utils.prune.ln_structured's norms, which are float32 sums.
 *
 * @param x weights; never changed
 * @param options axis, norm
 * @returns a new Float32Array, one score per slice
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * scoreChannels({ data: Float32Array.of(3, 4, 0, 1), shape: [2, 2] }, { axis: 0 }); // Float32Array [5, 1]
 * @see maskStructured
 */
export function scoreChannels(x: TensorLike, options: ChannelOptions): F32 {
  const { data, shape, axis, norm } = along('scoreChannels', x, options);
  return Float32Array.from(channelNorms('scoreChannels', data, shape, axis, norm, false));
}

/**
 * Returns the geometric-median scores (FPGM) of the slices along an axis: a slice near all others can be replaced by them.
 *
 * Formula: score[i] = sum over j of ||x_i - x_j||_p.
 * Numerics: differences in float64, never from a Gram matrix, so slices that nearly coincide keep their distance. Adding one slice to all changes nothing but the
 * rounding of that addition; permuting slices permutes scores, up to the order of sums.
 * Cost: n^2 / 2 distances.
 * Compatible with: NNI's FPGMPruner; Torch-Pruning raises |x|^p before it takes distances, which is another score.
 *
 * @param x weights; never changed
 * @param options axis, norm
 * @returns a new Float32Array, one score per slice
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * scoreGeometricMedian({ data: Float32Array.of(0, 1, 5), shape: [3, 1] }, { axis: 0 }); // Float32Array [6, 5, 9]
 * @see https://arxiv.org/abs/1811.00250
 */
export function scoreGeometricMedian(x: TensorLike, options: ChannelOptions): F32 {
  const { data, shape, axis, norm } = along('scoreGeometricMedian', x, options);
  return Float32Array.from(geometricMedianScores('scoreGeometricMedian', data, shape, axis, norm));
}

/**
 * Returns the scores of network slimming: |gamma| of a normalization's channels.
 *
 * @param gamma its scales; never changed
 * @returns a new Float32Array
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * scoreBatchNorm(Float32Array.of(0.5, -2)); // Float32Array [0.5, 2]
 * @see https://arxiv.org/abs/1708.06519
 */
export function scoreBatchNorm(gamma: TensorLike): F32 {
  return toScores(gamma, 'scoreBatchNorm', 'gamma').data.map(Math.abs);
}

/** Sums over everything but the channels, of `term`, divided by their number. */
function meanOver(
  fn: string,
  x: TensorLike,
  options: { readonly axis?: number } | undefined,
  term: (value: number) => number,
): F32 {
  const given = checkOptions(fn, options, ['axis']);
  const { data, shape, size } = toContiguous(x, fn, 'activations');
  refuseNaN(data, fn, 'activations');
  const axis = normalizeAxis(given.axis ?? -1, shape.length, fn);
  const channels = shape[axis];
  if (size === 0) throw rangeError(fn, 'activations', 'at least one', 'none', 'run some inputs first');
  const inner = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  const sums = new Float64Array(channels);
  for (let i = 0; i < size; i++) sums[Math.floor(i / inner) % channels] += term(data[i]);
  return Float32Array.from(sums, (sum) => sum / (size / channels));
}

/**
 * Returns how often each channel is not zero: 1 less APoZ, the average percentage of zeros.
 *
 * @param activations outputs of the activation function, such as [samples, channels] or [samples, channels, height, width]
 * @param options axis of the channels; default -1
 * @returns a new Float32Array of parts from 0 to 1, one per channel
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * scoreApoz({ data: Float32Array.of(0, 1, 0, 2), shape: [2, 2] }); // Float32Array [0, 1]
 * @see https://arxiv.org/abs/1607.03250
 */
export function scoreApoz(activations: TensorLike, options?: { readonly axis?: number }): F32 {
  return meanOver('scoreApoz', activations, options, (value) => (value === 0 ? 0 : 1));
}

/**
 * Returns the mean activation of each channel.
 *
 * @param activations outputs of the activation function, such as [samples, channels] or [samples, channels, height, width]
 * @param options axis of the channels; default -1
 * @returns a new Float32Array, one score per channel; float64 sums, rounded once
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * scoreMeanActivation({ data: Float32Array.of(0, 1, 0, 2), shape: [2, 2] }); // Float32Array [0, 1.5]
 */
export function scoreMeanActivation(activations: TensorLike, options?: { readonly axis?: number }): F32 {
  return meanOver('scoreMeanActivation', activations, options, (value) => value);
}
