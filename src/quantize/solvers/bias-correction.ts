/** Bias correction: what quantized weights shift a layer's outputs by on average, taken back in its bias. */
import type { F32, F64, FloatArray } from '../../core/arrays.js';
import { describe, NumericError, rangeError } from '../../core/errors.js';
import { checkOptions } from '../../core/options.js';
import { normalizeAxis } from '../../core/shape.js';
import { toContiguous, type Contiguous, type TensorLike } from '../../core/tensor.js';

const FN = 'biasCorrection';

export interface BiasCorrectionOptions {
  /** Mean of the layer's inputs over calibration data: one number per input. Either this or `activations`. */
  readonly activationMean?: TensorLike;
  /** Inputs of the layer, [..., inputs], rows are tokens: for small calibration sets that fit into memory at once. */
  readonly activations?: TensorLike;
  /** The layer's bias, one number per output; default none, which counts as 0. */
  readonly bias?: TensorLike;
  /** Axis of w that counts outputs: 0 (the default) for PyTorch, -1 for TensorFlow. */
  readonly outputAxis?: number;
  /**
   * Axis of w that counts inputs: 1 (the default; 0 for a w of one axis) for PyTorch, -2 for TensorFlow. The same as outputAxis for depthwise
   * convolutions, whose every channel is its own input.
   */
  readonly inputAxis?: number;
}

export interface BiasCorrectionReport {
  readonly outputs: number;
  /** Outputs whose bias is another number than before. */
  readonly correctedOutputs: number;
  /** Largest |error| of an output at the mean input, before and after. */
  readonly maxShiftBefore: number;
  readonly maxShiftAfter: number;
  /** Root mean square over the outputs of that error: what was made small. Never more after than before. */
  readonly rmsShiftBefore: number;
  readonly rmsShiftAfter: number;
  /** Rows of `activations`, or null where the mean was given. */
  readonly tokens: number | null;
}

export interface BiasCorrectionResult {
  /** The bias to use with the quantized weights: one number per output. */
  readonly bias: F32;
  readonly report: BiasCorrectionReport;
}

/**
 * Returns the bias with which a layer of quantized weights gives, on average, the outputs of the original one, and a report.
 *
 * Formula: bias' = bias + (W - W_q) E[x], so that E[W_q x + bias'] = E[W x + bias]. For a convolution every tap of the kernel sees the channel's
 * mean (borders that are padded see less; that is not counted).
 *
 * Shapes: w and quantized the same, of any rank but 0; one bias per index along outputAxis, one mean per index along inputAxis.
 *
 * Numerics: sums are float64 in row-major order of w; the new bias is rounded to float32 once, and so is a float64 bias before. After the correction the
 * error at the mean input is at most half a unit in the last place of the bias, plus 2^-52 per input of the sum of magnitudes. No output is ever
 * worse than before: the float32 nearest to a number is no farther from it than the old bias.
 *
 * Cost: one pass over w and one over the activations; memory for one number per input and output.
 *
 * @param w the original weights; never changed
 * @param quantized the values that the layer will compute with, such as those of dequantizeAffine with w's shape
 * @param options activationMean or activations, bias, outputAxis, inputAxis
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value, OVERFLOW for a bias beyond float32.
 * @example
 * const w = { data: Float32Array.of(0.9, -0.4, 0.3, 0.2), shape: [2, 2] };
 * const quantized = { data: Float32Array.of(1, -0.5, 0.5, 0), shape: [2, 2] };
 * const { report } = biasCorrection(w, quantized, { activationMean: Float32Array.of(1, 3) });
 * report.maxShiftAfter < 1e-7 && report.maxShiftBefore > 0.19; // true
 * @see gptq, https://arxiv.org/abs/1906.04721
 */
export function biasCorrection(
  w: TensorLike,
  quantized: TensorLike,
  options: BiasCorrectionOptions,
): BiasCorrectionResult {
  const given = checkOptions(FN, options, [
    'activationMean',
    'activations',
    'bias',
    'outputAxis',
    'inputAxis',
  ]);
  const original = finiteTensor(w, 'w', 'repair the tensor');
  const values = finiteTensor(quantized, 'quantized', 'repair the tensor');
  const { shape } = original;
  if (shape.length === 0)
    throw rangeError(FN, 'w', 'at least one axis', 'a scalar', 'pass [outputs, inputs]');
  if (values.shape.length !== shape.length || values.shape.some((n, axis) => n !== shape[axis])) {
    const fix = 'pass the values of the same weights';
    throw rangeError(FN, 'quantized.shape', `[${shape.join(', ')}]`, values.shape, fix);
  }
  const outputAxis = normalizeAxis(given.outputAxis ?? 0, shape.length, FN);
  const inputAxis = normalizeAxis(given.inputAxis ?? Math.min(1, shape.length - 1), shape.length, FN);
  const { mean, tokens } = meanOf(given, shape[inputAxis]);
  const bias = biasOf(given.bias, shape[outputAxis]);
  const shift = shiftsOf(original, values, mean, outputAxis, inputAxis);
  return corrected(bias, shift, tokens);
}

