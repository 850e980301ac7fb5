/** Arguments and results that all losses share. */
import type { F64, FloatArray } from '../core/arrays.js';

/**
 * How the losses of rows become one number. A row is one distribution; w are the row weights, 1 by default; sums go over the rows that count.
 * - 'none': `perRow` has the losses, `loss` is their sum, and the gradient is that of the sum;
 * - 'sum': sum of w * loss;
 * - 'rowMean': that sum over the sum of w: what torch calls batchmean, with rows for batch;
 * - 'elementMean': that over the number of classes too: torch's 'mean', V times smaller;
 * - {denominator}: sum over this number, such as the tokens of all devices or of all accumulated steps.
 */
export type Reduction = 'none' | 'sum' | 'rowMean' | 'elementMean' | { readonly denominator: number };

/** What decides which rows count, and how much. */
export interface RowOptions {
  /** Classes of each row: logits are row-major, rows x classes. */
  readonly classes: number;
  /** One entry per row; rows with 0 or false are left out, whatever their logits are. */
  readonly mask?: Uint8Array | readonly boolean[];
  /** A label per row. Where a loss does not use labels, they only say which rows to leave out. */
  readonly labels?: Int32Array | readonly number[];
  /** Rows with this label are left out: -100 by default. */
  readonly ignoreIndex?: number;
  /** Weights of the rows: finite, not negative. */
  readonly rowWeights?: Float32Array | Float64Array | readonly number[];
  /** 'rowMean' by default. */
  readonly reduction?: Reduction;
  /** Where the gradient goes, of the type and length of the student's logits; overwritten. */
  readonly out?: Float32Array | Float64Array;
}

/** Arguments of a loss between two rows of logits. */
export interface PairOptions extends RowOptions {
  readonly studentLogits: Float32Array | Float64Array;
  readonly teacherLogits: Float32Array | Float64Array;
  /** One for all rows, 1 by default, or one for each. */
  readonly temperature?: number | Float32Array | Float64Array | readonly number[];
  /** Whether each row's loss is multiplied by the square of its temperature: true by default. */
  readonly temperatureSquared?: boolean;
}

export interface DistillLoss {
  readonly loss: number;
  /** The gradient of `loss` by the student's logits (by the features, for feature losses), in their type. */
  readonly grad: FloatArray;
  /** Rows that counted. */
  readonly rows: number;
  /** Each row's weighted loss, 0 for rows left out; only with reduction 'none'. */
  readonly perRow?: F64;
}

/** Log-probabilities and probabilities of one row, at its temperature. */
export interface RowPair {
  readonly classes: number;
  readonly logQ: F64;
  readonly q: F64;
  readonly logP: F64;
  readonly p: F64;
}

/** A row's loss, with its derivative by each log q written to `g`; a constant times q may be added to g freely, since softmax takes it out. */
export type RowLoss = (pair: RowPair, g: F64, row: number) => number;
