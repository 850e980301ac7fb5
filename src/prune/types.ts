/** What the masks of this room have in common. */
import type { U8 } from '../core/arrays.js';
import type { TensorLike } from '../core/tensor.js';

/** Tools whose counts and ties a mask can follow; docs/compat.md has their rules. */
export type PruneCompat = 'torch' | 'sparsegpt' | 'wanda' | 'tfmot' | 'nni' | 'llm-compressor';

/** Where a count applies: the whole tensor, every row (the last axis), runs of a row, blocks of rows and columns, or all tensors together. */
export type PruneScope =
  | 'tensor'
  | 'row'
  | 'global'
  | { readonly groupSize: number }
  | { readonly blockShape: readonly [rows: number, columns: number] };

export interface MaskTopKOptions {
  /** Part of each scope's elements to remove, from 0 to 1. Either this or keepCount. */
  readonly sparsity?: number;
  /** Number of elements that each scope keeps; a ragged group or block keeps at most its size. */
  readonly keepCount?: number;
  /** Default 'tensor'; 'global' takes a list of tensors. */
  readonly scope?: PruneScope;
  /** What is kept: the largest scores ('value', the default), or the largest |x| ('magnitude') without a copy of scores. */
  readonly order?: 'value' | 'magnitude';
  /** Another tool's count and ties. Default: the exact count, the lowest index kept first. */
  readonly compat?: PruneCompat;
}

/** A tensor, or a function that gives it: called once for every pass, so that one tensor at a time is in memory. */
export type ScoreSource = TensorLike | (() => TensorLike);

/** What a mask says about an axis that was padded. */
export interface PadReport {
  readonly axis: number;
  readonly length: number;
  /** Elements added behind every line, which count as the lowest. */
  readonly padding: number;
  /** Elements that every line keeps of its last, ragged group. */
  readonly keptOfLast: number;
}

/** A mask: 1 keeps, 0 removes. */
export type Mask = U8;
