/** What a conversion to GGUF is told, decides, and says about itself. */
import type { F32 } from '../../core/arrays.js';
import type { GgmlTypeName } from '../../core/ggml-types.js';
import type { Imatrix } from '../../formats/gguf/imatrix.js';
import type { GgufMetadata } from '../../formats/gguf/types.js';
import type { ErrorMeasures } from '../../metrics/error.js';
import type { Fallback, MixName } from './mixes.js';

/** The files beside the weights that tell what the model is; JSON files parsed, as JSON.parse gives them. */
export interface ModelFiles {
  /** config.json */
  readonly config: unknown;
  /** tokenizer.json */
  readonly tokenizer?: unknown;
  /** tokenizer.model of SentencePiece, its bytes; read where there is no tokenizer.json */
  readonly sentencePiece?: Uint8Array;
  /** tokenizer_config.json */
  readonly tokenizerConfig?: unknown;
  /** chat_template.jinja, which newer models have instead of a key of tokenizer_config.json */
  readonly chatTemplate?: string;
}

export interface PlanGgufOptions {
  /** The mix of types, by the name that llama-quantize has for it. */
  readonly type: MixName;
  /** The mix's base type for every matrix, the output too. Default false. */
  readonly pure?: boolean;
  /** What happens to a matrix whose rows are no whole blocks of its type: another type, or an error. Default 'allow'. */
  readonly fallback?: 'allow' | 'forbid';
  /** From readImatrix; weights that it does not know are encoded without. */
  readonly imatrix?: Imatrix;
  /** general.name. */
  readonly name?: string;
  /**
   * Where the vocabulary comes from: its files; 'bytes', a token for every byte behind `<unk>`, `<s>` and `</s>`; 'none' for models that are fed with
   * numbers. Default 'auto': the files, or 'bytes' where there are none and the vocabulary has 259 tokens.
   */
  readonly vocabulary?: 'auto' | 'files' | 'bytes' | 'none';
  /** tokenizer.ggml.pre, for byte-level BPE whose pattern is not known here. */
  readonly preTokenizer?: string;
}

/** One tensor of the file to be written. */
export interface GgufPlanEntry {
  readonly name: string;
  readonly type: GgmlTypeName;
  readonly shape: readonly number[];
  /** The tensor of the model that it is made of; null for one that follows from config.json. */
  readonly source: string | null;
  /** Heads whose rows go from the order of Hugging Face's rotary embedding to ggml's; 0 where rows keep their places. */
  readonly rotaryHeads: number;
  readonly fallback: Fallback | null;
  /** One number per column, or null. */
  readonly importance: F32 | null;
  /** The values of a tensor without a source. */
  readonly values: F32 | null;
}

/** A decision for every tensor, made and checked before any data is read. */
export interface GgufPlan {
  readonly architecture: string;
  readonly type: MixName;
  readonly metadata: GgufMetadata;
  /** In the order of llama-quantize: what belongs to no layer first, then layer by layer, by name. */
  readonly entries: readonly GgufPlanEntry[];
  /** What a user should know: an assumption that was made, a tensor that was left out. */
  readonly notes: readonly string[];
}

/** One tensor as it was written. */
export interface ConvertedTensor {
  readonly name: string;
  readonly source: string | null;
  readonly type: GgmlTypeName;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly bitsPerWeight: number;
  /** Between the model's values and what the file gives back. */
  readonly measures: ErrorMeasures;
  readonly fallback: Fallback | null;
  readonly hasImportance: boolean;
}

/** What a conversion did. Plain data. */
export interface Conversion {
  readonly kind: 'conversion';
  readonly version: 1;
  readonly architecture: string;
  readonly type: MixName;
  /** The files in the order of the model; the first is the one to open. */
  readonly files: readonly string[];
  /** Size of all files together. */
  readonly bytes: number;
  readonly elements: number;
  /** Of all tensors together, without the header. */
  readonly bitsPerWeight: number;
  readonly tensors: readonly ConvertedTensor[];
  readonly notes: readonly string[];
}
