/** Scales that move from weights to the inputs they meet, without a change of the layer: w x = (w / t) (t x). */
import type { F32, F64, FloatArray } from '../../core/arrays.js';
import { describe, NumericError, rangeError, typeError } from '../../core/errors.js';
import { checkOptions, isPlainObject } from '../../core/options.js';
import { normalizeAxis } from '../../core/shape.js';
import { tensor, toContiguous, type Tensor, type TensorLike } from '../../core/tensor.js';

/** Weights divided by their input's scale stay below this: a quarter of the largest float32. */
const LARGEST_WEIGHT = 2 ** 126;
const SQRT_2 = 1.4142135623730951;

/** Weight and bias of the layer before, as far as it has them. */
export interface PreviousLayer {
  /** A norm's scale [n], or a linear layer's matrix with its outputs along `outputAxis`. */
  readonly weight?: TensorLike;
  readonly bias?: TensorLike;
}

export interface FoldedLayer {
  readonly weight?: Tensor;
  readonly bias?: Tensor;
}

/**
 * Returns `x` with every slice along an axis multiplied by that slice's factor.
 *
 * Formula: out[..., j, ...] = x[..., j, ...] * factors[j]. Numerics: one rounding per element; float64 tensors stay float64, all others become
 * float32. Powers of two round nothing unless the product leaves the normal numbers. NaN and infinities pass.
 *
 * @param x any tensor with that axis; never changed
 * @param factors one per slice
 * @param options `axis`, default -1
 * @throws TypeError or RangeError for arguments that do not fit.
 * @example
 * const x = { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] };
 * scaleAxis(x, Float32Array.of(10, 0.5)).data; // Float32Array [10, 1, 30, 2]
 * @see foldInputScale
 */
export function scaleAxis(x: TensorLike, factors: TensorLike, options?: { readonly axis?: number }): Tensor {
  const { axis = -1 } = checkOptions('scaleAxis', options, ['axis']);
  return multiplied('scaleAxis', ['x', x], ['factors', factors], axis);
}

/**
 * Returns the layer before with the input scales of awq or smoothQuant folded into it, so that nothing is left to do when the model runs.
 *
 * Formula: weight and bias times inputScale, output by output. Right if that layer's outputs go through nothing but what commutes with a positive
 * factor (ReLU, pooling, reshaping) and everything that reads them has had its weights divided by the same scales.
 *
 * Shapes: a norm's weight and bias [n]; a linear layer's matrix [n, inputs], or [inputs, n] with outputAxis -1; bias [n].
 *
 * Numerics: as scaleAxis; exact for scales that are powers of two.
 *
 * @param previous weight, bias or both; never changed
 * @param inputScale the result's inputScale, [n]
 * @param options `outputAxis`: the axis of the weight's outputs, default 0
 * @throws TypeError or RangeError for arguments that do not fit.
 * @example
 * const norm = { weight: Float32Array.of(1, 1), bias: Float32Array.of(0, 3) };
 * foldInputScale(norm, Float32Array.of(0.5, 2)).bias?.data; // Float32Array [0, 6]
 * @see awq, smoothQuant
 */
export function foldInputScale(
  previous: PreviousLayer,
  inputScale: TensorLike,
  options?: { readonly outputAxis?: number },
): FoldedLayer {
  const fn = 'foldInputScale';
  if (!isPlainObject(previous))
    throw typeError(fn, 'previous', 'weight, bias or both', previous, 'pass {weight, bias}');
  const { weight, bias } = checkOptions<PreviousLayer>(fn, previous, ['weight', 'bias'], 'previous');
  const { outputAxis = 0 } = checkOptions(fn, options, ['outputAxis']);
  if (weight === undefined && bias === undefined)
    throw rangeError(fn, 'previous', 'weight, bias or both', 'neither', 'pass {weight, bias}');
  const scale = ['inputScale', inputScale] as const;
  return {
    ...(weight === undefined ? {} : { weight: multiplied(fn, ['weight', weight], scale, outputAxis) }),
    ...(bias === undefined ? {} : { bias: multiplied(fn, ['bias', bias], scale, 0) }),
  };
}

