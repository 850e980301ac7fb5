/** Calibration: what an observer is told, what it shows, and what it is saved as. */
import type { F32 } from '../../core/arrays.js';
import type { TensorLike } from '../../core/tensor.js';
import type { Bits, Granularity, Mapping } from '../affine/affine-types.js';

/**
 * How the range is found.
 *
 * - `minmax`: the smallest and the largest value.
 * - `ema`: moving averages of the smallest and the largest value of each batch.
 * - `percentile`: the middle `percentile` percent of the values; symmetric: that percentile of the magnitudes.
 * - `histogramMse`: the range whose codes of `bits` bits have the least expected squared error.
 * - `entropy`: the range whose codes of `bits` bits lose the least information (Kullback-Leibler), which cuts long tails off.
 * - `meanStd`: the mean -+ `sigmas` standard deviations, within what was seen.
 */
export type ObserverKind = 'minmax' | 'ema' | 'percentile' | 'histogramMse' | 'entropy' | 'meanStd';

export interface ObserverOptions {
  /** What the range is for, as in quantizeAffine: the symmetric mappings get a range [-a, a]. Default 'symmetric'. */
  readonly mapping?: Mapping;
  /** One range for the tensor (default), or one per index of an axis; a negative axis counts from the end. */
  readonly granularity?: Extract<Granularity, { kind: 'tensor' | 'axis' }>;
  /** What to do with NaN and infinities: an error (default), or leave them out. */
  readonly nonFinite?: 'throw' | 'skip';
  /** 'ema' only: the weight of a new batch, above 0 up to 1. Default 0.01. */
  readonly averagingConstant?: number;
  /** 'percentile' only: percent of the values inside the range, above 50 up to 100. Default 99.99. */
  readonly percentile?: number;
  /** 'meanStd' only: standard deviations on each side of the mean, above 0 up to 1000. Default 3. */
  readonly sigmas?: number;
  /** 'histogramMse' and 'entropy' only: bits per code that the range is for; 'entropy': 2 to 8. Default 8. */
  readonly bits?: Bits;
  /** The kinds with a histogram only: most bins per range, a power of two from 64 to 65,536. Default 4096. */
  readonly bins?: number;
}

/** Smallest and largest value of every range: made to be spread into the options of quantizeAffine or chooseQParams. */
export interface ObservedRange {
  readonly rangeMin: F32;
  readonly rangeMax: F32;
}

/** Watches a stream of tensors and knows, at any time, the range to quantize them with. */
export interface Observer {
  readonly kind: ObserverKind;
  /** Values seen so far, without those left out. */
  readonly count: number;
  /**
   * Adds a batch; one without elements changes nothing.
   *
   * @throws RangeError for another number of channels; NumericError NON_FINITE with the index of the first bad value. Nothing is added then.
   */
  observe(x: TensorLike): void;
  /**
   * Adds all that `other`, which does not change, has seen.
   *
   * @throws TypeError for anything but an observer; RangeError for another kind, other options or another number of channels; NumericError
   * ORDER_DEPENDENT for kind 'ema', TOO_MANY_VALUES beyond 2^53 - 1 values. Nothing is added then.
   */
  merge(other: Observer): void;
  /** The ranges so far, one per channel. @throws NumericError EMPTY when nothing was seen, in some channel or at all. */
  range(): ObservedRange;
  /** All that it has seen, as plain data for JSON: observers that have seen the same values give the same text. */
  toJSON(): ObserverState;
}

/** What one channel has seen. The optional parts belong to kinds. */
export interface ChannelState {
  readonly count: number;
  /** Smallest value; for 'ema' its moving average. */
  readonly min: number;
  readonly max: number;
  /** Histogram: a power of two. */
  readonly binWidth?: number;
  /** Histogram: bin i holds the values from (firstBin + i) * binWidth to below (firstBin + i + 1) * binWidth. */
  readonly firstBin?: number;
  readonly binCounts?: readonly number[];
  /** The exact sum of the values in units of 2^-149, in decimal digits. */
  readonly sum?: string;
  /** The exact sum of the squares in units of 2^-298. */
  readonly sumOfSquares?: string;
}

/** A saved observer: every value survives JSON. */
export interface ObserverState {
  readonly format: 'tensorslim-observer';
  readonly version: 1;
  readonly kind: ObserverKind;
  readonly options: ObserverOptions;
  /** One entry per channel, null where it has seen nothing; null before the first batch. */
  readonly channels: readonly (ChannelState | null)[] | null;
}
