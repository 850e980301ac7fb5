/** The vocabulary of whole models: what goes in, what is decided, what comes out, and what is said about it. */
import type { DType } from '../core/dtype.js';
import type { Histogram } from '../core/histogram.js';
import type { ArraySpec, TensorSource } from '../core/source.js';
import type { Tensor } from '../core/tensor.js';
import type { Compressed, ErrorBound } from '../compressed/kinds.js';
import type { Scheme } from '../compressed/schemes.js';
import type { ErrorMeasures } from '../metrics/error.js';

/** Tensors whose name matches get this scheme, whatever they look like. */
export interface Rule {
  /** A whole name, `*` standing for any characters and `?` for one: 'encoder/*\/kernel'. */
  readonly match: string;
  readonly scheme: Scheme;
}

/** Which tensors stay as they are unless a rule names them. */
export interface Skip {
  /** Fewer elements than this. Default 1024. */
  readonly minElements?: number;
  /** Fewer axes than this: norms and biases are vectors. Default 2. */
  readonly minRank?: number;
  /** Names that match one of these patterns. Default: names with a part 'norm', 'layernorm', 'ln', 'bias' ... */
  readonly names?: readonly string[];
}

/** What to do with every tensor of a model. Plain data: a recipe can be a JSON file. */
export interface Recipe {
  /** For every tensor that no rule matches and that is not skipped. */
  readonly scheme: Scheme;
  /** In this order; the first that matches decides. A rule that matches nothing is an error. */
  readonly rules?: readonly Rule[];
  readonly skip?: Skip;
}

export interface PlanEntry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly scheme: Scheme;
  /** Why: 'rule 1: "*embedding*"', 'recipe', 'skipped: 1 axis', 'skipped: int32 is not real numbers' ... */
  readonly reason: string;
  readonly originalBytes: number;
  /** The arrays that it will be stored as, by their names in the file. */
  readonly arrays: readonly ArraySpec[];
  readonly compressedBytes: number;
}

/** A decision for every tensor, made and checked before any data is read. */
export interface Plan {
  /** In the order of the model. */
  readonly entries: ReadonlyMap<string, PlanEntry>;
  readonly originalBytes: number;
  readonly compressedBytes: number;
}

/** One tensor of a compressed model. */
export interface CompressedEntry {
  /** Type and shape of the original. */
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Bytes that the original took in its file. */
  readonly originalBytes: number;
  readonly arrays: readonly ArraySpec[];
  readonly compressedBytes: number;
  /** What it was compressed to, as in reports, where a file's header tells: 'nf4, blocks of 64, float32 absmax', 'kept'. */
  readonly label?: string;
}

/** A compressed model: read one tensor at a time, compressed at that moment or loaded from a file. */
export interface CompressedModel {
  /** Format of the original. */
  readonly format: TensorSource['format'];
  readonly entries: ReadonlyMap<string, CompressedEntry>;
  /** The original's own metadata. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Everything of a tfjs model.json but its weights; null for other formats. */
  readonly modelJson: Readonly<Record<string, unknown>> | null;
  /** The compressed tensor, or the tensor itself where it was kept. */
  read(name: string): Promise<Compressed | Tensor>;
  close(): Promise<void>;
}

/** How far long work has come; bytes of original tensors. */
export interface Progress {
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** The tensor that was just finished. */
  readonly name: string;
}

export interface WorkOptions {
  /** Once aborted, the work stops between two tensors with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** One tensor under one candidate scheme. */
export interface ProfileRow {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Name of the candidate. */
  readonly candidate: string;
  readonly originalBytes: number;
  readonly compressedBytes: number;
  readonly bitsPerWeight: number;
  readonly measures: ErrorMeasures;
  readonly bound: ErrorBound;
}
export interface TensorReport {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** What was done, for people: 'int4 symmetric, groups of 32 along axis 1, float16 scales', 'kept'. */
  readonly label: string;
  /** False: the tensor was kept as it is. */
  readonly isLossy: boolean;
  readonly originalBytes: number;
  readonly compressedBytes: number;
  readonly bitsPerWeight: number;
  readonly measures: ErrorMeasures;
  /** The proved bound; 0 for kept tensors. */
  readonly bound: ErrorBound;
  /** Whether the measured error lies within the bound; anything but true is a defect of this library. */
  readonly isWithinBound: boolean;
  /** Values of the original; null for kept and for empty tensors. */
  readonly histogram: Histogram | null;
  /** The levels that codes of the region with the largest scale stand for, ascending; null where there are more than 256. */
  readonly levels: readonly number[] | null;
}

/** A figure that must be reached: 'ratio', 'sqnrDb', 'relativeL2', 'maxAbs', 'cosine', or a name that `evaluate` returned. */
export interface Goal {
  readonly figure: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface GoalResult extends Goal {
  readonly measured: number;
  readonly isReached: boolean;
}

/** What compression did to a model. Plain data; `reportToJson`, `reportToMarkdown` and `reportToHtml` print it. */
export interface Report {
  readonly kind: 'report';
  readonly version: 1;
  readonly format: TensorSource['format'];
  readonly tensorCount: number;
  readonly originalBytes: number;
  readonly compressedBytes: number;
  /** originalBytes / compressedBytes. */
  readonly ratio: number;
  readonly bitsPerWeight: number;
  /** Over all elements of all compressed tensors together. */
  readonly measures: ErrorMeasures;
  readonly isWithinBound: boolean;
  readonly tensors: readonly TensorReport[];
  /** What `evaluate` measured, such as the cosine of embeddings; empty without it. */
  readonly evaluation: Readonly<Record<string, number>>;
  readonly goals: readonly GoalResult[];
  readonly isReached: boolean;
}

export interface VerifyOptions extends WorkOptions {
  /** Measures anything else: gets the original and the decompressed model, returns named figures. */
  readonly evaluate?: (
    original: TensorSource,
    decompressed: TensorSource,
  ) => Promise<Readonly<Record<string, number>>> | Readonly<Record<string, number>>;
  readonly goals?: readonly Goal[];
}
