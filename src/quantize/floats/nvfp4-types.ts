/** NVFP4: blocks of 16 float4_e2m1fn that share a float8_e4m3fn scale. */
import type { U8 } from '../../core/arrays.js';

export interface Nvfp4Options {
  /** 2 (the default): block scales are relative to a float32 scale of the tensor, so that every magnitude fits; 1: block scales alone. */
  readonly levels?: 1 | 2;
}

/** A tensor in NVFP4. Plain data: it can be cloned, stored and compared. */
export interface Nvfp4Tensor {
  readonly kind: 'nvfp4';
  /** float4_e2m1fn codes, one little-endian bit stream over the whole tensor: two share a byte, the first in the low nibble. */
  readonly codes: U8;
  /** float8_e4m3fn codes, one per block of 16 along the last axis, the last block of a row may be shorter. */
  readonly scales: U8;
  /** A float32: what the block scales are multiplied by; 1 with one level. */
  readonly tensorScale: number;
  readonly levels: 1 | 2;
  readonly shape: readonly number[];
  /** Largest distance by which a magnitude lay beyond what the largest block scale covers; 0 with two levels. */
  readonly overflow: number;
}
