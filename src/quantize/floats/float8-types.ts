/** Scaled 8-bit floats: real = value of the code * scale, one scale per region of the tensor. */
import type { F32, U8 } from '../../core/arrays.js';
import type { Granularity } from '../affine/affine-types.js';

export type Float8 = 'float8_e4m3fn' | 'float8_e5m2';

export interface Float8Options {
  /** Type of the codes. Default 'float8_e4m3fn'. */
  readonly dtype?: Float8;
  /** Which elements share a scale: one for the tensor (the default), per axis, token or group, or {kind: 'block', blockShape: [128, 128]}. */
  readonly granularity?: Granularity;
}

/** A tensor in scaled 8-bit floats. Plain data: it can be cloned, stored and compared. */
export interface Float8Tensor {
  readonly kind: 'float8';
  /** One per element, row-major. */
  readonly codes: U8;
  /** One per region, in row-major order of the regions. */
  readonly scale: F32;
  readonly dtype: Float8;
  readonly granularity: Granularity;
  readonly shape: readonly number[];
}
