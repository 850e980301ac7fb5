/** Cross-layer equalization: channels of neighbouring layers scaled so that both need the same range, without changing what they compute. */
import type { F32, F64 } from '../../core/arrays.js';
import { describe, NumericError, rangeError, typeError } from '../../core/errors.js';
import { checkInteger, checkOptions } from '../../core/options.js';
import { normalizeAxis } from '../../core/shape.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { toFloat32 } from '../affine/affine-scale.js';
import type {
  EqualizedLayer,
  EqualizeLayer,
  EqualizeOptions,
  EqualizePairReport,
  EqualizeResult,
} from './equalize-types.js';

const FN = 'equalizeLayers';

interface Layer {
  readonly data: F32;
  readonly shape: readonly number[];
  readonly bias: F32 | null;
  readonly outputs: number;
  readonly inputs: number;
  /** Elements from one output (input) to the next. */
  readonly outputStride: number;
  readonly inputStride: number;
}

/**
 * Returns a chain of layers whose weights quantize better with one scale per tensor and which computes the same, with the scales and a report.
 *
 * Formula: for channel i between two layers, with r1 = max |W1[i, :]| and r2 = max |W2[:, i]|, s = sqrt(r1 / r2) = sqrt(r1 r2) / r2: W1[i, :] and b1[i]
 * are divided by s, W2[:, i] is multiplied by s, and both ranges become sqrt(r1 r2). Over a chain this goes round the pairs until no scale moves.
 * The activations between must be positively homogeneous: none, ReLU, leaky or parametric ReLU; not ReLU6, GELU, SiLU, tanh.
 *
 * Shapes: any rank; the outputs of each layer are as many as the inputs of the next.
 *
 * Numerics: float64 weights are rounded to float32 first. Scales are float64; each weight is multiplied and divided once in float64 and rounded to float32
 * once. With powerOfTwo scales are the nearest powers of two (in ratio) and nothing is rounded, unless a number leaves the normal float32 range:
 * `report.exact` tells. Channels that one layer has only zeros for keep scale 1. If the mean precision of the pairs did not rise the layers are
 * returned as they were.
 *
 * Cost: one pass over the chain's weights per round. Memory: a copy of the weights.
 *
 * @param layers at least two, in the order in which they are computed; never changed
 * @param options powerOfTwo, maxRounds, tolerance
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value, OVERFLOW for a bias beyond float32.
 * @example
 * const first = { weight: { data: Float32Array.of(8, 4, 0.5, 0.25), shape: [2, 2] }, bias: Float32Array.of(4, 1) };
 * const second = { weight: { data: Float32Array.of(0.5, 2), shape: [1, 2] } };
 * const { layers, scales } = equalizeLayers([first, second]);
 * scales[0]; // Float64Array [4, 0.5]
 * layers[0].weight.data; // Float32Array [2, 1, 1, 0.5]
 * layers[1].weight.data; // Float32Array [2, 1]
 * @see https://arxiv.org/abs/1906.04721
 */
export function equalizeLayers(layers: readonly EqualizeLayer[], options?: EqualizeOptions): EqualizeResult {
  const { powerOfTwo, maxRounds, tolerance } = checkEqualizeOptions(options);
  const chain = checkChain(layers);
  const scales = Array.from({ length: chain.length - 1 }, (_, p) =>
    new Float64Array(chain[p].outputs).fill(1),
  );
  let rounds = 0;
  let converged = false;
  while (rounds < maxRounds && !converged) {
    let largest = 0;
    for (let p = 0; p < scales.length; p++) largest = Math.max(largest, balance(chain, scales, p));
    rounds++;
    converged = largest <= tolerance;
  }
  if (powerOfTwo) for (const s of scales) s.forEach((v, i) => (s[i] = nearestPowerOfTwo(v)));
  const { equalized, exact } = applied(chain, scales);
  const pairs = pairsOf(chain, equalized);
  const total = (key: 'precisionBefore' | 'precisionAfter'): number =>
    pairs.reduce((sum, p) => sum + p[key], 0);
  const isBetter = total('precisionAfter') > total('precisionBefore');
  if (!isBetter) for (const s of scales) s.fill(1);
  const kept = isBetter ? equalized : chain;
  return {
    layers: kept.map(({ data, shape, bias }, l): EqualizedLayer => {
      const own = isBetter ? data : data.slice();
      return {
        weight: { data: own, shape: [...shape], dtype: 'float32' },
        bias: bias === null || isBetter ? bias : (chain[l].bias?.slice() ?? null),
      };
    }),
    scales,
    report: {
      pairs: isBetter ? pairs : pairsOf(chain, chain),
      rangesBefore: chain.map(({ data }) => largestOf(data)),
      rangesAfter: kept.map(({ data }) => largestOf(data)),
      kept: isBetter ? 'equalized' : 'original',
      rounds,
      converged,
      exact: isBetter ? exact : true,
    },
  };
}

