/** Scores of single weights: the larger, the more a weight matters. */
import type { F32, F64 } from '../core/arrays.js';
import { rangeError } from '../core/errors.js';
import { checkInteger, checkOptions } from '../core/options.js';
import { checkSeed, hash32 } from '../core/random.js';
import { elementCount, normalizeAxis } from '../core/shape.js';
import type { TensorLike } from '../core/tensor.js';
import { checkSameShape, toScores, type Numbers32 } from './checks.js';

const f = Math.fround;

/**
 * Returns the magnitude of every weight.
 *
 * Formula: |w| (norm 1) or w^2 (norm 2): the same order within float32's range, other sums.
 * Numerics: exact for norm 1; rounded to float32 for norm 2, which is 0 below 2^-75 and infinite from 2^64 on.
 *
 * @param x weights of any shape; never changed
 * @param options norm: 1 (the default) or 2
 * @returns a new Float32Array, row-major
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * scoreMagnitude(Float32Array.of(-2, 1)); // Float32Array [2, 1]
 * @see maskTopK, whose order 'magnitude' needs no copy
 */
export function scoreMagnitude(x: TensorLike, options?: { readonly norm?: 1 | 2 }): F32 {
  const given = checkOptions('scoreMagnitude', options, ['norm']);
  const norm = checkInteger('scoreMagnitude', 'norm', given.norm ?? 1, 1, 2);
  const { data } = toScores(x, 'scoreMagnitude', 'x');
  return data.map((value) => (norm === 1 ? Math.abs(value) : value * value));
}

/**
 * Returns random scores, the baseline of every pruning method.
 *
 * Formula: floor(hash32(seed, i) / 256) / 2^24 in [0, 1): the same on every engine.
 *
 * @param shape of the weights
 * @param options seed: a whole number from 0 to 2^53 - 1; default 0
 * @returns a new Float32Array, row-major
 * @throws TypeError or RangeError for arguments.
 * @example
 * const mask = maskTopK(scoreRandom([4, 4], { seed: 7 }), { sparsity: 0.5 });
 */
export function scoreRandom(shape: readonly number[], options?: { readonly seed?: number }): F32 {
  const given = checkOptions('scoreRandom', options, ['seed']);
  const seed = checkSeed('scoreRandom', given.seed ?? 0);
  const size = elementCount(shape, 'scoreRandom');
  return Float32Array.from({ length: size }, (_, i) => Math.floor(hash32(seed, i) / 256) / 2 ** 24);
}

/**
 * Returns Wanda's scores: the magnitude of a weight times the length of the input that it meets.
 *
 * Formula: |w[i, j]| * activationNorm[j] with activationNorm[j] = sqrt(sum or mean over tokens of x[t, j]^2).
 *
 * Shapes: w [..., inputs]; activationNorm as many as inputs.
 *
 * Numerics: one rounding to float32. The ranking within a row does not depend on the constant of a mean. Row by row, with scope 'row', no mask of as many ones
 * leaves less of sum over j of (w - w m)[i, j]^2 norm[j]^2 removed: the loss of this layer's outputs where inputs are uncorrelated.
 *
 * Compatible with: Wanda (compat 'wanda' and scope 'row' for its counts), llm-compressor's WandaPruningModifier.
 *
 * @param w weights; never changed
 * @param options activationNorm: numbers of at least 0
 * @returns a new Float32Array, row-major
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * const w = { data: Float32Array.of(1, -3, 2, 1), shape: [2, 2] };
 * scoreWanda(w, { activationNorm: Float32Array.of(4, 1) }); // Float32Array [4, 3, 8, 1]
 * @see https://arxiv.org/abs/2306.11695
 */
export function scoreWanda(w: TensorLike, options: { readonly activationNorm: TensorLike }): F32 {
  const fn = 'scoreWanda';
  const given = checkOptions(fn, options, ['activationNorm']);
  const { data, shape } = toScores(w, fn, 'w');
  const norm = toScores(given.activationNorm as TensorLike, fn, 'activationNorm');
  const width = shape.length === 0 ? 1 : shape[shape.length - 1];
  if (norm.size !== width) {
    throw rangeError(
      fn,
      'activationNorm',
      `${width} norms, one per input`,
      norm.size,
      'inputs are the last axis',
    );
  }
  const wrong = norm.data.findIndex((value) => value < 0);
  if (wrong >= 0) {
    const fix = 'pass lengths of the inputs, not the inputs';
    throw rangeError(fn, `activationNorm[${wrong}]`, 'a number of at least 0', norm.data[wrong], fix);
  }
  return withoutNaN(
    fn,
    data.map((value, i) => Math.abs(value) * norm.data[i % width]),
  );
}

/** 0 times infinity has no rank either. */
function withoutNaN(fn: string, scores: F32): F32 {
  toScores(scores, fn, 'scores');
  return scores;
}

/** A weight and what goes with it: of one shape, without NaN. */
function pair(fn: string, w: TensorLike, other: unknown, name: string): [Numbers32, Numbers32] {
  const weights = toScores(w, fn, 'w');
  const values = toScores(other as TensorLike, fn, name);
  checkSameShape(fn, name, values.shape, weights.shape);
  return [weights, values];
}

export interface TaylorOptions {
  /** Gradient of the loss, of the weights' shape. */
  readonly gradient: TensorLike;
  /** Sums over the slices along this axis: one score per slice. Default: one per weight. */
  readonly axis?: number;
  /** With axis: |sum of w g|, which lets signs cancel, in place of the sum of |w g|. Default false. */
  readonly multivariable?: boolean;
}

