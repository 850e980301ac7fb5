/** The range that loses the least information, by Kullback-Leibler divergence, from a histogram. */
import type { F64 } from '../../core/arrays.js';
import { naturalLog } from '../../core/logarithm.js';
import { foldBins, nearZero, type Bins } from './observer-bins.js';
import type { Channel, Limits } from './observer-state.js';

/** Divergences this close count as equal, so that the order of float64 sums decides nothing. */
const TIE = 2 ** -40;

/**
 * The range [-t, t], within what was seen, whose t is the multiple of the bin width with the least divergence; the widest of equally good ones.
 *
 * For t of i widths, P is the histogram of [-t, t] with all values beyond added to its outermost bins. Q is what `levels` groups of bins know of it:
 * the histogram of [-t, t] without the values beyond, each group's sum spread evenly over its bins that are not empty in P. Group g is bins
 * floor(g s / levels) to floor((g + 1) s / levels) - 1 of s. Both sum to 1; where Q is 0 and P is not the divergence is infinite. Symmetric: of magnitudes.
 */
export function entropyLimits(channel: Channel, bits: number, maxBins: number, isSymmetric: boolean): Limits {
  const { min, max } = channel;
  const bins = nearZero(isSymmetric ? foldBins(channel.bins) : channel.bins, maxBins);
  const { counts, below } = aroundZero(bins);
  const levels = 2 ** (isSymmetric ? bits - 1 : bits);
  const threshold = thresholdOf(counts, below, levels) * bins.width;
  return [Math.max(min, -threshold), Math.min(max, threshold)];
}

/** The counts of bins that reach 0 from both sides; `below` of them lie below 0. */
function aroundZero({ first, counts }: Bins): { counts: F64; below: number } {
  const below = Math.max(0, -first);
  const above = Math.max(0, first + counts.length);
  const around = new Float64Array(below + above);
  around.set(counts, first + below);
  return { counts: around, below };
}

/** Running sums over the bins, so that a divergence costs one logarithm per level and none per bin. */
interface Sums {
  /** Of the counts before bin i, of bins that are not empty, and of p ln p. */
  readonly counts: F64;
  readonly filled: F64;
  readonly entropy: F64;
}

function thresholdOf(counts: F64, below: number, levels: number): number {
  const above = counts.length - below;
  const widest = Math.max(below, above);
  const sums = runningSums(counts);
  const divergences = new Float64Array(widest + 1).fill(Infinity);
  for (let i = widest; i >= 1; i--) {
    const [begin, end] = [below - Math.min(i, below), below + Math.min(i, above)];
    if (end - begin < levels) break;
    divergences[i] = divergenceOf(sums, begin, end, levels);
  }
  const least = divergences.reduce((a, b) => Math.min(a, b));
  if (least === Infinity) return widest;
  let best = widest;
  while (divergences[best] > least + TIE) best--;
  return best;
}

function runningSums(counts: F64): Sums {
  const total = counts.reduce((a, b) => a + b, 0);
  const sums = {
    counts: new Float64Array(counts.length + 1),
    filled: new Float64Array(counts.length + 1),
    entropy: new Float64Array(counts.length + 1),
  };
  for (let i = 0; i < counts.length; i++) {
    sums.counts[i + 1] = sums.counts[i] + counts[i];
    sums.filled[i + 1] = sums.filled[i] + (counts[i] > 0 ? 1 : 0);
    sums.entropy[i + 1] = sums.entropy[i] + informationOf(counts[i] / total);
  }
  return sums;
}

/** p ln p. */
function informationOf(p: number): number {
  return p === 0 ? 0 : p * naturalLog(p);
}

/** KL(P || Q) for the bins from `begin` to `end` - 1. */
function divergenceOf({ counts, filled, entropy }: Sums, begin: number, end: number, levels: number): number {
  const total = counts[counts.length - 1];
  const inside = counts[end] - counts[begin];
  const beyondLow = counts[begin];
  const beyondHigh = total - counts[end];
  const first = counts[begin + 1] - counts[begin];
  const last = counts[end] - counts[end - 1];
  let divergence = entropy[end - 1] - entropy[begin + 1];
  divergence += informationOf((first + beyondLow) / total) + informationOf((last + beyondHigh) / total);
  const size = end - begin;
  for (let g = 0, from = begin; g < levels; g++) {
    const to = begin + Math.floor(((g + 1) * size) / levels);
    const known = counts[to] - counts[from];
    let mass = known;
    let places = filled[to] - filled[from];
    if (g === 0) {
      mass += beyondLow;
      if (first === 0 && beyondLow > 0) places++;
    }
    if (g === levels - 1) {
      mass += beyondHigh;
      if (last === 0 && beyondHigh > 0) places++;
    }
    from = to;
    if (mass === 0) continue;
    if (known === 0) return Infinity;
    divergence -= (mass / total) * naturalLog(known / (places * inside));
  }
  return divergence;
}
