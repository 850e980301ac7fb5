/** Sparse encodings: the vocabulary. A tensor is seen as rows of its last axis; a scalar is one row of one. */
import type { F32, U16, U32, U8 } from '../core/arrays.js';
import type { MaskLike } from './sparse-gpt-types.js';

/** Whole numbers in the narrowest of 8, 16 and 32 bits that the shape allows, whatever their values. */
export type IndexArray = U8 | U16 | U32;

interface SparseBase {
  readonly kind: 'sparse';
  readonly shape: readonly number[];
  /** What is stored, in the order of the format. */
  readonly values: F32;
  /** Largest |x - value| over all elements when it was encoded: 0 where nothing but zeros was left out and nothing was rounded to float32. */
  readonly dropped: number;
}

/** A 1 for every stored element, lowest bit first, each row from a byte of its own. */
export interface BitmaskTensor extends SparseBase {
  readonly format: 'bitmask';
  readonly bits: U8;
}

/** Compressed rows (or columns): entries pointers[r] .. pointers[r + 1] of row r, with their columns, ascending. */
export interface CompressedRowsTensor extends SparseBase {
  readonly format: 'csr' | 'csc';
  readonly indices: IndexArray;
  readonly pointers: IndexArray;
}

/** Row and column of every stored element, in the order of rows. */
export interface CoordinatesTensor extends SparseBase {
  readonly format: 'coo';
  readonly rows: IndexArray;
  readonly columns: IndexArray;
}

/** Compressed rows of blocks that hold anything, each row-major; blocks over the edge are filled with zeros. */
export interface BlockRowsTensor extends SparseBase {
  readonly format: 'bsr';
  readonly blockShape: readonly [rows: number, columns: number];
  readonly indices: IndexArray;
  readonly pointers: IndexArray;
}

/** `keep` of every `of` elements of a row, with their places in the group, ascending, packed in ceil(log2(of)) bits each, lowest first. */
export interface PatternTensor extends SparseBase {
  readonly format: 'nm';
  readonly keep: number;
  readonly of: number;
  readonly positions: U8;
}

export type SparseTensor =
  BitmaskTensor | CompressedRowsTensor | CoordinatesTensor | BlockRowsTensor | PatternTensor;

export type SparseFormat = SparseTensor['format'];

export interface EncodeSparseOptions {
  /** Default 'bitmask', which is smaller than 'csr' below 87 % of zeros with 8-bit columns and 94 % with 16-bit ones. */
  readonly format?: SparseFormat;
  /** What is stored: 1 for yes. Default: whatever is not +0. Elements outside count as removed, and `dropped` says by how much. */
  readonly mask?: MaskLike;
  /** 'bsr': rows and columns of a block. */
  readonly blockShape?: readonly [rows: number, columns: number];
  /** 'nm': at most `keep` of every `of` elements of a row are stored; `of`, 1 to 256, divides the last axis. */
  readonly keep?: number;
  readonly of?: number;
}
