/** The definition of prune/types.ts, as it reads. */
import type { F32, U8 } from '../../core/arrays.js';
import type { Order, PruneKernels } from './types.js';

/** The key of types.ts. */
export function keyOf(x: number, order: Order): number {
  const bits = new Uint32Array(Float32Array.of(order === 'value' && x === 0 ? 0 : x).buffer)[0];
  if (order === 'magnitude') return (bits * 2) % 2 ** 32;
  return bits < 2 ** 31 ? bits + 2 ** 31 : 2 ** 32 - 1 - bits;
}

export const referencePrune: PruneKernels = {
  name: 'reference',

  countHigh(counts, x, begin, count, order) {
    for (const value of x.subarray(begin, begin + count)) counts[keyOf(value, order) >>> 16]++;
  },

  countLow(counts, x, begin, count, order, high) {
    for (const value of x.subarray(begin, begin + count)) {
      const key = keyOf(value, order);
      if (key >>> 16 === high) counts[key & 0xffff]++;
    }
  },

  writeMask(mask, x, begin, count, order, threshold, { first, value }) {
    let ties = 0;
    for (let i = begin; i < begin + count; i++) {
      const key = keyOf(x[i], order);
      if (key !== threshold) mask[i] = key > threshold ? 1 : 0;
      else mask[i] = ties++ < first ? value : 1 - value;
    }
    return ties;
  },

  maskRows(mask, x, begin, rows, width, keep, order, keepLast) {
    for (let r = 0; r < rows; r++) maskRun(mask, x, begin + r * width, width, keep, order, keepLast);
    return x.subarray(begin, begin + rows * width).some(Number.isNaN);
  },

  maskGroups(mask, x, groups, of, keep, order) {
    for (let g = 0; g < groups; g++) maskRun(mask, x, g * of, of, keep, order, false);
    return x.subarray(0, groups * of).some(Number.isNaN);
  },
};

/** By a sort: by keys from the largest on, equal ones by their place. */
function maskRun(
  mask: U8,
  x: F32,
  begin: number,
  length: number,
  keep: number,
  order: Order,
  keepLast: boolean,
): void {
  const places = Array.from({ length }, (_, i) => begin + i);
  const sign = keepLast ? -1 : 1;
  places.sort((i, j) => keyOf(x[j], order) - keyOf(x[i], order) || sign * (i - j));
  places.forEach((place, rank) => (mask[place] = rank < keep ? 1 : 0));
}
