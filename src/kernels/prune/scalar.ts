/** Selection in plain TypeScript: radix counts over the bits, and descent bit by bit within rows. */
import type { F32, I32, U32, U8 } from '../../core/arrays.js';
import type { Order, PruneKernels } from './types.js';
import { BINS, MOST_OF } from './types.js';

/** The bits of x[begin] and on. */
const bitsOf = (x: F32, begin: number, count: number): I32 =>
  new Int32Array(x.buffer, x.byteOffset + 4 * begin, count);

/** The key of these bits. */
function keyOf(bits: number, isMagnitude: boolean): number {
  if (isMagnitude) return (bits << 1) >>> 0;
  return bits === -2147483648 ? 0x80000000 : (bits ^ ((bits >> 31) | 0x80000000)) >>> 0;
}

/** Keys of one row, grown as needed. */
let rowKeys: U32 = new Uint32Array(4096);

export const scalarPrune: PruneKernels = {
  name: 'scalar',

  countHigh(counts, x, begin, count, order) {
    const bits = bitsOf(x, begin, count);
    const isMagnitude = order === 'magnitude';
    for (let i = 0; i < count; i++) counts[keyOf(bits[i], isMagnitude) >>> 16]++;
  },

  countLow(counts, x, begin, count, order, high) {
    const bits = bitsOf(x, begin, count);
    const isMagnitude = order === 'magnitude';
    for (let i = 0; i < count; i++) {
      const key = keyOf(bits[i], isMagnitude);
      if (key >>> 16 === high) counts[key & 0xffff]++;
    }
  },

  writeMask(mask, x, begin, count, order, threshold, { first, value }) {
    const bits = bitsOf(x, begin, count);
    const isMagnitude = order === 'magnitude';
    let ties = 0;
    for (let i = 0; i < count; i++) {
      const key = keyOf(bits[i], isMagnitude);
      if (key !== threshold) mask[begin + i] = key > threshold ? 1 : 0;
      else mask[begin + i] = ties++ < first ? value : 1 - value;
    }
    return ties;
  },

  maskRows(mask, x, begin, rows, width, keep, order, keepLast) {
    if (rowKeys.length < width) rowKeys = new Uint32Array(width);
    let hasNaN = false;
    for (let r = 0; r < rows; r++) {
      hasNaN = maskRow(mask, x, begin + r * width, width, keep, order, keepLast) || hasNaN;
    }
    return hasNaN;
  },

  maskGroups(mask, x, groups, of, keep, order) {
    const isMagnitude = order === 'magnitude';
    const bits = bitsOf(x, 0, groups * of);
    let hasNaN = false;
    for (let at = 0; at < groups * of; at += of) {
      wins.fill(0, 0, of);
      for (let j = 0; j < of; j++) {
        groupKeys[j] = keyOf(bits[at + j], isMagnitude);
        hasNaN ||= (bits[at + j] & 0x7fffffff) > 0x7f800000;
      }
      // Of two elements the first wins a tie; an element is kept if at most keep - 1 others win against it.
      for (let i = 0; i < of; i++) {
        for (let j = i + 1; j < of; j++) {
          if (groupKeys[i] >= groupKeys[j]) wins[i]++;
          else wins[j]++;
        }
      }
      for (let j = 0; j < of; j++) mask[at + j] = wins[j] >= of - keep ? 1 : 0;
    }
    return hasNaN;
  },
};

const groupKeys = new Uint32Array(MOST_OF);
const wins = new Uint8Array(MOST_OF);

function maskRow(
  mask: U8,
  x: F32,
  begin: number,
  width: number,
  keep: number,
  order: Order,
  keepLast: boolean,
): boolean {
  const bits = bitsOf(x, begin, width);
  const isMagnitude = order === 'magnitude';
  let hasNaN = false;
  for (let i = 0; i < width; i++) {
    rowKeys[i] = keyOf(bits[i], isMagnitude);
    hasNaN ||= (bits[i] & 0x7fffffff) > 0x7f800000;
  }
  if (keep === 0 || keep === width) {
    mask.fill(keep === 0 ? 0 : 1, begin, begin + width);
    return hasNaN;
  }
  const threshold = thresholdOf(rowKeys, width, keep);
  let above = 0;
  let ties = 0;
  for (let i = 0; i < width; i++) {
    if (rowKeys[i] > threshold) above++;
    else if (rowKeys[i] === threshold) ties++;
  }
  const first = keepLast ? ties - (keep - above) : keep - above;
  const value = keepLast ? 0 : 1;
  let seen = 0;
  for (let i = 0; i < width; i++) {
    const key = rowKeys[i];
    if (key !== threshold) mask[begin + i] = key > threshold ? 1 : 0;
    else mask[begin + i] = seen++ < first ? value : 1 - value;
  }
  return hasNaN;
}

const table = new Uint32Array(256);

/** The `keep`-th largest key, byte by byte from the top. */
function thresholdOf(keys: U32, width: number, keep: number): number {
  let prefix = 0;
  let left = keep;
  for (let shift = 24; shift >= 0; shift -= 8) {
    table.fill(0);
    // A shift by 32 would be one by 0: the first byte has no prefix.
    for (let i = 0; i < width; i++) {
      if (shift === 24 || keys[i] >>> (shift + 8) === prefix) table[(keys[i] >>> shift) & 255]++;
    }
    let byte = 255;
    while (table[byte] < left) left -= table[byte--];
    prefix = ((prefix << 8) | byte) >>> 0;
  }
  return prefix;
}

/** Adds one table of counts to another. */
export function addCounts(counts: U32, more: U32): void {
  for (let i = 0; i < BINS; i++) counts[i] += more[i];
}
