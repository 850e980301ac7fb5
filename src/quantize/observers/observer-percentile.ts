/** Percentiles from a histogram. */
import { foldBins, type Bins } from './observer-bins.js';
import type { Channel, Limits } from './observer-state.js';

/**
 * Asymmetric: the middle `percentile` percent, (100 - percentile) / 2 cut at each end. Symmetric: the percentile of the magnitudes.
 *
 * A percentile lies between two neighbours of the sorted values, linearly, as numpy's does. Each neighbour is taken from the bin that
 * holds it, so neither is off by more than one width, and nor is what lies between them.
 */
export function percentileLimits(channel: Channel, percentile: number, isSymmetric: boolean): Limits {
  const { count, min, max, bins } = channel;
  if (isSymmetric) {
    const absmax = Math.max(Math.abs(min), Math.abs(max));
    const folded = foldBins(bins);
    // The smallest magnitude lies in the first bin that holds anything: bins before it may be empty, as between -1 and 0.08.
    const least = (folded.first + folded.counts.findIndex((n) => n > 0)) * folded.width;
    const high = quantileOf(folded, count, percentile / 100, least, absmax);
    return [-high, high];
  }
  const cut = (100 - percentile) / 200;
  return [quantileOf(bins, count, cut, min, max), quantileOf(bins, count, 1 - cut, min, max)];
}

function quantileOf(bins: Bins, count: number, fraction: number, min: number, max: number): number {
  const position = fraction * (count - 1);
  const below = Math.floor(position);
  const low = valueOfRank(bins, count, below, min, max);
  const high = valueOfRank(bins, count, Math.min(below + 1, count - 1), min, max);
  return low + (position - below) * (high - low);
}

/** About where the value of this rank lies, 0 for the smallest: the values of a bin stand in the middle of equal parts of it. */
function valueOfRank(
  { width, first, counts }: Bins,
  count: number,
  rank: number,
  min: number,
  max: number,
): number {
  if (rank === count - 1) return max;
  if (rank === 0) return min;
  let before = 0;
  let i = 0;
  while (before + counts[i] <= rank) before += counts[i++];
  const place = first + i + (rank - before + 0.5) / counts[i];
  return Math.min(Math.max(place * width, min), max);
}
