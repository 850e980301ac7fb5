/** Microscaling: blocks of small numbers that share a power of two (OCP microscaling formats 1.0). */
import type { I8, U8 } from '../../core/arrays.js';
import type { ScaleMode } from '../../core/block-scale.js';

/** A small float, or 'int8': whole numbers from -127 to 127 in units of 2^-6. */
export type MxElement =
  'float8_e4m3fn' | 'float8_e5m2' | 'float6_e2m3fn' | 'float6_e3m2fn' | 'float4_e2m1fn' | 'int8';

export interface MxOptions {
  /** Type of the codes. */
  readonly element: MxElement;
  /** Elements per block, 1 to 65536. The specification and all hardware have 32. Default 32. */
  readonly blockSize?: number;
  /** How the scale follows from the block's largest magnitude. Default 'floor', the specification's. */
  readonly scaleMode?: ScaleMode;
  /** NaN and infinities: an error ('throw', the default), or the scale NaN for their whole block ('propagate'). */
  readonly nonFinite?: 'throw' | 'propagate';
}

/** A tensor in an MX format. Plain data: it can be cloned, stored and compared. */
export interface MxTensor {
  readonly kind: 'mx';
  /**
   * One per element for elements of 8 bits, an Int8Array for 'int8'; for 6 and 4 bits one little-endian bit stream over the whole tensor,
   * so that two codes of 4 bits share a byte, the first in the low nibble.
   */
  readonly codes: U8 | I8;
  /** float8_e8m0fnu codes, one per block: code s stands for 2^(s - 127), 255 for NaN. Blocks run along the last axis. */
  readonly scales: U8;
  readonly element: MxElement;
  readonly blockSize: number;
  readonly scaleMode: ScaleMode;
  readonly shape: readonly number[];
}
