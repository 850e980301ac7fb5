/** The vocabulary of AWQ: what it is told, and what it says about its work. */
import type { F32 } from '../../core/arrays.js';
import type { Pictured } from '../../core/inspect.js';
import type { TensorLike } from '../../core/tensor.js';
import type { AffineTensor, Bits, Granularity, Mapping, ScaleDType } from '../affine/affine-types.js';
import type { ValidationReport } from './validation.js';

export interface AwqOptions {
  /** Inputs of the layer, [..., n], rows are tokens. Gives both what inputs count and the error of the outputs. */
  readonly activations?: TensorLike;
  /** Second moments of the inputs, [n, n], such as hessianAccumulator's `matrix`: the error of the outputs is e H e^T. */
  readonly hessian?: TensorLike;
  /**
   * How large each input is, [n], such as its mean magnitude. Alone, inputs count as independent: the error is the sum of norm^2 e^2. Beside
   * `hessian` it replaces the root mean squares that the diagonal gives. Not beside `activations`, whose mean magnitudes it would be.
   */
  readonly activationNorm?: TensorLike;
  /** Other inputs of the layer, [..., n]: they choose nothing, and the report says what is lost on them. The calibration's own rows are refused. */
  readonly validation?: TensorLike;
  /** The axis of w along which products with the inputs are summed: -1 (the default) for PyTorch's [out, in], -2 for TensorFlow's [in, out]. */
  readonly inputAxis?: number;
  /** Bits per code, 1 to 8. */
  readonly bits: Exclude<Bits, 16>;
  /** Default 'symmetric'; AutoAWQ's is 'asymmetric'. */
  readonly mapping?: Mapping;
  /** As for quantizeAffine; default groups of 128 along inputAxis. Groups of another axis, blocks and tokens are refused. */
  readonly granularity?: Granularity;
  /** Default 'float32'. */
  readonly scaleDtype?: Exclude<ScaleDType, 'float64'>;
  /** Ratios that are tried: 0, 1/ratios ... (ratios - 1)/ratios. 1 to 100, default 20; 1 leaves the inputs alone. */
  readonly ratios?: number;
  /** Whether ranges of regions are cut afterwards, to 0.95, 0.9 ... 0.55 of themselves. Default true. */
  readonly clip?: boolean;
  /** Rounds input scales to powers of two: dividing weights and multiplying inputs by them rounds nothing. Default false. */
  readonly powerOfTwo?: boolean;
  /** Most bytes to take beyond w, what is told of the inputs, and result; default no limit. Beyond it the call is refused with the least that would do. */
  readonly memoryLimit?: number;
}

export interface AwqReport {
  /** Sum over lines of e H e^T, where e = w - inputScale * values: the squared error of the outputs over the calibration. */
  readonly loss: number;
  /** The same for round to nearest: quantizeAffine with the same options. Never less than `loss`. */
  readonly roundToNearestLoss: number;
  /** 'roundToNearest' if neither a ratio above 0 nor a cut range was better. */
  readonly kept: 'awq' | 'roundToNearest';
  /** The power of the inputs' sizes that was best; 0: inputs are not scaled. */
  readonly ratio: number;
  /** Regions whose range was cut, of `regions`. Regions that several lines share are never cut. */
  readonly clippedRegions: number;
  readonly regions: number;
  /** Lines of the tensor along inputAxis: outputs of the layer. */
  readonly lines: number;
  /** Inputs that were 0 in the whole calibration: they are scaled like the smallest, and their errors cost nothing. */
  readonly deadInputs: number;
  /** Bytes taken beyond w, what is told of the inputs, and result, counted from the shapes before the work began: see awq. */
  readonly workingBytes: number;
  /** Losses on `validation`; only where it was given. */
  readonly validation?: ValidationReport;
}

export interface AwqResult {
  /** Codes of w / inputScale, every input's weights by its own scale. */
  readonly tensor: AffineTensor & Pictured;
  /** What each input has to be multiplied by before it meets the tensor, [n]: see foldInputScale. */
  readonly inputScale: F32;
  readonly report: AwqReport;
}
