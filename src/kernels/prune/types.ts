/**
 * Selection of the largest numbers: a family of its own. One interface, three implementations that give the same bits.
 *
 * Numbers are compared by a key, a uint32 whose order is theirs: of magnitudes, the bits shifted left by 1, which drops the sign; of values,
 * the bits with the sign inverted where it is 0 and all of them inverted where it is 1, -0 taken as 0. A NaN has a key too: whoever
 * selects must refuse it first.
 */
import type { F32, U32, U8 } from '../../core/arrays.js';

/** What is large: |x|, or x. */
export type Order = 'magnitude' | 'value';

/** Entries of the tables of counts: keys go by their 16 high bits, then by the 16 low ones. */
export const BINS = 65536;

/** Longest group of `maskGroups`. */
export const MOST_OF = 32;

/** How elements whose key is the threshold's go: the `first` ones of them, in order, become `value`, the later ones 1 - value. */
export interface TieRule {
  readonly first: number;
  readonly value: 0 | 1;
}

export interface PruneKernels {
  readonly name: 'reference' | 'scalar' | 'simd';

  /** counts[key >>> 16] += 1 for each of x[begin .. begin + count - 1]; counts has BINS entries. */
  countHigh(counts: U32, x: F32, begin: number, count: number, order: Order): void;

  /** counts[key & 0xffff] += 1 for each whose key >>> 16 is `high`. */
  countLow(counts: U32, x: F32, begin: number, count: number, order: Order, high: number): void;

  /**
   * mask[i] = 1 where the key of x[i] is above `threshold`, 0 where it is below, as `ties` says where they are equal, for
   * begin <= i < begin + count. Returns how many were equal. `first` is at most 2^31 - 1.
   */
  writeMask(
    mask: U8,
    x: F32,
    begin: number,
    count: number,
    order: Order,
    threshold: number,
    ties: TieRule,
  ): number;

  /**
   * In each of `rows` rows of `width`, from x[begin] on: mask = 1 for the `keep` largest, 0 for the others; of equal ones the first are kept,
   * or the last if `keepLast`. Returns whether any element is NaN.
   */
  maskRows(
    mask: U8,
    x: F32,
    begin: number,
    rows: number,
    width: number,
    keep: number,
    order: Order,
    keepLast: boolean,
  ): boolean;

  /** The same in each of `groups` groups of `of` <= MOST_OF adjacent elements from x[0] on; of equal ones the first are kept. */
  maskGroups(mask: U8, x: F32, groups: number, of: number, keep: number, order: Order): boolean;
}
