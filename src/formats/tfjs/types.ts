/** What a tfjs model.json says about its weights, and what a compressed tensor holds of one. */
import type { U16, U8 } from '../../core/arrays.js';

/** Types that weights compute in. Text and complex numbers are refused: nothing here could compress them. */
export const TFJS_DTYPES = ['float32', 'int32', 'bool'] as const;
export type TfjsDType = (typeof TFJS_DTYPES)[number];

/** Types that float32 weights are stored in to be smaller; int32 weights in the first two. */
export const TFJS_QUANTIZED = ['uint8', 'uint16', 'float16'] as const;
export type TfjsQuantizedType = (typeof TFJS_QUANTIZED)[number];

/** The affine ones: real = code * scale + min. */
export const TFJS_AFFINE = ['uint8', 'uint16'] as const;
export type TfjsAffineType = (typeof TFJS_AFFINE)[number];

/** The `quantization` entry of a weight. */
export type TfjsQuantization =
  | { readonly dtype: TfjsAffineType; readonly scale: number; readonly min: number }
  | { readonly dtype: 'float16' };

/** A weight as far as it is known before its data. */
export interface TfjsWeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** What tfjs computes with. */
  readonly dtype: TfjsDType;
  /** Type of the stored elements: `dtype`, or one of the quantized types. */
  readonly storedAs: TfjsDType | TfjsQuantizedType;
}

/** The stored elements of a weight, and how they decode. */
export interface TfjsStored<Data> {
  readonly quantization: TfjsQuantization | null;
  readonly data: Data;
}

/** One weight of a model: how it is stored, and where in the joined shards of its group. */
export interface TfjsWeight extends TfjsWeightSpec {
  readonly quantization: TfjsQuantization | null;
  /** Bytes from the start of the group. */
  readonly begin: number;
  readonly end: number;
}

export interface TfjsGroup {
  /** Shards, in order; their bytes follow each other. */
  readonly paths: readonly string[];
  readonly weights: readonly TfjsWeight[];
  readonly byteLength: number;
}

export interface TfjsManifest {
  readonly groups: readonly TfjsGroup[];
  /** Everything of model.json but the manifest, as it was. */
  readonly model: Readonly<Record<string, unknown>>;
}

/** A tensor as tfjs models store it: real = code * scale + min. */
export interface TfjsTensor {
  readonly kind: 'tfjs';
  /** One per element, row-major. */
  readonly codes: U8 | U16;
  readonly dtype: TfjsAffineType;
  /** Above 0. */
  readonly scale: number;
  /** What code 0 stands for. */
  readonly min: number;
  readonly shape: readonly number[];
}
