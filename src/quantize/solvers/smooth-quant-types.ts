/** The vocabulary of SmoothQuant: what it is told, and what it says about its work. */
import type { F32 } from '../../core/arrays.js';
import type { Tensor, TensorLike } from '../../core/tensor.js';

export interface SmoothQuantOptions {
  /** Inputs of the layer, [..., n], rows are tokens. With them the error of the outputs is measured and the better of smoothed and unsmoothed kept. */
  readonly activations?: TensorLike;
  /** Largest magnitude of each input, [n], instead of the activations: then nothing is measured, and alpha has to be a number. */
  readonly activationMax?: TensorLike;
  /** How much of the inputs' spread moves to the weights, 0 to 1, default 0.5; 'auto' tries 0, 1/alphaSteps ... 1. */
  readonly alpha?: number | 'auto';
  /** For 'auto': 1 to 100, default 20. */
  readonly alphaSteps?: number;
  /** The axis of each weight along which products with the inputs are summed: -1 (the default) for [out, in], -2 for [in, out]. */
  readonly inputAxis?: number;
  /** Bits that the measured weights and inputs are quantized to, symmetric, 2 to 8; default 8. */
  readonly weightBits?: number;
  readonly activationBits?: number;
  /** 'channel' (the default): one scale per output; 'tensor': one in all. */
  readonly weightGranularity?: 'channel' | 'tensor';
  /** 'token' (the default): one scale per row, found while the model runs; 'tensor': one in all, as in static quantization. */
  readonly activationGranularity?: 'token' | 'tensor';
  /** Rounds input scales to powers of two: the layer's products stay the same to the bit. Default false. */
  readonly powerOfTwo?: boolean;
  /** Most bytes to take beyond weights, activations and result; default no limit. Beyond it the call is refused with the least that would do. */
  readonly memoryLimit?: number;
}

export interface SmoothQuantReport {
  /** What was used; null where unsmoothed was kept. */
  readonly alpha: number | null;
  readonly kept: 'smoothed' | 'unsmoothed';
  /** Squared error of all outputs over the activations with quantized weights and inputs; null without activations. */
  readonly loss: number | null;
  /** The same with nothing smoothed. Never less than `loss`. */
  readonly unsmoothedLoss: number | null;
  /** Inputs that were 0 in the whole calibration: they are not scaled. */
  readonly deadInputs: number;
  /** Bytes taken beyond weights, activations and result, counted from the shapes: see smoothQuant. */
  readonly workingBytes: number;
}

export interface SmoothQuantResult {
  /** Every weight divided by inputScale, in float32, in the order given. */
  readonly weights: readonly Tensor[];
  /** What each input has to be multiplied by before it meets the weights, [n]: see foldInputScale. */
  readonly inputScale: F32;
  readonly report: SmoothQuantReport;
}