/**
 * Returns first-order Taylor scores: how much the loss changes, to first order, when a weight becomes 0.
 *
 * Formula: |w g|; along an axis sum |w g| or, multivariable, |sum w g|.
 * Numerics: products in float32 one by one, exact in float64 and summed there for slices; rounded to float32 once.
 *
 * @param w weights; never changed
 * @param options gradient, axis, multivariable
 * @returns a new Float32Array: one score per weight, or per slice along the axis
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * scoreTaylor(Float32Array.of(2, -1), { gradient: Float32Array.of(0.5, 3) }); // Float32Array [1, 3]
 * @see https://arxiv.org/abs/1906.10771
 */
export function scoreTaylor(w: TensorLike, options: TaylorOptions): F32 {
  const fn = 'scoreTaylor';
  const given = checkOptions(fn, options, ['gradient', 'axis', 'multivariable']);
  const [weights, gradient] = pair(fn, w, given.gradient, 'gradient');
  if (given.axis === undefined) {
    return withoutNaN(
      fn,
      weights.data.map((value, i) => Math.abs(value * gradient.data[i])),
    );
  }
  const axis = normalizeAxis(given.axis, weights.shape.length, fn);
  const { shape } = weights;
  const inner = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  const sums: F64 = new Float64Array(shape[axis]);
  weights.data.forEach((value, i) => {
    const term = value * gradient.data[i];
    sums[Math.floor(i / inner) % shape[axis]] += given.multivariable === true ? term : Math.abs(term);
  });
  return withoutNaN(fn, Float32Array.from(sums, Math.abs));
}

export interface FisherOptions {
  /** Gradients of single samples or batches, [samples, ...shape of w]: the mean of their squares is the curvature. Exactly one of the three. */
  readonly gradients?: TensorLike;
  /** That mean itself. */
  readonly squaredGradient?: TensorLike;
  /** The diagonal of a Hessian: optimal brain damage. */
  readonly hessianDiagonal?: TensorLike;
}

/**
 * Returns second-order scores: how much the loss rises, to second order and one at a time, when a weight becomes 0.
 *
 * Formula: w^2 h / 2 with h the mean of g^2 (empirical Fisher) or the diagonal of the Hessian (OBD).
 * Numerics: in float64, rounded to float32 once.
 *
 * @param w weights; never changed
 * @param options gradients, squaredGradient or hessianDiagonal
 * @returns a new Float32Array, row-major
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * scoreFisher(Float32Array.of(2, 1), { hessianDiagonal: Float32Array.of(1, 8) }); // Float32Array [2, 4]
 * @see obs, which lets the other weights answer
 */
export function scoreFisher(w: TensorLike, options: FisherOptions): F32 {
  const fn = 'scoreFisher';
  const given = checkOptions(fn, options, ['gradients', 'squaredGradient', 'hessianDiagonal']);
  const names = (['gradients', 'squaredGradient', 'hessianDiagonal'] as const).filter(
    (name) => name in given,
  );
  if (names.length !== 1) {
    const fix = 'they say the same in different ways';
    throw rangeError(fn, 'options', 'one of gradients, squaredGradient, hessianDiagonal', names.length, fix);
  }
  const [name] = names;
  if (name !== 'gradients') {
    const [weights, curvature] = pair(fn, w, given[name], name);
    return withoutNaN(
      fn,
      weights.data.map((value, i) => (value * value * curvature.data[i]) / 2),
    );
  }
  const { data, shape, size } = toScores(w, fn, 'w');
  const gradients = toScores(given.gradients as TensorLike, fn, 'gradients');
  checkSameShape(fn, 'gradients', gradients.shape.slice(1), shape);
  const samples = gradients.shape[0];
  if (gradients.shape.length !== shape.length + 1 || samples === 0) {
    throw rangeError(fn, 'gradients', 'at least one sample', samples, 'their first axis counts samples');
  }
  const squares = new Float64Array(size);
  for (let i = 0; i < gradients.size; i++) squares[i % size] += gradients.data[i] * gradients.data[i];
  return withoutNaN(
    fn,
    data.map((value, i) => (value * value * (squares[i] / samples)) / 2),
  );
}

/**
 * Returns movement scores: how far training moves each weight away from 0.
 *
 * Formula: S = previous - w g, summed over steps: growing where a step along -g makes |w| larger.
 * Numerics: product and difference each rounded to float32.
 *
 * @param w weights at this step; never changed
 * @param options gradient; previous: the scores so far, default 0
 * @returns a new Float32Array, row-major
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * scoreMovement(Float32Array.of(1, 1), { gradient: Float32Array.of(-2, 2) }); // Float32Array [2, -2]
 * @see https://arxiv.org/abs/2005.07683
 */
export function scoreMovement(
  w: TensorLike,
  options: { readonly gradient: TensorLike; readonly previous?: TensorLike },
): F32 {
  const fn = 'scoreMovement';
  const given = checkOptions(fn, options, ['gradient', 'previous']);
  const [weights, gradient] = pair(fn, w, given.gradient, 'gradient');
  const previous = given.previous === undefined ? null : pair(fn, w, given.previous, 'previous')[1].data;
  return withoutNaN(
    fn,
    weights.data.map((value, i) => (previous === null ? 0 : previous[i]) - f(value * gradient.data[i])),
  );
}