function checkEqualizeOptions(options: EqualizeOptions | undefined): Required<EqualizeOptions> {
  const given = checkOptions(FN, options, ['powerOfTwo', 'maxRounds', 'tolerance']);
  const { powerOfTwo = false, tolerance = 1e-6 } = given;
  if (typeof powerOfTwo !== 'boolean')
    throw typeError(FN, 'powerOfTwo', 'true or false', powerOfTwo, 'leave it out for the usual');
  if (typeof tolerance !== 'number')
    throw typeError(FN, 'tolerance', 'a number from 0 to 1', tolerance, 'for example 1e-6');
  if (!(tolerance >= 0 && tolerance <= 1))
    throw rangeError(FN, 'tolerance', 'a number from 0 to 1', tolerance, 'for example 1e-6');
  return { powerOfTwo, tolerance, maxRounds: checkInteger(FN, 'maxRounds', given.maxRounds ?? 100, 1, 1000) };
}

function checkChain(layers: readonly EqualizeLayer[]): Layer[] {
  if (!Array.isArray(layers)) {
    throw typeError(FN, 'layers', 'an array of layers', layers, 'pass [{weight, bias}, {weight, bias}]');
  }
  if (layers.length < 2) {
    throw rangeError(FN, 'layers', 'at least two layers', layers.length, 'scales move between layers');
  }
  const chain = Array.from(layers, (layer: EqualizeLayer, l) => checkLayer(layer, `layers[${l}]`));
  for (let l = 1; l < chain.length; l++) {
    const { outputs } = chain[l - 1];
    if (chain[l].inputs === outputs) continue;
    const fix = 'check inputAxis and outputAxis';
    throw rangeError(
      FN,
      `layers[${l}]`,
      `${outputs} inputs, as the layer before has outputs`,
      chain[l].inputs,
      fix,
    );
  }
  return chain;
}

function checkLayer(layer: EqualizeLayer, where: string): Layer {
  const given = checkOptions(FN, layer, ['weight', 'bias', 'outputAxis', 'inputAxis'], where);
  const { data, shape } = finite(given.weight as TensorLike, `${where}.weight`);
  if (shape.length === 0) {
    throw rangeError(FN, `${where}.weight`, 'at least one axis', 'a scalar', 'pass [outputs, inputs]');
  }
  const outputAxis = normalizeAxis(given.outputAxis ?? 0, shape.length, FN);
  const inputAxis = normalizeAxis(given.inputAxis ?? Math.min(1, shape.length - 1), shape.length, FN);
  const strideOf = (axis: number): number => shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const bias = given.bias === undefined ? null : finite(given.bias, `${where}.bias`).data;
  if (bias !== null && bias.length !== shape[outputAxis]) {
    const fix = 'the layer has as many outputs as its weight along outputAxis';
    throw rangeError(FN, `${where}.bias`, `${shape[outputAxis]} numbers`, bias.length, fix);
  }
  return {
    data,
    shape,
    bias,
    outputs: shape[outputAxis],
    inputs: shape[inputAxis],
    outputStride: strideOf(outputAxis),
    inputStride: strideOf(inputAxis),
  };
}

function finite(x: TensorLike, argument: string): { readonly data: F32; readonly shape: readonly number[] } {
  const { data: given, shape } = toContiguous(x, FN, argument);
  const data = toFloat32(given);
  const index = data.findIndex((v) => !Number.isFinite(v));
  if (index < 0) return { data, shape };
  const got = `${describe(given[index])} at index ${index}`;
  const message = `${FN}: "${argument}" expected finite float32 values, got ${got} - repair the tensor`;
  throw new NumericError('NON_FINITE', message, index);
}

/** Index along the outputs (inputs) of element i. */
const outputOf = ({ outputStride, outputs }: Layer, i: number): number =>
  Math.floor(i / outputStride) % outputs;
const inputOf = ({ inputStride, inputs }: Layer, i: number): number => Math.floor(i / inputStride) % inputs;

