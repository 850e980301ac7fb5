/**
 * Kernels for the block types of ggml that keep one scale per block: from float32 to the bytes that ggml's C code writes, and back. Byte
 * layouts are in docs/formats.md; the arithmetic is that of ggml-quants.c built without fused multiply-add: every operation in float32.
 */
import type { F32, U8 } from '../../core/arrays.js';
import type { AffineRule } from './affine-rule.js';

export type PlainBlockType =
  | 'Q4_0'
  | 'Q4_1'
  | 'Q5_0'
  | 'Q5_1'
  | 'Q8_0'
  | 'Q1_0'
  | 'Q2_0'
  | 'TQ1_0'
  | 'TQ2_0'
  | 'MXFP4'
  | 'NVFP4'
  | 'IQ4_NL'
  | 'IQ4_XS';

/**
 * `x` is rows x width, finite, row-major, width a multiple of the type's block; `out` takes all of its blocks. `importance` has one finite
 * number >= 0 per column, or is null; types that do not use it ignore it. NaN and infinities in `x` give unspecified bytes.
 */
export type BlockEncoder = (out: U8, x: F32, rows: number, width: number, importance: F32 | null) => void;

/** The values of `blocks` blocks, whatever their bytes: NaN and infinities where the stored scales are. */
export type BlockDecoder = (out: F32, bytes: U8, blocks: number) => void;

export interface BlockKernels<T extends string> {
  readonly encode: Readonly<Record<T, BlockEncoder>>;
  readonly decode: Readonly<Record<T, BlockDecoder>>;
}

/**
 * The searches that take most of an encoder's time: each has a definition, with every float32 rounding where ggml has it, and a fast twin of the
 * same results.
 */
export interface Searches {
  /**
   * Writes codes of the `n` elements at x[at] to codes[codesAt], and scales[j] and mins[j], the minimum with its sign turned: value = scale * code - min. The
   * search starts at the plain range of the elements and 0, and takes what has less weighted error only.
   */
  fitAffine(
    scales: F32,
    mins: F32,
    j: number,
    codes: U8,
    codesAt: number,
    x: F32,
    at: number,
    w: F32,
    wAt: number,
    n: number,
    rule: AffineRule,
  ): void;
  /**
   * Writes codes 0 to 2 * half - 1 of the `n` elements at x[at] for the best of 19 scales -(half + k / 10) / peak, and returns the scale that is
   * best for those codes. A peak below LEAST_PEAK gives codes 0 and scale 0.
   */
  fitLevels(
    codes: U8,
    codesAt: number,
    x: F32,
    at: number,
    w: F32,
    wAt: number,
    n: number,
    half: number,
  ): number;
}
