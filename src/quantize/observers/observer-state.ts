/** What an observer has seen, channel by channel: a function of the values alone, but for moving averages. */
import type { F32, F64 } from '../../core/arrays.js';
import { NumericError, rangeError } from '../../core/errors.js';
import type { Batch } from './observer-batch.js';
import {
  addBins,
  binsOf,
  countBatch,
  createBinTable,
  widenBins,
  type Bins,
  type BinTable,
} from './observer-bins.js';
import {
  addMoments,
  addSums,
  createMomentTable,
  sumsOf,
  type ExactSums,
  type MomentTable,
} from './observer-moments.js';
import type { ObserverSettings } from './observer-options.js';
import type { ObserverKind } from './observer-types.js';

export interface Tables {
  readonly channels: number;
  readonly count: F64;
  /** Infinity before the first value; never -0, which JSON does not keep. */
  readonly min: F32;
  readonly max: F32;
  readonly bins: BinTable | null;
  readonly moments: MomentTable | null;
}

/** One channel taken out of the tables; bins and sums are null for the kinds without. */
export interface ChannelTotals {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly bins: Bins | null;
  readonly sums: ExactSums | null;
}

/** A channel with a histogram. */
export type Channel = ChannelTotals & { readonly bins: Bins };

/** The ends of a range. */
export type Limits = [low: number, high: number];

/** Most counters of one observer: 1 GiB. */
const MAX_COUNTERS = 2 ** 27;
/** Counters that exact sums take per channel. */
const MOMENT_COUNTERS = 3 * 256;

export function createTables(
  fn: string,
  kind: ObserverKind,
  settings: ObserverSettings,
  channels: number,
): Tables {
  const counters = kind === 'meanStd' ? MOMENT_COUNTERS : (settings.bins ?? 1);
  if (channels * counters > MAX_COUNTERS) {
    const expected = `at most ${Math.floor(MAX_COUNTERS / counters)} channels of ${counters} counters`;
    throw rangeError(
      fn,
      'granularity',
      expected,
      channels,
      'take fewer bins, or an observer for some channels',
    );
  }
  return {
    channels,
    count: new Float64Array(channels),
    min: new Float32Array(channels).fill(Infinity),
    max: new Float32Array(channels).fill(-Infinity),
    bins: settings.bins === undefined ? null : createBinTable(channels, settings.bins),
    moments: kind === 'meanStd' ? createMomentTable(channels) : null,
  };
}

export function totalCount({ count }: Tables): number {
  return count.reduce((a, b) => a + b, 0);
}

/** Counts stay exact. */
export function refuseTooMany(fn: string, tables: Tables | null, more: number): void {
  if ((tables === null ? 0 : totalCount(tables)) + more <= Number.MAX_SAFE_INTEGER) return;
  throw new NumericError(
    'TOO_MANY_VALUES',
    `${fn}: "count" expected at most 2^53 - 1 values - begin a new observer`,
  );
}

export function addBatch(tables: Tables, batch: Batch, { averagingConstant }: ObserverSettings): void {
  const { own, sizes } = batch;
  for (let c = 0; c < tables.channels; c++) {
    if (sizes[c] === 0) continue;
    if (averagingConstant === undefined) extend(tables, c, own.min[c], own.max[c]);
    else average(tables, c, own.min[c], own.max[c], averagingConstant);
    tables.count[c] += sizes[c];
  }
  if (tables.bins !== null) countBatch(tables.bins, batch);
  if (tables.moments !== null) addMoments(tables.moments, batch);
}

function extend({ min, max, bins }: Tables, c: number, batchMin: number, batchMax: number): void {
  const [low, high] = [Math.min(min[c], batchMin) + 0, Math.max(max[c], batchMax) + 0];
  if (low === min[c] && high === max[c]) return;
  if (bins !== null) widenBins(bins, c, min[c], max[c], low, high);
  min[c] = low;
  max[c] = high;
}

function average(
  { count, min, max }: Tables,
  c: number,
  batchMin: number,
  batchMax: number,
  weight: number,
): void {
  const isFirst = count[c] === 0;
  min[c] = (isFirst ? batchMin : moved(min[c], batchMin, weight)) + 0;
  max[c] = Math.max(min[c], isFirst ? batchMax : moved(max[c], batchMax, weight)) + 0;
}

/** mean + weight * (value - mean) as torch computes it, each operation in float32; rounded once where the difference is beyond float32. */
function moved(mean: number, value: number, weight: number): number {
  const f = Math.fround;
  const result = f(mean + f(f(weight) * f(value - mean)));
  return Number.isFinite(result) ? result : f(mean + weight * (value - mean));
}

export function totalsOf({ count, min, max, bins, moments }: Tables, c: number): ChannelTotals {
  return {
    count: count[c],
    min: min[c],
    max: max[c],
    bins: bins === null || count[c] === 0 ? null : binsOf(bins, c, min[c], max[c]),
    sums: moments === null ? null : sumsOf(moments, c),
  };
}

/** Adds what another observer saw in channel c. */
export function addTotals(tables: Tables, c: number, { count, min, max, bins, sums }: ChannelTotals): void {
  if (count === 0) return;
  extend(tables, c, min, max);
  tables.count[c] += count;
  if (tables.bins !== null && bins !== null) addBins(tables.bins, c, bins);
  if (tables.moments !== null && sums !== null) addSums(tables.moments, c, sums);
}
