/** Affine quantization: real = scale * (code - zeroPoint), one scale per region of the tensor. */
import type { F32, F64, FloatArray, I16, I32, I8, U16, U8 } from '../../core/arrays.js';
import type { Rounding } from '../../core/rounding.js';
import type { TensorLike } from '../../core/tensor.js';
import type { Arithmetic } from '../../kernels/types.js';

export type Bits = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 16;

/**
 * - `symmetric`: codes -(2^(b-1) - 1) .. 2^(b-1) - 1, scale = absmax / (2^(b-1) - 1), no zero point (2 bits and more).
 * - `symmetricFull`: codes -2^(b-1) .. 2^(b-1) - 1, scale = absmax / (2^(b-1) - 1/2), no zero point: both ends clip by half a step.
 * - `asymmetric`: codes 0 .. 2^b - 1, scale = (max - min) / (2^b - 1) with 0 inside [min, max], whole zero point.
 */
export type Mapping = 'symmetric' | 'symmetricFull' | 'asymmetric';

/** Which elements share a scale. `group` cuts every line along `axis` into runs of `groupSize`, the last may be shorter. */
export type Granularity =
  | { readonly kind: 'tensor' }
  | { readonly kind: 'axis'; readonly axis: number }
  | { readonly kind: 'group'; readonly axis?: number; readonly groupSize: number }
  | { readonly kind: 'block'; readonly blockShape: readonly [rows: number, columns: number] }
  | { readonly kind: 'token' };

/**
 * How a region's range is found.
 *
 * - `absmax`: [-a, a] with a the largest magnitude.
 * - `minmax`: the smallest and the largest value; for the symmetric mappings the same as absmax.
 * - `percentile`: the symmetric mappings: [-p, p] with p that percentile of the magnitudes; asymmetric: the middle percentile percent.
 * - `mse`: of the range above and its shrunken copies, 0.99 down to 0.2 of it, the one with the least sum of importance * |error|^norm.
 * - `hqq`: scale and zero point by half-quadratic splitting under the same sum, as the function hqq finds them.
 */
export type ScaleMethod = 'absmax' | 'minmax' | 'percentile' | 'mse' | 'hqq';

/**
 * 'float64' is for scales that come from torch's per-channel tensors: codes are made with the scale rounded to float32, values as
 * fround(scale * (code - zeroPoint)) with the float64 scale.
 */
export type ScaleDType = 'float32' | 'float16' | 'bfloat16' | 'float64';

export type Scales = F32 | F64;

/** What to do with NaN and infinities in the input. */
export type NonFinite = 'throw' | 'saturate';

export type Tail = 'short' | 'throw';

export interface AffineOptions {
  /** Bits per code: 1 to 8, or 16. */
  readonly bits: Bits;
  /** Default 'symmetric'. */
  readonly mapping?: Mapping;
  /** Default one scale for the tensor. */
  readonly granularity?: Granularity;
  /** Default 'absmax' for the symmetric mappings, 'minmax' for the asymmetric one. */
  readonly scaleMethod?: ScaleMethod;
  /** For 'percentile': percent of the values inside the range, above 50 up to 100. Default 99.99. */
  readonly percentile?: number;
  /** For 'mse' and 'hqq': the power of errors that is summed, above 0 up to 4. Default 2 for 'mse', 0.7 for 'hqq'. */
  readonly norm?: number;
  /**
   * For 'mse' and 'hqq': what an error in each value costs, of a shape that broadcasts to x's: one per column, or one per value. Finite, 0 or more,
   * not all 0; where a whole region has 0, its values count alike. Default 1 for all.
   */
  readonly importance?: TensorLike;
  /** Type that a file stores the scales in; they are rounded to it before codes are made. Default 'float32'. */
  readonly scaleDtype?: Exclude<ScaleDType, 'float64'>;
  /** Default 'halfEven'. */
  readonly rounding?: Rounding;
  /** Seed of stochastic rounding. Default 0. */
  readonly seed?: number;
  /** How x / scale is formed. Default 'reciprocal' (torch, ggml); 'division' is ONNX Runtime's and compressed-tensors'. */
  readonly arithmetic?: Arithmetic;
  /** Bounds that replace the smallest and largest value: of every region, or one per region. Each default: the region's own. */
  readonly rangeMin?: number | Float32Array | Float64Array | readonly number[];
  readonly rangeMax?: number | Float32Array | Float64Array | readonly number[];
  /** Default 'throw'. */
  readonly nonFinite?: NonFinite;
  /**
   * Groups and blocks that do not divide their axis leave a shorter one at its end. 'short' (the default) gives it a scale of its own,
   * found from its elements alone, and no padding codes; 'throw' refuses such shapes.
   */
  readonly tail?: Tail;
}

/** The options with every default filled in and the range of codes that follows from them. */
export interface AffineSettings extends Required<
  Omit<AffineOptions, 'rangeMin' | 'rangeMax' | 'importance'>
> {
  /** One per value of the tensor, or null: 1 for all. */
  readonly importance: FloatArray | null;
  readonly rangeMin: number | F32 | null;
  readonly rangeMax: number | F32 | null;
  readonly codeMin: number;
  readonly codeMax: number;
}

/** Scales and zero points with all that turns numbers into codes: what `chooseQParams` returns. */
export interface QParams {
  /** One per region, in row-major order of the regions: a Float64Array for scaleDtype 'float64', else a Float32Array. */
  readonly scale: Scales;
  /** One per region, or null: all 0. */
  readonly zeroPoint: I32 | null;
  readonly bits: Bits;
  readonly codeMin: number;
  readonly codeMax: number;
  readonly mapping: Mapping;
  readonly granularity: Granularity;
  readonly scaleDtype: ScaleDType;
  readonly rounding: Rounding;
  readonly arithmetic: Arithmetic;
  readonly seed: number;
}

/** A tensor in affine codes. Plain data: it can be cloned, stored and compared. */
export interface AffineTensor {
  readonly kind: 'affine';
  /**
   * Fewer than 8 bits: one little-endian bit stream of code - codeMin over the whole tensor. 8 bits: Int8Array when codeMin < 0,
   * else Uint8Array. 16 bits: Int16Array or Uint16Array.
   */
  readonly codes: I8 | U8 | I16 | U16;
  readonly scale: Scales;
  readonly zeroPoint: I32 | null;
  readonly bits: Bits;
  readonly codeMin: number;
  readonly codeMax: number;
  readonly mapping: Mapping;
  readonly granularity: Granularity;
  readonly shape: readonly number[];
  readonly scaleDtype: ScaleDType;
  readonly rounding: Rounding;
  /**
   * Largest distance by which a finite value lay outside what the codes can reach: 0, or close to it, unless the range was cut. For the codes of
   * gptq, which are not the nearest ones: the most by which an error exceeds half a step.
   */
  readonly overflow: number;
}
