/** Scores that compare layers: LAMP, and OWL's sparsity of each layer. */
import type { F32, U32 } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import type { TensorLike } from '../core/tensor.js';
import { checkFraction, checkNumber, toScores } from './checks.js';
import { scoreWanda } from './scores.js';

/**
 * Returns LAMP's scores of one layer, which can be ranked against those of other layers.
 *
 * Formula: with weights in ascending order of w^2, score[i] = w[i]^2 / (sum over j >= i of w[j]^2); of equal ones the lowest index comes last.
 *
 * Numerics: in float64, summed from the largest on, rounded to float32 once. The largest weight scores exactly 1, also in a layer of zeros, and any other
 * at most 1/2: a global mask that keeps one weight per layer never removes a whole layer. Within a layer the order is that of |w|.
 *
 * Cost: one radix sort of two passes.
 *
 * @param x the weights of a layer; never changed
 * @returns a new Float32Array, row-major
 * @throws TypeError or RangeError for arguments and infinities, NumericError NAN with the index of the first NaN.
 * @example
 * scoreLamp(Float32Array.of(2, 0, -2)); // Float32Array [1, 0, 0.5]
 * @see https://arxiv.org/abs/2010.07611
 */
export function scoreLamp(x: TensorLike): F32 {
  const { data, size } = toScores(x, 'scoreLamp', 'x');
  const infinite = data.findIndex((value) => Math.abs(value) === Infinity);
  if (infinite >= 0) {
    throw rangeError(
      'scoreLamp',
      `x[${infinite}]`,
      'a finite number',
      data[infinite],
      'clip the weights first',
    );
  }
  const places = ascending(data);
  const scores = new Float32Array(size);
  let sum = 0;
  for (let rank = size - 1; rank >= 0; rank--) {
    const square = data[places[rank]] * data[places[rank]];
    sum += square;
    if (sum > 0) scores[places[rank]] = square / sum;
  }
  if (size > 0) scores[places[size - 1]] = 1;
  return scores;
}

/** Places in ascending order of |x|, equal ones from the highest index down: a radix sort by 16 bits. */
function ascending(x: F32): U32 {
  const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
  let from = Uint32Array.from({ length: x.length }, (_, i) => x.length - 1 - i);
  let to = new Uint32Array(x.length);
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(65537);
    for (const place of from) starts[(((bits[place] & 0x7fffffff) >>> shift) & 0xffff) + 1]++;
    for (let i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
    for (const place of from) to[starts[((bits[place] & 0x7fffffff) >>> shift) & 0xffff]++] = place;
    [from, to] = [to, from];
  }
  return from;
}

/** A layer as OWL sees it. */
export interface OwlLayer {
  readonly weights: TensorLike;
  /** Lengths of the inputs, as of scoreWanda. Default: weights alone. */
  readonly activationNorm?: TensorLike;
}

export interface OwlOptions {
  /** Mean of the layers' sparsities. */
  readonly sparsity: number;
  /** Half the span of the sparsities. Default 0.08. */
  readonly lambda?: number;
  /** A score counts as an outlier above so many times its layer's mean. Default 5. */
  readonly outlierFactor?: number;
}

/**
 * Returns a sparsity for each layer by OWL: layers with more outliers keep more.
 *
 * Formula: D[l] = part of the scores |w| * activationNorm above outlierFactor times their mean; E = (D - min D) 2 lambda / (max D - min D); sparsity[l] =
 * sparsity + mean(E) - E[l]. Where all D are equal every layer gets the mean. Where a sparsity would leave [0, 1], lambda is
 * made as small as keeps all of them inside.
 *
 * Numerics: in float64. The mean of the results is `sparsity` to within 2^-52 times the number of layers, whatever their sizes: layers are not weighted.
 *
 * Compatible with: llm-compressor's OWL, which divides by 0 where all layers are alike and may leave [0, 1].
 *
 * @param layers weights and, if known, lengths of their inputs
 * @param options sparsity, lambda, outlierFactor
 * @returns a sparsity from 0 to 1 per layer
 * @throws TypeError or RangeError for arguments, NumericError NAN with the index of the first NaN.
 * @example
 * const plain = { weights: Float32Array.of(1, 1, 1, 1, 1, 1, 1, 1) };
 * const spiky = { weights: Float32Array.of(1, 1, 1, 1, 1, 1, 1, 100) };
 * owlSparsities([plain, spiky], { sparsity: 0.5, lambda: 0.1 }); // [0.6, 0.4]
 * @see https://arxiv.org/abs/2310.05175
 */
export function owlSparsities(layers: readonly OwlLayer[], options: OwlOptions): number[] {
  const fn = 'owlSparsities';
  const given = checkOptions(fn, options, ['sparsity', 'lambda', 'outlierFactor']);
  const sparsity = checkFraction(fn, 'sparsity', given.sparsity);
  const lambda = checkNumber(fn, 'lambda', given.lambda ?? 0.08, 0);
  const factor = checkNumber(fn, 'outlierFactor', given.outlierFactor ?? 5, 0);
  if (!Array.isArray(layers)) {
    throw typeError(fn, 'layers', 'a list of layers', layers, 'for example [{ weights }]');
  }
  const parts = (layers as readonly OwlLayer[]).map((layer, l) => outlierPart(fn, layer, l, factor));
  const least = Math.min(...parts);
  const span = Math.max(...parts) - least;
  const raised = parts.map((part) => (span > 0 ? ((part - least) * 2 * lambda) / span : 0));
  const mean = raised.reduce((sum, value) => sum + value, 0) / raised.length;
  const above = Math.max(0, ...raised.map((value) => mean - value));
  const below = Math.max(0, ...raised.map((value) => value - mean));
  const shrink = Math.min(1, above > 0 ? (1 - sparsity) / above : 1, below > 0 ? sparsity / below : 1);
  return raised.map((value) => Math.min(1, Math.max(0, sparsity + (mean - value) * shrink)));
}

function outlierPart(fn: string, layer: OwlLayer, l: number, factor: number): number {
  const { weights, activationNorm } = checkOptions(fn, layer, ['weights', 'activationNorm'], `layers[${l}]`);
  const { data, shape } = toScores(weights as TensorLike, fn, `layers[${l}].weights`);
  const scores =
    activationNorm === undefined
      ? data.map(Math.abs)
      : scoreWanda({ data, shape: [...shape] }, { activationNorm });
  if (scores.length === 0) return 0;
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  let outliers = 0;
  for (const score of scores) if (score > factor * mean) outliers++;
  return outliers / scores.length;
}
