/** The vocabulary of SparseGPT and of repairs: what they are told, and what they say about their work. */
import type { U8 } from '../core/arrays.js';
import type { Tensor, TensorLike } from '../core/tensor.js';

/** A mask as an argument: bytes of 0 and 1, or a record of them with the weights' shape. */
export type MaskLike = Uint8Array | { readonly data: Uint8Array; readonly shape: readonly number[] };

/** What is done for a row once its mask stands. */
export type Refine = 'none' | 'keepBest' | 'exact';

export interface SparseGptOptions {
  /** Second moments of the inputs, [n, n], such as hessianAccumulator's `matrix`. Either this or `activations`. */
  readonly hessian?: TensorLike;
  /** Inputs of the layer, [..., n], rows are tokens: for small calibration sets that fit into memory at once. */
  readonly activations?: TensorLike;
  /** Fraction of weights to remove, 0 to 1: exactly halfEven(sparsity * size) go. One of this, {keep, of} and mask. */
  readonly sparsity?: number;
  /** N:M: of every `of` weights in a row, `keep` stay. `of` divides the number of inputs. */
  readonly keep?: number;
  readonly of?: number;
  /** A mask of w's shape that stands already: 1 keeps a weight. */
  readonly mask?: MaskLike;
  /**
   * - `none`: SparseGPT as published. It plans on later weights being free to answer, and may end worse than if it had done nothing.
   * - `keepBest` (the default): per row, that or the kept weights as they were, whichever loses less.
   * - `exact`: per row, the least squares of the kept weights, which no other weights on the mask beat.
   */
  readonly refine?: Refine;
  /**
   * Rounds a kept weight to what will be stored, given its row and column: errors of rounding are then answered like those of removal, as GPTQ does.
   * Not together with `exact`, which would move the rounded weights.
   */
  readonly jointQuantizer?: (value: number, row: number, column: number) => number;
  /** Columns whose mask is chosen at once when a fraction is removed; default 128. */
  readonly blockSize?: number;
  /** The axis of w along which products with the inputs are summed: -1 (the default) for PyTorch's [out, in], -2 for TensorFlow's [in, out]. */
  readonly inputAxis?: number;
  /** Fraction of the mean of the Hessian's diagonal that is added to it; 0 or more, default 0.01. Grows tenfold while that does not suffice. */
  readonly damping?: number;
}

/** How many rows were taken from where. */
export interface RowSources {
  readonly sparseGpt: number;
  /** The kept weights as they were. */
  readonly unchanged: number;
  readonly exact: number;
}

export interface SparseGptReport {
  /** Sum over rows of e H e^T with e = w - values and H the damped Hessian: what was minimized. Dead inputs cost nothing. */
  readonly loss: number;
  /** The same for plain SparseGPT, as it adds it up on its way. */
  readonly sparseGptLoss: number;
  /** The same for the kept weights left alone. */
  readonly unchangedLoss: number;
  readonly rows: RowSources;
  /** Weights that the mask removes. */
  readonly removed: number;
  /** The fraction that was added to the Hessian's diagonal. */
  readonly damping: number;
  /** How often damping had to grow before the Hessian could be factored. */
  readonly dampingSteps: number;
  /** Inputs that were 0 in every row of the calibration: their weights go first. */
  readonly deadColumns: number;
}

export interface SparseGptResult {
  /** float32, or float64 where w was. */
  readonly weights: Tensor;
  /** 1 for a kept weight, in the order of w. */
  readonly mask: U8;
  readonly report: SparseGptReport;
}

export type RepairOptions = Pick<SparseGptOptions, 'hessian' | 'activations' | 'inputAxis' | 'damping'> &
  Required<Pick<SparseGptOptions, 'mask'>>;

export interface RepairReport {
  /** Sum over rows of e H e^T with e = w - values and H the damped Hessian. Never more than `unchangedLoss`. */
  readonly loss: number;
  /** The same for the kept weights left alone. */
  readonly unchangedLoss: number;
  /** Rows left as they were, since rounding left nothing to gain. */
  readonly unchangedRows: number;
  readonly damping: number;
  readonly dampingSteps: number;
  readonly deadColumns: number;
}

export interface RepairResult {
  readonly weights: Tensor;
  readonly report: RepairReport;
}
