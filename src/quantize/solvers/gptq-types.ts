/** The vocabulary of GPTQ: what it is told, and what it says about its work. */
import type { EliminationOrder } from '../../core/hessian-factor.js';
import type { Pictured } from '../../core/inspect.js';
import type { TensorLike } from '../../core/tensor.js';
import type { AffineTensor, Bits, Granularity, Mapping, ScaleDType } from '../affine/affine-types.js';
import type { ValidationReport } from './validation.js';

/**
 * In which order a line's weights are rounded; errors are passed on to those that come later.
 *
 * - `natural`: as they lie.
 * - `activation`: the input with the largest second moment first (act-order, desc_act). Groups no longer follow each other, so their scales
 *   are found beforehand (static groups).
 * - `grouped`: the group with the largest sum first, and so inside each group: keeps groups together (GPTQModel's group-aware reordering).
 */
export type GptqOrder = EliminationOrder;

export interface GptqOptions {
  /** Second moments of the inputs, [n, n], such as hessianAccumulator's `matrix`. Either this or `activations`. */
  readonly hessian?: TensorLike;
  /** Inputs of the layer, [..., n], rows are tokens: for small calibration sets that fit into memory at once. */
  readonly activations?: TensorLike;
  /** Other inputs of the layer, [..., n]: they choose nothing, and the report says what is lost on them. The calibration's own rows are refused. */
  readonly validation?: TensorLike;
  /** The axis of w along which products with the inputs are summed: -1 (the default) for PyTorch's [out, in], -2 for TensorFlow's [in, out]. */
  readonly inputAxis?: number;
  /** Bits per code, 1 to 8. */
  readonly bits: Exclude<Bits, 16>;
  /** Default 'symmetric'. */
  readonly mapping?: Mapping;
  /** As for quantizeAffine; default groups of 128 along inputAxis. Groups of another axis, blocks and tokens are refused. */
  readonly granularity?: Granularity;
  /** Default 'float32'. */
  readonly scaleDtype?: Exclude<ScaleDType, 'float64'>;
  /**
   * 'absmax': the range of a region. 'mse' (the default): of 62 multiples of it, 1.15 to 0.4, the 12 with the least squared error weighted with
   * curvature, and of these the one whose group loses least once its weights have answered each other's errors (groups of up to 256).
   */
  readonly scaleMethod?: 'absmax' | 'mse';
  /** Default 'natural'. */
  readonly order?: GptqOrder;
  /**
   * Whether scales are found from the original weights and not from those that errors have moved. Default false where it can be: regions that
   * several lines share, and groups under order 'activation', are always static.
   */
  readonly staticGroups?: boolean;
  /** Fraction of the mean of the Hessian's diagonal that is added to it; 0 or more, default 0.01. Grows tenfold while that does not suffice. */
  readonly damping?: number;
  /** Most passes of coordinate descent over codes and scales afterwards; default 0. Each costs about as much as GPTQ itself. Lines that lose more after them keep what they had before. */
  readonly refinePasses?: number;
  /**
   * Most bytes to take beyond w, Hessian or inputs, and result; default no limit. Lines are then worked on in slabs: the result is the same to the bit.
   * A limit that n alone breaks, or lines that share scales, is refused with the least that would do.
   */
  readonly memoryLimit?: number;
}

export interface GptqReport {
  /** Sum over lines of e H e^T with e = w - values and H the damped Hessian: what was minimized. */
  readonly loss: number;
  /** The same for round to nearest: quantizeAffine with the same options and its usual scales. Never less than `loss`. */
  readonly roundToNearestLoss: number;
  /** What the lines (or, where lines share scales, the tensor) were taken from, the better for each. */
  readonly kept: 'gptq' | 'roundToNearest' | 'mixed';
  /** Lines whose codes are those of round to nearest. */
  readonly roundToNearestLines: number;
  /** Lines of the tensor along inputAxis: outputs of the layer. */
  readonly lines: number;
  /** The fraction that was added to the Hessian's diagonal. */
  readonly damping: number;
  /** How often damping had to grow before the Hessian could be factored. */
  readonly dampingSteps: number;
  /** Inputs that were 0 in every row of the calibration: their weights are rounded to nearest. */
  readonly deadColumns: number;
  readonly staticGroups: boolean;
  /** Bytes taken beyond w, Hessian or inputs, and result, counted from the shapes before the work began: see gptq. */
  readonly workingBytes: number;
  /** Lines in work at the same time: all of them unless memoryLimit forbids it. */
  readonly linesAtOnce: number;
  /** Losses on `validation`; only where it was given. */
  readonly validation?: ValidationReport;
}

export interface GptqResult {
  readonly tensor: AffineTensor & Pictured;
  readonly report: GptqReport;
}