/** Gives the channels of pair p equal ranges in both layers, under the scales so far. Returns the largest fraction a scale moved by. */
function balance(chain: readonly Layer[], scales: readonly F64[], p: number): number {
  const scale = scales[p];
  const first = rangesOf(chain[p], outputOf, scales[p - 1], scale);
  const second = rangesOf(chain[p + 1], inputOf, scale, scales[p + 1]);
  let largest = 0;
  for (let i = 0; i < scale.length; i++) {
    if (first[i] === 0 || second[i] === 0) continue;
    const move = Math.sqrt(first[i]) / Math.sqrt(second[i]);
    scale[i] *= move;
    largest = Math.max(largest, Math.abs(move - 1));
  }
  return largest;
}

/** Largest magnitude by channel after multiplication with `into` (by input) and division by `outOf` (by output); absent scales are 1. */
function rangesOf(
  layer: Layer,
  channelOf: (layer: Layer, i: number) => number,
  into: F64 | undefined,
  outOf: F64 | undefined,
): F64 {
  const ranges = new Float64Array(channelOf === outputOf ? layer.outputs : layer.inputs);
  for (let i = 0; i < layer.data.length; i++) {
    const channel = channelOf(layer, i);
    const magnitude = Math.abs(scaled(layer, i, into, outOf));
    if (magnitude > ranges[channel]) ranges[channel] = magnitude;
  }
  return ranges;
}

function scaled(layer: Layer, i: number, into: F64 | undefined, outOf: F64 | undefined): number {
  const up = into === undefined ? layer.data[i] : layer.data[i] * into[inputOf(layer, i)];
  return outOf === undefined ? up : up / outOf[outputOf(layer, i)];
}

/** The layers with the scales in their weights and biases. */
function applied(
  chain: readonly Layer[],
  scales: readonly F64[],
): { readonly equalized: Layer[]; readonly exact: boolean } {
  let exact = true;
  const equalized = chain.map((layer, l): Layer => {
    const data = new Float32Array(layer.data.length);
    for (let i = 0; i < data.length; i++) {
      const value = scaled(layer, i, scales[l - 1], scales[l]);
      data[i] = value;
      exact &&= data[i] === value && isUnrounded(layer, i, value, scales[l - 1], scales[l]);
    }
    const outOf = scales[l] as F64 | undefined;
    const bias = layer.bias?.slice() ?? null;
    if (bias === null || outOf === undefined) return { ...layer, data, bias };
    for (let o = 0; o < bias.length; o++) {
      const value = bias[o] / outOf[o];
      exact &&= Math.fround(value) === value && value * outOf[o] === bias[o];
      bias[o] = value;
      if (Number.isFinite(bias[o])) continue;
      const message = `${FN}: "layers[${l}].bias" expected values within float32 after scaling, got ${describe(value)} at index ${o} - fold it first`;
      throw new NumericError('OVERFLOW', message, o);
    }
    return { ...layer, data, bias };
  });
  return { equalized, exact };
}

/** Whether scaling back gives the original: so it is where both products were exact. */
function isUnrounded(
  layer: Layer,
  i: number,
  value: number,
  into: F64 | undefined,
  outOf: F64 | undefined,
): boolean {
  const up = outOf === undefined ? value : value * outOf[outputOf(layer, i)];
  return (into === undefined ? up : up / into[inputOf(layer, i)]) === layer.data[i];
}

/** The power of two at the least ratio from v. */
function nearestPowerOfTwo(v: number): number {
  let power = 1;
  while (power * Math.SQRT2 <= v) power *= 2;
  while (power > v * Math.SQRT2) power /= 2;
  return power;
}

function pairsOf(before: readonly Layer[], after: readonly Layer[]): EqualizePairReport[] {
  return before.slice(1).map((_, p) => {
    const first = rangesOf(before[p], outputOf, undefined, undefined);
    const second = rangesOf(before[p + 1], inputOf, undefined, undefined);
    return {
      channels: first.length,
      deadChannels: first.reduce((count, r, i) => count + Number(r === 0 || second[i] === 0), 0),
      precisionBefore: precisionOf(first, second),
      precisionAfter: precisionOf(
        rangesOf(after[p], outputOf, undefined, undefined),
        rangesOf(after[p + 1], inputOf, undefined, undefined),
      ),
    };
  });
}

/** Mean of the products of ranges, each as a fraction of the largest of its layer; 0 where a layer is all zeros. */
function precisionOf(first: F64, second: F64): number {
  const largest = largestOf(first);
  const largestNext = largestOf(second);
  if (largest === 0 || largestNext === 0) return 0;
  const sum = first.reduce((total, r, i) => total + (r / largest) * (second[i] / largestNext), 0);
  return sum / first.length;
}

function largestOf(data: F32 | F64): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++) largest = Math.max(largest, Math.abs(data[i]));
  return largest;
}
