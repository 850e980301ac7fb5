/** Codebook quantization: every code stands for a number of a table, times the largest magnitude of the element's block. */
import type { F32, U8 } from '../../core/arrays.js';
import type { TensorLike } from '../../core/tensor.js';
import type { NonFinite } from '../affine/affine-types.js';
import type { CodebookName } from './codebook-tables.js';

/** Levels found by k-means: those with the least sum of weighted squared errors that Lloyd's method reaches. */
export interface KMeansOptions {
  /** Number of levels, 2 to 256. */
  readonly kmeans: number;
  /** Seed of the starts that are drawn. Default 0. */
  readonly seed?: number;
  /** How much the squared error of each element counts: as many numbers >= 0 as elements. Default 1 for all. */
  readonly weights?: TensorLike;
}

export interface QuantizeCodebookOptions {
  /**
   * - `nf4`, `fp4`, `af4`: the 4-bit tables of bitsandbytes; `dynamic8`: its dynamic map of 256 levels.
   * - numbers: 2 to 256 levels, ascending.
   * - `{kmeans: 16}`: levels made for this tensor.
   */
  readonly codebook: CodebookName | Float32Array | readonly number[] | KMeansOptions;
  /**
   * Elements that share an absmax, counted in row-major order over the whole tensor: any whole number from 1 on; the last block may be
   * shorter. null: no absmax, the levels are the values themselves. Default 64 for the 4-bit tables, 4096 for dynamic8, else null.
   */
  readonly blockSize?: number | null;
  /** Whether the absmax values are stored as codes of 8 bits too. Default false. */
  readonly doubleQuant?: boolean;
  /** Default 'throw'. */
  readonly nonFinite?: NonFinite;
}

/** Largest magnitudes in codes of their own: codebook[code] * absmax of the block of 256, plus offset. */
export interface NestedAbsmax {
  readonly codes: U8;
  readonly absmax: F32;
  /** 256 levels. */
  readonly codebook: F32;
  /** A float32. */
  readonly offset: number;
  readonly blockSize: 256;
}

/** What k-means did. */
export interface KMeansReport {
  readonly iterations: number;
  /** Sum of weight * squared error: of the levels that were found, and of those it began with. */
  readonly inertia: number;
  readonly startInertia: number;
}

/** A tensor in the codes of a codebook. Plain data: it can be cloned, stored and compared. */
export interface CodebookTensor {
  readonly kind: 'codebook';
  /**
   * Of 8 bits: one byte per element. Of 4 bits: two to a byte, the first in the high nibble, and the code of 0 behind the last of an odd
   * number, as bitsandbytes has it. Of other widths: one little-endian bit stream, as AffineTensor has it.
   */
  readonly codes: U8;
  /** The least number of bits that holds the codes of so many levels. */
  readonly bits: number;
  /** What each code stands for, before it is multiplied by its block's absmax. */
  readonly codebook: F32;
  readonly name: CodebookName | 'kmeans' | 'custom';
  /** One per block; null: no blocks. */
  readonly absmax: F32 | NestedAbsmax | null;
  readonly blockSize: number | null;
  readonly shape: readonly number[];
  /** Largest distance of a finite value from the nearest level where it lay beyond the outermost ones; 0 where there are blocks. */
  readonly overflow: number;
  readonly fit: KMeansReport | null;
}

/** What a CodebookTensor needs besides its arrays; every value survives JSON. */
export interface CodebookHeader extends Pick<
  CodebookTensor,
  'kind' | 'name' | 'blockSize' | 'shape' | 'overflow' | 'fit'
> {
  /** Number of levels. */
  readonly levels: number;
  /** What was taken from absmax before it was nested; null where it is not. */
  readonly offset: number | null;
}
