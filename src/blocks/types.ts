/** What the functions of this room take and return. */
import type { U8 } from '../core/arrays.js';

/** The types of ggml that store a tensor's elements as small floats or in blocks with a scale. */
export const TYPE_NAMES = [
  'F16',
  'BF16',
  'Q4_0',
  'Q4_1',
  'Q5_0',
  'Q5_1',
  'Q8_0',
  'Q2_K',
  'Q3_K',
  'Q4_K',
  'Q5_K',
  'Q6_K',
  'IQ1_S',
  'IQ1_M',
  'IQ2_XXS',
  'IQ2_XS',
  'IQ2_S',
  'IQ3_XXS',
  'IQ3_S',
  'IQ4_NL',
  'IQ4_XS',
  'TQ1_0',
  'TQ2_0',
  'Q1_0',
  'Q2_0',
  'MXFP4',
  'NVFP4',
] as const;

export type BlockType = (typeof TYPE_NAMES)[number];

export interface BlockTraits {
  readonly type: BlockType;
  readonly elementsPerBlock: number;
  readonly bytesPerBlock: number;
  readonly bitsPerWeight: number;
  /** The number by which GGUF files name the type, or null for a type that is not ggml's. */
  readonly ggmlId: number | null;
  /** Whether encodeBlocks makes the type. */
  readonly canEncode: boolean;
  /** Whether ggml encodes the type with importance only. */
  readonly needsImportance: boolean;
}

/** A tensor in blocks: rows along the last axis, each of whole blocks, one after another. */
export interface BlockTensor {
  readonly kind: 'block';
  readonly type: BlockType;
  readonly shape: readonly number[];
  readonly bytes: U8;
}

export interface EncodeBlocksOptions {
  readonly type: BlockType;
  /** How much each column matters, a number >= 0 for every element of the last axis: an importance matrix's row. */
  readonly importance?: Float32Array | readonly number[];
}

export interface DecodeBlocksOptions {
  readonly type: BlockType;
  readonly shape: readonly number[];
  /** A Float32Array of the tensor's size to write to, instead of a new one. */
  readonly out?: Float32Array;
}

/** One thing that is wrong with encoded bytes. */
export interface BlockProblem {
  readonly code: 'SIZE' | 'SCALE_NOT_FINITE' | 'MIN_NOT_FINITE' | 'SCALE_INVALID' | 'VALUE_NOT_FINITE';
  /** Which block, counted from 0; null when it is the length of all bytes. */
  readonly block: number | null;
  /** The byte where it shows. */
  readonly offset: number;
  readonly message: string;
}
