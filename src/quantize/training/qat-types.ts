/** Quantization-aware training: what goes into the backward passes and what comes out. */
import type { F32, F64 } from '../../core/arrays.js';
import type { AffineOptions, Granularity } from '../affine/affine-types.js';

export interface FakeQuantizeBackwardOptions {
  /**
   * Which elements count as clamped. 'code' (default): those whose rounded code lies outside codeMin .. codeMax, as torch has it. 'value':
   * those whose x / scale + zeroPoint lies at or beyond codeMin or codeMax before rounding, as the LSQ paper has it.
   */
  readonly clampBy?: 'code' | 'value';
  /**
   * Factor of the gradients of scale and zero point: a number, or 'lsq' for 1 / sqrt(n codeMax) of a region of n elements, which gives scales steps
   * of the size that weights have. Default 1.
   */
  readonly gradientScale?: number | 'lsq';
}

/** Gradients of a loss, one entry per element of x and one per region of the parameters. */
export interface FakeQuantizeGradients {
  readonly x: F32;
  readonly scale: F64;
  /** Null where there are no zero points. */
  readonly zeroPoint: F64 | null;
}

export type LsqOptions = Pick<
  AffineOptions,
  'bits' | 'mapping' | 'granularity' | 'rounding' | 'arithmetic' | 'seed'
>;

export interface PactOptions {
  /** Bits per code: 1 to 8, or 16; the codes are 0 to 2^bits - 1. */
  readonly bits: AffineOptions['bits'];
  /** Where values are clipped, 2^-110 to 2^127: one number, or one per region. */
  readonly clip: number | F32;
  /** Default one region. */
  readonly granularity?: Granularity;
}
