/** From what an observer has seen to the range that its kind chooses. */
import { NumericError } from '../../core/errors.js';
import { entropyLimits } from './observer-entropy.js';
import { meanAndDeviation } from './observer-moments.js';
import { mseLimits } from './observer-mse.js';
import type { ObserverSettings } from './observer-options.js';
import { percentileLimits } from './observer-percentile.js';
import { totalsOf, type Channel, type ChannelTotals, type Limits, type Tables } from './observer-state.js';
import type { ObservedRange, ObserverKind } from './observer-types.js';

export function observedRange(
  fn: string,
  kind: ObserverKind,
  settings: ObserverSettings,
  tables: Tables | null,
): ObservedRange {
  if (tables === null) throw emptyError(fn, '');
  const rangeMin = new Float32Array(tables.channels);
  const rangeMax = new Float32Array(tables.channels);
  for (let c = 0; c < tables.channels; c++) {
    if (tables.count[c] === 0) throw emptyError(fn, tables.channels === 1 ? '' : ` in channel ${c}`);
    const [low, high] = limitsOf(kind, settings, totalsOf(tables, c));
    const extent = Math.max(Math.abs(low), Math.abs(high));
    const isSymmetric = settings.mapping !== 'asymmetric';
    rangeMin[c] = (isSymmetric ? -extent : Math.min(low, high)) + 0;
    rangeMax[c] = isSymmetric ? extent : high;
  }
  return { rangeMin, rangeMax };
}

function emptyError(fn: string, place: string): NumericError {
  const fix = "observe data first; with nonFinite 'skip' it may have held nothing finite";
  return new NumericError('EMPTY', `${fn}: "range" expected at least one value, got none${place} - ${fix}`);
}

function limitsOf(kind: ObserverKind, settings: ObserverSettings, totals: ChannelTotals): Limits {
  const { mapping, bits = 8, bins = 0, percentile = 100 } = settings;
  const isSymmetric = mapping !== 'asymmetric';
  switch (kind) {
    case 'minmax':
    case 'ema':
      return [totals.min, totals.max];
    case 'percentile':
      return percentileLimits(totals as Channel, percentile, isSymmetric);
    case 'histogramMse':
      return mseLimits(totals as Channel, bits, mapping, bins);
    case 'entropy':
      return entropyLimits(totals as Channel, bits, bins, isSymmetric);
    case 'meanStd':
      return deviationLimits(totals, settings.sigmas ?? 0);
  }
}

/** Mean -+ sigmas deviations, within what was seen: a range beyond it would waste codes. */
function deviationLimits({ count, min, max, sums }: ChannelTotals, sigmas: number): Limits {
  if (sums === null) return [min, max];
  const { mean, deviation } = meanAndDeviation(sums, count);
  return [Math.max(min, mean - sigmas * deviation), Math.min(max, mean + sigmas * deviation)];
}
