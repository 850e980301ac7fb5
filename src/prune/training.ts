/** What pruning during training computes: splicing with hysteresis, masks of learned scores, and the gradients that go through them. */
import type { F32, U8 } from '../core/arrays.js';
import { NumericError, rangeError } from '../core/errors.js';
import { naturalLog } from '../core/logarithm.js';
import { checkOptions } from '../core/options.js';
import type { TensorLike } from '../core/tensor.js';
import { checkFraction, checkMask, checkNumber, checkSameShape, toScores } from './checks.js';
import { sigmoid } from './smooth.js';
import { maskTopK } from './top-k.js';

export interface SpliceThresholds {
  /** Below it a weight is removed. */
  readonly low: number;
  /** From it on a weight comes back. */
  readonly high: number;
}

/**
 * Returns the two thresholds of splicing for weights as they are; keep them while training goes on.
 *
 * Formula: (mean |w| + sensitivity * std |w|) times `low` and `high`, std being that of all elements (divided by n).
 *
 * @param w weights; never changed
 * @param options sensitivity; low and high, default 0.9 and 1.1
 * @returns both thresholds, at least 0
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN, EMPTY for none.
 * @example
 * spliceThresholds(Float32Array.of(1, -1), { sensitivity: 0, low: 0.5, high: 2 }); // { low: 0.5, high: 2 }
 * @see spliceMask
 */
export function spliceThresholds(
  w: TensorLike,
  options: { readonly sensitivity: number; readonly low?: number; readonly high?: number },
): SpliceThresholds {
  const fn = 'spliceThresholds';
  const given = checkOptions(fn, options, ['sensitivity', 'low', 'high']);
  const sensitivity = checkNumber(fn, 'sensitivity', given.sensitivity, -Infinity);
  const low = checkNumber(fn, 'low', given.low ?? 0.9, 0);
  const high = checkNumber(fn, 'high', given.high ?? 1.1, 0);
  if (high < low)
    throw rangeError(fn, 'high', `at least low, ${low}`, high, 'removed weights come back there');
  const { data, size } = toScores(w, fn, 'w');
  if (size === 0) {
    throw new NumericError('EMPTY', `${fn}: "w" expected at least one weight, got none - pass a layer`);
  }
  let sum = 0;
  for (const value of data) sum += Math.abs(value);
  const mean = sum / size;
  let squares = 0;
  for (const value of data) squares += (Math.abs(value) - mean) ** 2;
  const threshold = Math.max(0, mean + sensitivity * Math.sqrt(squares / size));
  return { low: threshold * low, high: threshold * high };
}

/**
 * Returns the next mask of dynamic network surgery: small weights go, large ones come back, those in between stay as they are.
 *
 * Formula: 0 where |w| < low, 1 where |w| >= high, else the previous mask. With the same w a second call changes nothing.
 *
 * @param w weights, those under zeros of the mask included; never changed
 * @param previous the mask so far
 * @param thresholds as of spliceThresholds
 * @returns a new Uint8Array of 0 and 1
 * @throws TypeError or RangeError for arguments, masks of another shape or with other values; NumericError NAN with the index of the first NaN.
 * @example
 * spliceMask(Float32Array.of(0.1, 0.5, 2), Uint8Array.of(1, 0, 0), { low: 0.2, high: 1 }); // Uint8Array [0, 0, 1]
 * @see https://arxiv.org/abs/1608.04493
 */
export function spliceMask(w: TensorLike, previous: U8, thresholds: SpliceThresholds): U8 {
  const fn = 'spliceMask';
  const given = checkOptions(fn, thresholds, ['low', 'high'], 'thresholds');
  const low = checkNumber(fn, 'low', given.low, 0);
  const high = checkNumber(fn, 'high', given.high, 0);
  if (high < low)
    throw rangeError(fn, 'high', `at least low, ${low}`, high, 'removed weights come back there');
  const { data, shape, size } = toScores(w, fn, 'w');
  const mask = checkMask(fn, 'previous', previous, shape, size);
  return Uint8Array.from(data, (value, i) => {
    const magnitude = Math.abs(value);
    if (magnitude < low) return 0;
    return magnitude >= high ? 1 : mask[i];
  });
}

/**
 * Returns the mask of learned scores at a soft threshold: kept where sigmoid(score) > threshold, at least a small part of all.
 *
 * Formula: score > ln(threshold / (1 - threshold)); where fewer than trunc(0.005 n) + 1 pass, that many of the largest scores instead.
 *
 * Compatible with: nn_pruning's ThresholdBinarizer with sigmoid.
 *
 * @param scores learned scores, one per weight; never changed
 * @param options threshold between 0 and 1; leastPart, default 0.005
 * @returns a new Uint8Array of 0 and 1
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * maskSoftThreshold(Float32Array.of(-1, 0.1, 3), { threshold: 0.5 }); // Uint8Array [0, 1, 1]
 * @see straightThroughGradient
 */
