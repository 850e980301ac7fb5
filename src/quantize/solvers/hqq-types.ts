/** The vocabulary of the solvers that need no calibration data: what they are told, and what they say about their work. */
import type { Pictured } from '../../core/inspect.js';
import type { AffineOptions, AffineTensor } from '../affine/affine-types.js';

interface Shared extends Pick<
  AffineOptions,
  'bits' | 'mapping' | 'granularity' | 'scaleDtype' | 'arithmetic' | 'norm' | 'importance' | 'tail'
> {
  /**
   * Most bytes to take beyond x, importances and result; default no limit. Slices along axis 0 are then searched one after the other: the result is the
   * same to the bit. A limit that cannot be kept is refused with the least that would do.
   */
  readonly memoryLimit?: number;
}

/** Options of clipSearch, as quantizeAffine has them; `norm` is 2 unless given. */
export type ClipSearchOptions = Shared;

/** Options of hqq. The mapping is 'asymmetric' unless given, the granularity groups of 64 along the last axis, `norm` 0.7. */
export interface HqqOptions extends Shared {
  /**
   * Weight of the term that ties the split variable to the error, 2^-20 to 2^20. Errors are counted in steps of the region's whole range. Default 10.
   */
  readonly beta?: number;
  /** What beta is multiplied by after every pass, from 1 up to 10. Default 1.01. */
  readonly kappa?: number;
  /** Most passes from each of the two starting ranges, 1 to 1000. Default 20. */
  readonly iterations?: number;
}

export interface ScaleSearchReport {
  /** The power of errors in the objective. */
  readonly norm: number;
  /** What was minimized: the mean of |error|^norm over the values, each counting by its importance. */
  readonly objective: number;
  /** The same for round to nearest: quantizeAffine with the same options and the whole ranges. Never less than `objective`. */
  readonly roundToNearestObjective: number;
  /** What the regions' scales were taken from, the better for each. */
  readonly kept: 'search' | 'roundToNearest' | 'mixed';
  /** Regions whose scales are those of round to nearest. */
  readonly roundToNearestRegions: number;
  readonly regions: number;
  /** Regions whose values all have importance 0: they were searched as if all counted alike, and the objective leaves them out. */
  readonly unweightedRegions: number;
  /** Bytes taken beyond x, importances and result, counted from the shapes before the work began: see hqq. */
  readonly workingBytes: number;
}

export interface HqqReport extends ScaleSearchReport {
  /** Passes over a region, on average over the regions: at most twice `iterations`. */
  readonly meanPasses: number;
}

export interface ClipSearchResult {
  readonly tensor: AffineTensor & Pictured;
  readonly report: ScaleSearchReport;
}

export interface HqqResult {
  readonly tensor: AffineTensor & Pictured;
  readonly report: HqqReport;
}