/** The product of two arguments, each with its name. */
function multiplied(
  fn: string,
  [name, x]: readonly [string, TensorLike],
  [factorsName, given]: readonly [string, TensorLike],
  axis: number,
): Tensor {
  const { data, shape } = toContiguous(x, fn, name);
  const { data: factors, shape: own } = toContiguous(given, fn, factorsName);
  const at = normalizeAxis(axis, shape.length, fn);
  if (own.length !== 1 || own[0] !== shape[at]) {
    const expected = `the shape [${shape[at]}], one factor per slice of ${name} along axis ${at}`;
    throw rangeError(fn, factorsName, expected, Array.from(own), 'check the axis');
  }
  return tensor(times(data, factors, shape, at), shape);
}

/** data * factors along an axis, in the type of data. */
export function times(
  data: FloatArray,
  factors: FloatArray,
  shape: readonly number[],
  axis: number,
): FloatArray {
  const out = data.slice();
  visitAlong(shape, axis, data.length, (i, j) => (out[i] = data[i] * factors[j]));
  return out;
}

/** data / divisors along an axis, in float32. */
export function divided(data: F32, divisors: F32, shape: readonly number[], axis: number): F32 {
  const out = new Float32Array(data.length);
  visitAlong(shape, axis, data.length, (i, j) => (out[i] = data[i] / divisors[j]));
  return out;
}

/** Largest magnitude of each slice along an axis. */
export function magnitudesAlong(data: FloatArray, shape: readonly number[], axis: number): F64 {
  const most = new Float64Array(shape[axis]);
  visitAlong(shape, axis, data.length, (i, j) => (most[j] = Math.max(most[j], Math.abs(data[i]))));
  return most;
}

/** Shows every index of a tensor with its index along the axis, in the order of memory. */
export function visitAlong(
  shape: readonly number[],
  axis: number,
  size: number,
  visit: (index: number, slice: number) => void,
): void {
  const stride = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  for (let i = 0, j = 0; i < size; j = j + 1 < shape[axis] ? j + 1 : 0)
    for (const end = i + stride; i < end; i++) visit(i, j);
}

/**
 * Input scales 1 / s in float32, raised where weights of this magnitude would leave the float32 numbers; rounded to the nearest power of two by ratio
 * where asked, which leaves 2^-60 to 2^60.
 */
export function inputScales(s: F64, magnitudes: F64, powerOfTwo: boolean): F32 {
  return Float32Array.from(s, (v, j) => {
    const t = Math.max(1 / v, magnitudes[j] / LARGEST_WEIGHT);
    return powerOfTwo ? nearestPower(t) : t;
  });
}

/** The power of two with the least ratio to x, from 2^-60 to 2^60. */
function nearestPower(x: number): number {
  let power = 1;
  while (x > power * SQRT_2 && power < 2 ** 60) power *= 2;
  while (x * SQRT_2 < power && power > 2 ** -60) power /= 2;
  return power;
}

/** Magnitudes of inputs: one per input, finite and 0 or more. */
export function checkMagnitudes(fn: string, argument: string, given: TensorLike, n: number): F64 {
  const { data, shape } = toContiguous(given, fn, argument);
  if (shape.length !== 1 || shape[0] !== n) {
    const fix = 'one number per input of the layer, w.shape[inputAxis]';
    throw rangeError(fn, `${argument}.shape`, `[${n}]`, Array.from(shape), fix);
  }
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(data[i])) {
      const message = `${fn}: "${argument}" expected finite numbers, got ${describe(data[i])} at index ${i} - leave such samples out`;
      throw new NumericError('NON_FINITE', message, i);
    }
    if (data[i] < 0)
      throw rangeError(
        fn,
        `${argument}[${i}]`,
        'a magnitude, 0 or more',
        data[i],
        'pass mean |x| or max |x|',
      );
  }
  return Float64Array.from(data);
}
