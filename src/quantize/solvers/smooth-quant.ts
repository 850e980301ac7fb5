/** SmoothQuant: outliers of the inputs are moved into the weights before both are quantized. */
import type { F32, F64 } from '../../core/arrays.js';
import { tensor, type TensorLike } from '../../core/tensor.js';
import { divided, inputScales, magnitudesAlong, visitAlong } from './input-scale.js';
import { powerFunction } from '../affine/power.js';
import { outputsOf, smoothedLoss } from './smooth-quant-error.js';
import { checkSmoothQuant, type Rows, type SmoothSettings } from './smooth-quant-options.js';
import type { SmoothQuantOptions, SmoothQuantResult } from './smooth-quant-types.js';

/** Inputs whose weights are below this fraction of the largest weight count as that much. */
const LEAST_WEIGHT = 1e-5;
const LARGEST_INPUT = 2 ** 126;

/**
 * Returns weights divided by input scales that make their inputs easier to quantize, these scales, and a report of what was measured. Nothing is
 * quantized yet: that is left to quantizeAffine.
 *
 * Formula: s[j] = max|x[j]|^alpha / max|w[j]|^(1 - alpha), the largest weight of input j taken over all given weights; inputScale = 1 / s. With
 * activations, alpha 'auto' is that of 0, 0.05 ... 1 with the least squared error of the outputs when w / inputScale and inputScale * x are rounded to
 * 8 bits, and whatever alpha is, scales of 1 are kept where they are as good.
 *
 * Shapes: weights of any rank with n inputs along inputAxis; activations [..., n], activationMax [n]. Weights keep their shapes.
 *
 * Numerics: everything is rounded to float32 first. With t = inputScale, (w / t) (t x) is w x but for one rounding of each factor; with powerOfTwo it is
 * w x to the bit: inputs for which some weight or activation would leave the normal numbers are then not scaled. Powers are within 2^-42, sums float64 in a fixed order:
 * every engine gives the same bytes. Inputs that were 0 throughout have scale 1; weights below 1e-5 of the largest count as that much.
 *
 * Cost: rows * n multiplications per line and alpha, less where an alpha is given up early. Memory beyond weights, activations and the result, in bytes: 64 n and 4 per weight; with
 * activations 8 per output, 14 per activation and 14 per value of the largest weight. All outputs judge each alpha, so `memoryLimit` cuts nothing and only refuses.
 *
 * Compatible with: smoothquant's smooth_ln_fcs (its scales are 1 / inputScale; it clamps magnitudes at 1e-5 absolute) and the auto-tuned alpha of
 * Intel Neural Compressor, which measures blocks.
 *
 * @param weights one weight, or all weights that read the same inputs (query, key and value); never changed
 * @param options activations or activationMax, alpha ...
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE for values.
 * @example
 * const w = { data: Float32Array.of(0.3, 0.8, -0.5, 0.1), shape: [2, 2] };
 * const { weights, inputScale } = smoothQuant(w, { activationMax: Float32Array.of(80, 0.2), powerOfTwo: true });
 * inputScale; // Float32Array [0.0625, 2]
 * weights[0].data; // Float32Array [4.800000190734863, 0.4000000059604645, -8, 0.05000000074505806]
 * @see foldInputScale, quantizeAffine, https://arxiv.org/abs/2211.10438
 */
export function smoothQuant(
  weights: TensorLike | readonly TensorLike[],
  options: SmoothQuantOptions,
): SmoothQuantResult {
  const settings = checkSmoothQuant('smoothQuant', weights, options);
  const best = settings.rows === null ? unmeasured(settings) : measured(settings, settings.rows);
  return {
    weights: settings.weights.map(({ data, shape, inputAxis }) =>
      tensor(divided(data, best.inputScale, shape, inputAxis), shape),
    ),
    inputScale: best.inputScale,
    report: {
      alpha: best.alpha,
      kept: best.alpha === null ? 'unsmoothed' : 'smoothed',
      loss: best.loss,
      unsmoothedLoss: best.unsmoothedLoss,
      deadInputs: settings.magnitudes.filter((v) => v === 0).length,
      workingBytes: settings.workingBytes,
    },
  };
}

interface Choice {
  readonly alpha: number | null;
  readonly inputScale: F32;
  readonly loss: number | null;
  readonly unsmoothedLoss: number | null;
}

function unmeasured(settings: SmoothSettings): Choice {
  const [alpha] = settings.alphas;
  return {
    alpha,
    inputScale: scalesOf(settings, weightMagnitudes(settings), alpha),
    loss: null,
    unsmoothedLoss: null,
  };
}

/** The alpha with the least error, or none where unsmoothed is as good; the first of equally good ones. */
function measured(settings: SmoothSettings, rows: Rows): Choice {
  const outputs = outputsOf(settings, rows);
  const most = weightMagnitudes(settings);
  const ones = new Float32Array(settings.n).fill(1);
  const unsmoothedLoss = smoothedLoss(settings, rows, outputs, ones, Infinity);
  let best: Choice & { readonly loss: number } = {
    alpha: null,
    inputScale: ones,
    loss: unsmoothedLoss,
    unsmoothedLoss,
  };
  for (const alpha of settings.alphas) {
    const inputScale = scalesOf(settings, most, alpha);
    const loss = smoothedLoss(settings, rows, outputs, inputScale, best.loss);
    if (loss < best.loss) best = { alpha, inputScale, loss, unsmoothedLoss };
  }
  return best;
}

/** Largest magnitude of each input's weights. */
function weightMagnitudes({ weights, n }: SmoothSettings): F64 {
  const most = new Float64Array(n);
  for (const { data, shape, inputAxis } of weights)
    magnitudesAlong(data, shape, inputAxis).forEach((v, j) => (most[j] = Math.max(most[j], v)));
  return most;
}

/** 1 / s, and 1 for inputs that were 0 or cannot be scaled. */
function scalesOf(settings: SmoothSettings, most: F64, alpha: number): F32 {
  const { magnitudes, powerOfTwo, n } = settings;
  const largest = most.reduce((a, b) => Math.max(a, b), 0);
  if (largest === 0) return new Float32Array(n).fill(1);
  const [ofInput, ofWeight] = [powerOf(alpha), powerOf(1 - alpha)];
  const s = magnitudes.map((v, j) =>
    v === 0 ? 1 : ofInput(v) / ofWeight(Math.max(most[j], largest * LEAST_WEIGHT)),
  );
  const scales = inputScales(s, most, powerOfTwo).map((t, j) =>
    magnitudes[j] > 0 && magnitudes[j] * t <= LARGEST_INPUT && t > 0 ? t : 1,
  );
  if (powerOfTwo) for (const j of inexact(settings, scales)) scales[j] = 1;
  return scales;
}

const powerOf = (p: number): ((x: number) => number) => (p === 0 ? () => 1 : powerFunction(p));

/** Inputs for which a division of weights or a multiplication of activations by these powers of two rounds. */
function inexact({ weights, rows }: SmoothSettings, scales: F32): Set<number> {
  const found = new Set<number>();
  for (const { data, shape, inputAxis } of weights)
    visitAlong(shape, inputAxis, data.length, (i, j) => {
      if (Math.fround(data[i] / scales[j]) !== data[i] / scales[j]) found.add(j);
    });
  if (rows !== null)
    visitAlong(rows.shape, 1, rows.data.length, (i, j) => {
      if (Math.fround(rows.data[i] * scales[j]) !== rows.data[i] * scales[j]) found.add(j);
    });
  return found;
}
