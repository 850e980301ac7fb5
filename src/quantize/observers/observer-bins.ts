/**
 * Histograms that do not depend on the order of the values, however these are cut into batches and shards.
 *
 * A channel's bins are all [j w, (j + 1) w) with whole j and one width w = 2^k, where k is the least that lets the bins from its smallest to its largest
 * value be at most `bins` many. So k is a function of these two values alone. When they move apart, k only grows, and bins of width 2^(k+1)
 * are exactly pairs of bins of width 2^k: counts merge without loss, and are those of a histogram made at the end.
 */
import type { F32, F64, I32 } from '../../core/arrays.js';
import { powerOfTwo } from '../../core/float-formats.js';
import { visit, type Batch } from './observer-batch.js';
import type { Span } from '../affine/regions.js';

export interface BinTable {
  /** A power of two. */
  readonly bins: number;
  /** k of every channel; undefined before its first value. */
  readonly exponent: I32;
  /** Bin j of channel c is counted at c * bins + (j mod bins): what is in use never overlaps, and never has to move. Exact up to 2^53. */
  readonly counts: F64;
}

/** The bins of one channel from its smallest to its largest value. */
export interface Bins {
  readonly width: number;
  readonly first: number;
  readonly counts: F64;
}

/** No width is below the last place of the largest magnitude: bin numbers stay below 2^24. */
const SIGNIFICAND_BITS = 23;
const MIN_EXPONENT = -149;

export function createBinTable(channels: number, bins: number): BinTable {
  return { bins, exponent: new Int32Array(channels), counts: new Float64Array(channels * bins) };
}

/** k for the smallest and largest value: at least -149 and the exponent of the larger magnitude's last place. */
export function binExponent(min: number, max: number, bins: number): number {
  let k = Math.max(MIN_EXPONENT, exponentOf(Math.max(Math.abs(min), Math.abs(max))) - SIGNIFICAND_BITS);
  while (binOf(max, k) - binOf(min, k) >= bins) k++;
  return k;
}

export function binOf(value: number, exponent: number): number {
  return Math.floor(value * powerOfTwo(-exponent));
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** floor(log2 x) of a positive normal float32, -127 for subnormal numbers and 0. */
function exponentOf(x: number): number {
  scratch[0] = x;
  return (scratchBits[0] >>> 23) - 127;
}

/** Widens a channel's bins so that values from `newMin` to `newMax` fit; `min` to `max` is what it holds, nothing if min > max. */
export function widenBins(
  table: BinTable,
  channel: number,
  min: number,
  max: number,
  newMin: number,
  newMax: number,
): void {
  const { bins, exponent, counts } = table;
  const [before, after] = [exponent[channel], binExponent(newMin, newMax, bins)];
  exponent[channel] = after;
  if (min > max || before === after) return;
  const [first, last] = [binOf(min, before), binOf(max, before)];
  const part = counts.subarray(channel * bins, (channel + 1) * bins);
  const old = part.slice();
  part.fill(0);
  const merged = powerOfTwo(before - after);
  for (let j = first; j <= last; j++) part[Math.floor(j * merged) & (bins - 1)] += old[j & (bins - 1)];
}

/** Counts a batch; the bins are wide enough. */
export function countBatch(table: BinTable, { x, plan }: Batch): void {
  const { bins, exponent, counts } = table;
  const perBin = Float64Array.from(exponent, (k) => powerOfTwo(-k));
  visit(plan, {
    run: (channel, begin, end) => countRun(counts, channel * bins, bins - 1, x, begin, end, perBin[channel]),
    columns: (span) => countColumns(counts, bins, x, span, perBin),
  });
}

/** Counters whose channels are counted together: 512 KiB stay in the cache. 1024 channels of 4096 bins take a third of the time so. */
const CACHED_COUNTERS = 2 ** 16;

/** 1.5 ns per value, 2.7 where all fall into one bin; four tables in turn would save 10 % for four times the memory. */
function countRun(
  counts: F64,
  offset: number,
  mask: number,
  x: F32,
  begin: number,
  end: number,
  perBin: number,
): void {
  for (let i = begin; i < end; i++) counts[offset + (Math.floor(x[i] * perBin) & mask)]++;
}

function countColumns(
  counts: F64,
  bins: number,
  x: F32,
  { begin, rows, width, repeat, firstRegion }: Span,
  perBin: F64,
): void {
  const channels = width / repeat;
  const atOnce = Math.max(1, Math.floor(CACHED_COUNTERS / bins));
  for (let from = 0; from < channels; from += atOnce) {
    const to = Math.min(channels, from + atOnce);
    for (let r = 0; r < rows; r++) {
      let i = begin + r * width + from * repeat;
      for (let c = firstRegion + from; c < firstRegion + to; c++) {
        const offset = c * bins;
        const factor = perBin[c];
        for (let end = i + repeat; i < end; i++) counts[offset + (Math.floor(x[i] * factor) & (bins - 1))]++;
      }
    }
  }
}

/** The bins that a channel whose values go from `min` to `max` has in use. */
export function binsOf(
  { bins, exponent, counts }: BinTable,
  channel: number,
  min: number,
  max: number,
): Bins {
  const k = exponent[channel];
  const first = binOf(min, k);
  const used = new Float64Array(binOf(max, k) - first + 1);
  for (let i = 0; i < used.length; i++) used[i] = counts[channel * bins + ((first + i) & (bins - 1))];
  return { width: powerOfTwo(k), first, counts: used };
}

/** Puts a channel's bins into a table, or adds them to what is there; they are as wide as the table's or narrower. */
export function addBins(table: BinTable, channel: number, { width, first, counts }: Bins): void {
  const { bins, exponent } = table;
  const merged = width * powerOfTwo(-exponent[channel]);
  for (let i = 0; i < counts.length; i++) {
    const bin = Math.floor((first + i) * merged);
    table.counts[channel * bins + (bin & (bins - 1))] += counts[i];
  }
}

/** The bins of the magnitudes: bin [-(j + 1) w, -j w) counts as [j w, (j + 1) w), to which only its outer end does not belong. */
export function foldBins({ width, first, counts }: Bins): Bins {
  const last = first + counts.length - 1;
  const least = first >= 0 ? first : last < 0 ? -last - 1 : 0;
  const folded = new Float64Array(Math.max(last, -first - 1) - least + 1);
  for (let i = 0; i < counts.length; i++) {
    const bin = first + i;
    folded[(bin < 0 ? -bin - 1 : bin) - least] += counts[i];
  }
  return { width, first: least, counts: folded };
}

/** The bins merged pairwise until all lie within `bins` bins of 0. */
export function nearZero(given: Bins, bins: number): Bins {
  let { width, first, counts } = given;
  while (first < -bins || first + counts.length > bins) {
    const halfFirst = Math.floor(first / 2);
    const half = new Float64Array(Math.floor((first + counts.length - 1) / 2) - halfFirst + 1);
    for (let i = 0; i < counts.length; i++) half[Math.floor((first + i) / 2) - halfFirst] += counts[i];
    width *= 2;
    first = halfFirst;
    counts = half;
  }
  return { width, first, counts };
}
