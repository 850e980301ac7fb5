/** The vocabulary of compressed-tensors checkpoints. */
import type { ScaleMode } from '../core/block-scale.js';
import type { F32, I32, I8, U8 } from '../core/arrays.js';
import type { AffineCodes, AffineGranularity } from './packing-types.js';

/** What quantizeFloat8 makes: value = value of the code * scale. */
export interface Float8Codes {
  readonly kind: 'float8';
  readonly codes: U8;
  readonly scale: F32;
  readonly dtype: 'float8_e4m3fn' | 'float8_e5m2';
  readonly granularity: AffineGranularity;
  readonly shape: readonly number[];
}

/** What quantizeNvfp4 makes: value = value of the code * block scale * tensorScale. */
export interface Nvfp4Codes {
  readonly kind: 'nvfp4';
  readonly codes: U8;
  readonly scales: U8;
  readonly tensorScale: number;
  readonly levels: 1 | 2;
  readonly shape: readonly number[];
  readonly overflow: number;
}

/** What quantizeMx makes: value = value of the code * 2^(block scale - 127). */
export interface MxCodes {
  readonly kind: 'mx';
  readonly codes: U8 | I8;
  readonly scales: U8;
  readonly element:
    'float8_e4m3fn' | 'float8_e5m2' | 'float6_e2m3fn' | 'float6_e3m2fn' | 'float4_e2m1fn' | 'int8';
  readonly blockSize: number;
  readonly scaleMode: ScaleMode;
  readonly shape: readonly number[];
}

export type CompressedTensorsCodes = AffineCodes | Float8Codes | Nvfp4Codes | MxCodes;

/** The `format` of a quantization_config, and the kind of tensor that each holds. */
export interface CompressedTensorsFormats {
  readonly 'pack-quantized': AffineCodes;
  readonly 'int-quantized': AffineCodes;
  readonly 'float-quantized': Float8Codes;
  readonly 'nvfp4-pack-quantized': Nvfp4Codes;
  readonly 'mxfp4-pack-quantized': MxCodes;
}

export type CompressedTensorsFormat = keyof CompressedTensorsFormats;

export interface CompressedTensorsPackingOptions {
  /** For affine codes: 'pack-quantized' (the default), or 'int-quantized' for 8 bits. Other kinds have one format each. */
  readonly format?: 'pack-quantized' | 'int-quantized';
  /** For affine codes: which input each column of q belongs to (weight_g_idx); default column i is input i. */
  readonly inputOrder?: I32;
  /** Put before every name, with its dot: 'model.layers.0.mlp.up_proj.'. Default ''. */
  readonly prefix?: string;
}

export interface CompressedTensorsUnpackingOptions<F extends CompressedTensorsFormat> {
  readonly format: F;
  /** For 'pack-quantized': num_bits of the configuration, 1 to 8. */
  readonly bits?: number;
  /** For affine codes in groups that do not divide the inputs: group_size of the configuration. Default inputs / groups, rounded up. */
  readonly groupSize?: number;
  readonly prefix?: string;
}

export interface UnpackedCompressedTensors<F extends CompressedTensorsFormat> {
  readonly tensor: CompressedTensorsFormats[F];
  /** Which input each column belongs to, where weight_g_idx mixes groups; else null. */
  readonly inputOrder: I32 | null;
}
