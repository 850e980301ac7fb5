/**
 * The records that packings take and return, as far as they look into them. They are those of quantizeAffine, quantizeFloat8, quantizeNvfp4, quantizeMx and
 * quantizeCodebook: a room on the same floor, so they are spelled here.
 */
import type { F32, F64, I16, I32, I8, U16, U8 } from '../core/arrays.js';
import type { Rounding } from '../core/rounding.js';
import type { NamedArray } from '../core/source.js';

export type AffineGranularity =
  | { readonly kind: 'tensor' }
  | { readonly kind: 'axis'; readonly axis: number }
  | { readonly kind: 'group'; readonly axis?: number; readonly groupSize: number }
  | { readonly kind: 'block'; readonly blockShape: readonly [rows: number, columns: number] }
  | { readonly kind: 'token' };

/** What quantizeAffine and its relatives make: value = scale * (code - zeroPoint). */
export interface AffineCodes {
  readonly kind: 'affine';
  readonly codes: I8 | U8 | I16 | U16;
  readonly scale: F32 | F64;
  readonly zeroPoint: I32 | null;
  readonly bits: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 16;
  readonly codeMin: number;
  readonly codeMax: number;
  readonly mapping: 'symmetric' | 'symmetricFull' | 'asymmetric';
  readonly granularity: AffineGranularity;
  readonly shape: readonly number[];
  readonly scaleDtype: 'float32' | 'float16' | 'bfloat16' | 'float64';
  readonly rounding: Rounding;
  readonly overflow: number;
}

/** Arrays of a file: what writeSafetensors takes, and what the unpacking functions look for by name. */
export type NamedArrays = readonly NamedArray[];

/** A weight read from a checkpoint. */
export interface UnpackedAffine {
  /**
   * [outputs, inputs], ready for dequantizeAffine. Its `overflow` is the largest float64: nothing is known about the distance to the weights that
   * these codes were made from.
   */
  readonly tensor: AffineCodes;
  /** Which input each column of `tensor` belongs to, where the file's groups do not follow each other; null: column i is input i. */
  readonly inputOrder: I32 | null;
}
