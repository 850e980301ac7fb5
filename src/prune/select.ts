/** Exact selection over one stretch, over rows of equal length, and over many tensors in passes. */
import type { F32, U32, U8 } from '../core/arrays.js';
import { pruneFamily } from '../kernels/prune/family.js';
import type { Order, TieRule } from '../kernels/prune/types.js';
import { BINS } from '../kernels/prune/types.js';
import { nanError } from './checks.js';
import type { Rule, Ties } from './count.js';

/** Rows up to this length are searched bit by bit in the cache; longer ones by tables of counts, which cost 0.1 ms to clear and search. */
const LONGEST_ROW = 65536;

/** All ties of one tensor: `first` of the kernels is an int32. */
const ALL = 2 ** 31 - 1;

/** Who asks, for messages. */
export interface Asker {
  readonly fn: string;
  readonly argument: string;
}

/** Writes the mask of `rows` rows of `width` from `begin` on, each by `rule`. */
export function selectRows(
  mask: U8,
  x: F32,
  begin: number,
  rows: number,
  width: number,
  rule: Rule,
  order: Order,
  asker: Asker,
): void {
  if (rows === 0 || width === 0) return;
  if (width > LONGEST_ROW) {
    for (let r = 0; r < rows; r++) {
      const at = begin + r * width;
      selectAcross(
        [mask.subarray(at, at + width)],
        () => x.subarray(at, at + width),
        rule,
        order,
        () => asker,
      );
    }
    return;
  }
  const { keep, ties } = rule;
  const isNaN = pruneFamily.inUse().maskRows(mask, x, begin, rows, width, keep, order, ties === 'last');
  if (isNaN) throw nanError(x, asker.fn, asker.argument);
  if (ties === 'first' || ties === 'last') return;
  for (let r = 0; r < rows; r++) moveTies(mask, x, begin + r * width, width, order, ties);
}

/** All elements equal to the smallest one that is kept go one way. */
function moveTies(mask: U8, x: F32, begin: number, width: number, order: Order, ties: Ties): void {
  const rank = (i: number): number => (order === 'magnitude' ? Math.abs(x[i]) : x[i]);
  let least = Infinity;
  for (let i = begin; i < begin + width; i++) if (mask[i] === 1) least = Math.min(least, rank(i));
  const bit = ties === 'allKept' ? 1 : 0;
  for (let i = begin; i < begin + width; i++) if (rank(i) === least) mask[i] = bit;
}

/**
 * Writes the masks of several tensors by one rule over all their elements. `read(t)` gives tensor t and is called three times for each: for
 * counts of the high and of the low half of the keys, and to write its mask.
 */
export function selectAcross(
  masks: readonly U8[],
  read: (t: number) => F32,
  { keep, ties }: Rule,
  order: Order,
  asker: (t: number) => Asker,
): void {
  const total = masks.reduce((sum, mask) => sum + mask.length, 0);
  const kernels = pruneFamily.inUse();
  const counts = new Uint32Array(BINS);
  masks.forEach((mask, t) => {
    const x = read(t);
    kernels.countHigh(counts, x, 0, mask.length, order);
    if (mayHaveNaN(counts, order) && x.some((value) => Number.isNaN(value))) {
      const { fn, argument } = asker(t);
      throw nanError(x, fn, argument);
    }
  });
  if (keep === 0 || (keep === total && ties !== 'allRemoved')) {
    masks.forEach((mask) => mask.fill(keep === 0 ? 0 : 1));
    return;
  }
  const high = locate(counts, keep);
  counts.fill(0);
  masks.forEach((mask, t) => kernels.countLow(counts, read(t), 0, mask.length, order, high.bin));
  const low = locate(counts, keep - high.above);
  const threshold = high.bin * BINS + low.bin;
  const wanted = keep - high.above - low.above;
  let left = ties === 'last' ? counts[low.bin] - wanted : wanted;
  masks.forEach((mask, t) => {
    left -= kernels.writeMask(
      mask,
      read(t),
      0,
      mask.length,
      order,
      threshold,
      tieRule(ties, Math.max(0, left)),
    );
  });
}

function tieRule(ties: Ties, left: number): TieRule {
  if (ties === 'allKept') return { first: ALL, value: 1 };
  if (ties === 'allRemoved') return { first: ALL, value: 0 };
  return { first: Math.min(left, ALL), value: ties === 'first' ? 1 : 0 };
}

/** The bin that holds the keep-th largest, and how many lie in higher ones. */
function locate(counts: U32, keep: number): { bin: number; above: number } {
  let bin = BINS - 1;
  let above = 0;
  while (above + counts[bin] < keep) above += counts[bin--];
  return { bin, above };
}

/** Whether a bin that holds NaN or an infinity is not empty: only then the elements are looked at. */
function mayHaveNaN(counts: U32, order: Order): boolean {
  const isMagnitude = order === 'magnitude';
  for (let bin = isMagnitude ? 0xff00 : 0xff80; bin < BINS; bin++) if (counts[bin] > 0) return true;
  if (!isMagnitude) for (let bin = 0; bin < 0x80; bin++) if (counts[bin] > 0) return true;
  return false;
}