export function maskSoftThreshold(
  scores: TensorLike,
  options: { readonly threshold: number; readonly leastPart?: number },
): U8 {
  const fn = 'maskSoftThreshold';
  const given = checkOptions(fn, options, ['threshold', 'leastPart']);
  const threshold = checkFraction(fn, 'threshold', given.threshold);
  if (threshold === 0 || threshold === 1) {
    throw rangeError(fn, 'threshold', 'a number between 0 and 1', threshold, 'sigmoids never reach the ends');
  }
  const part = checkFraction(fn, 'leastPart', given.leastPart ?? 0.005);
  const { data, shape, size } = toScores(scores, fn, 'scores');
  const limit = naturalLog(threshold) - naturalLog(1 - threshold);
  const mask = Uint8Array.from(data, (score) => (score > limit ? 1 : 0));
  const least = Math.min(size, Math.trunc(part * size) + 1);
  const passed = mask.reduce((sum, bit) => sum + bit, 0);
  return passed >= least ? mask : maskTopK({ data, shape }, { keepCount: least });
}

/** Gradients of weights and of scores. */
export interface MaskGradient {
  readonly weights: F32;
  readonly scores: F32;
}

/**
 * Returns the gradients of weights and scores behind a hard mask, straight through: the mask counts as if its slope were 1.
 *
 * Formula: with the loss L of v = w * mask(scores) and g = dL/dv: dL/dw = g * mask, dL/dscores = g * w.
 * Numerics: one rounding to float32.
 *
 * @param gradient g, of the weights' shape
 * @param w weights; never changed
 * @param mask that of the forward pass, of maskTopK or maskSoftThreshold
 * @returns both gradients
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * straightThroughGradient(Float32Array.of(1, 2), Float32Array.of(3, 4), Uint8Array.of(1, 0));
 * // { weights: Float32Array [1, 0], scores: Float32Array [3, 8] }
 * @see https://arxiv.org/abs/2005.07683
 */
export function straightThroughGradient(gradient: TensorLike, w: TensorLike, mask: U8): MaskGradient {
  const fn = 'straightThroughGradient';
  const { data, shape, size } = toScores(w, fn, 'w');
  const g = toScores(gradient, fn, 'gradient');
  checkSameShape(fn, 'gradient', g.shape, shape);
  const bits = checkMask(fn, 'mask', mask, shape, size);
  return {
    weights: g.data.map((value, i) => (bits[i] === 1 ? value : 0)),
    scores: g.data.map((value, i) => value * data[i]),
  };
}

export interface SoftMaskOptions {
  /** Divides the scores: the smaller, the harder the gate. Default 1. */
  readonly temperature?: number;
}

/**
 * Returns the soft gates of learned scores: what a mask is before it is made hard.
 *
 * Formula: gate = sigmoid(score / temperature); the weights used are w * gate.
 * Numerics: in float64, rounded to float32 once; the same bits on every engine.
 *
 * @param scores learned scores; never changed
 * @param options temperature
 * @returns a new Float32Array of gates from 0 to 1
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * softMask(Float32Array.of(0, 100)); // Float32Array [0.5, 1]
 * @see softMaskGradient
 */
export function softMask(scores: TensorLike, options?: SoftMaskOptions): F32 {
  const temperature = temperatureOf('softMask', options);
  return toScores(scores, 'softMask', 'scores').data.map((score) => sigmoid(score / temperature));
}

/**
 * Returns the gradients of weights and scores behind soft gates.
 *
 * Formula: with the loss L of v = w * gate and g = dL/dv: dL/dw = g * gate, dL/dscores = g * w * gate * (1 - gate) / temperature.
 * Numerics: in float64, rounded to float32 once.
 *
 * @param gradient g, of the weights' shape
 * @param w weights; never changed
 * @param scores learned scores; never changed
 * @param options temperature
 * @returns both gradients
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * softMaskGradient(Float32Array.of(1), Float32Array.of(4), Float32Array.of(0));
 * // { weights: Float32Array [0.5], scores: Float32Array [1] }
 * @see softMask
 */
export function softMaskGradient(
  gradient: TensorLike,
  w: TensorLike,
  scores: TensorLike,
  options?: SoftMaskOptions,
): MaskGradient {
  const fn = 'softMaskGradient';
  const temperature = temperatureOf(fn, options);
  const weights = toScores(w, fn, 'w');
  const g = toScores(gradient, fn, 'gradient');
  const s = toScores(scores, fn, 'scores');
  checkSameShape(fn, 'gradient', g.shape, weights.shape);
  checkSameShape(fn, 'scores', s.shape, weights.shape);
  const gates = Float64Array.from(s.data, (score) => sigmoid(score / temperature));
  return {
    weights: g.data.map((value, i) => value * gates[i]),
    scores: g.data.map((value, i) => (value * weights.data[i] * gates[i] * (1 - gates[i])) / temperature),
  };
}

function temperatureOf(fn: string, options: SoftMaskOptions | undefined): number {
  const { temperature = 1 } = checkOptions(fn, options, ['temperature']);
  if (temperature === 0) throw rangeError(fn, 'temperature', 'a number above 0', 0, 'for example 1');
  return checkNumber(fn, 'temperature', temperature, 0);
}