function finiteTensor(x: TensorLike, argument: string, fix: string): Contiguous {
  const tensor = toContiguous(x, FN, argument);
  const index = tensor.data.findIndex((v) => !Number.isFinite(v));
  if (index < 0) return tensor;
  const got = `${describe(tensor.data[index])} at index ${index}`;
  throw new NumericError(
    'NON_FINITE',
    `${FN}: "${argument}" expected finite numbers, got ${got} - ${fix}`,
    index,
  );
}

function meanOf(
  { activationMean, activations }: Partial<BiasCorrectionOptions>,
  inputs: number,
): { readonly mean: FloatArray; readonly tokens: number | null } {
  const fix = 'the layer has as many inputs as w along inputAxis';
  if (activationMean !== undefined && activations === undefined) {
    const { data } = finiteTensor(activationMean, 'activationMean', 'leave such samples out');
    if (data.length === inputs) return { mean: data, tokens: null };
    throw rangeError(FN, 'activationMean', `${inputs} numbers`, data.length, fix);
  }
  if (activations !== undefined && activationMean === undefined) {
    const { data, shape } = finiteTensor(activations, 'activations', 'leave such samples out');
    if (shape.length === 0 || shape[shape.length - 1] !== inputs)
      throw rangeError(FN, 'activations.shape', `a last axis of ${inputs}`, shape, fix);
    const tokens = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    if (tokens === 0) {
      throw rangeError(FN, 'activations', 'at least one row', activations, 'calibrate on real inputs');
    }
    return { mean: meanOfRows(data, tokens, inputs), tokens };
  }
  const got = activations === undefined ? 'neither' : 'both';
  throw rangeError(FN, 'activationMean', 'either activationMean or activations', got, 'pass one of them');
}

/** Each row divided before it is added, so that sums stay finite. */
function meanOfRows(data: FloatArray, tokens: number, inputs: number): F64 {
  const mean = new Float64Array(inputs);
  for (let i = 0, c = 0; i < data.length; i++) {
    mean[c] += data[i] / tokens;
    if (++c === inputs) c = 0;
  }
  return mean;
}

function biasOf(bias: TensorLike | undefined, outputs: number): F32 {
  if (bias === undefined) return new Float32Array(outputs);
  const { data } = finiteTensor(bias, 'bias', 'repair the tensor');
  if (data.length === outputs) return Float32Array.from(data);
  throw rangeError(
    FN,
    'bias',
    `${outputs} numbers`,
    data.length,
    'the layer has as many outputs as w along outputAxis',
  );
}

/** (W - W_q) E[x], one number per output. */
function shiftsOf(
  { data: w, shape }: Contiguous,
  { data: q }: Contiguous,
  mean: FloatArray,
  outputAxis: number,
  inputAxis: number,
): F64 {
  const shift = new Float64Array(shape[outputAxis]);
  const strideOf = (axis: number): number => shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outputStride = strideOf(outputAxis);
  const inputStride = strideOf(inputAxis);
  for (let i = 0; i < w.length; i++) {
    const output = Math.floor(i / outputStride) % shape[outputAxis];
    const input = Math.floor(i / inputStride) % shape[inputAxis];
    shift[output] += (w[i] - q[i]) * mean[input];
  }
  return shift;
}

function corrected(old: F32, shift: F64, tokens: number | null): BiasCorrectionResult {
  const bias = new Float32Array(old.length);
  let correctedOutputs = 0;
  let [maxBefore, maxAfter, before, after] = [0, 0, 0, 0];
  for (let o = 0; o < old.length; o++) {
    bias[o] = old[o] + shift[o];
    if (!Number.isFinite(bias[o])) {
      const message = `${FN}: "bias" expected corrected values within float32, got ${describe(old[o] + shift[o])} at index ${o} - check the scale of the activations`;
      throw new NumericError('OVERFLOW', message, o);
    }
    let left = shift[o] - (bias[o] - old[o]);
    // The sum is rounded twice, to float64 and to float32: in a tie that may land on the wrong side.
    if (Math.abs(left) > Math.abs(shift[o])) {
      bias[o] = old[o];
      left = shift[o];
    }
    if (bias[o] !== old[o]) correctedOutputs++;
    maxBefore = Math.max(maxBefore, Math.abs(shift[o]));
    maxAfter = Math.max(maxAfter, Math.abs(left));
    before += shift[o] ** 2;
    after += left ** 2;
  }
  const outputs = old.length;
  const rms = (sum: number): number => (outputs === 0 ? 0 : Math.sqrt(sum / outputs));
  return {
    bias,
    report: {
      outputs,
      correctedOutputs,
      maxShiftBefore: maxBefore,
      maxShiftAfter: maxAfter,
      rmsShiftBefore: rms(before),
      rmsShiftAfter: rms(after),
      tokens,
    },
  };
}
