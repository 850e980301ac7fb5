/** Selection over the WebAssembly functions of prune/simd. */
import type { F32, U32 } from '../../core/arrays.js';
import type { Module } from '../family.js';
import { slotAddress } from '../layout.js';
import { addCounts, scalarPrune } from './scalar.js';
import type { PruneKernels } from './types.js';
import { BINS } from './types.js';

/** Staging slots. Counting writes no elements: its two tables of 256 KiB lie in the slots of the output and of the second input. */
const OUT = 0;
const ELEMENTS = 1;
const EVEN = slotAddress(0);
const ODD = slotAddress(2);
/** Where the keys of a row lie: it has no second input. */
const KEYS = slotAddress(2);

export interface PruneExports {
  clearCounts(table: number): void;
  mergeCounts(table: number, more: number): void;
  countHigh(even: number, odd: number, x: number, count: number, isMagnitude: number): void;
  countLow(table: number, x: number, count: number, high: number, isMagnitude: number): void;
  writeMask(
    mask: number,
    x: number,
    count: number,
    threshold: number,
    first: number,
    value: number,
    isMagnitude: number,
  ): number;
  maskRows(
    mask: number,
    x: number,
    rows: number,
    width: number,
    keep: number,
    keepLast: number,
    isMagnitude: number,
    keys: number,
  ): number;
  maskFours(mask: number, x: number, groups: number, keep: number, isMagnitude: number): number;
  maskGroups(mask: number, x: number, groups: number, of: number, keep: number, isMagnitude: number): number;
}

/** Elements whose keys fit into a slot. */
const MOST_KEYS = 65536;
/** Elements in one call: their number is an int32. */
const MOST_ELEMENTS = 2 ** 30;

const flag = (order: 'magnitude' | 'value'): number => (order === 'magnitude' ? 1 : 0);

export function simdPrune({ exports: wasm, stage, buffer }: Module<PruneExports>): PruneKernels {
  const table = new Uint32Array(buffer, EVEN, BINS);

  const forEachTile = (
    x: F32,
    begin: number,
    count: number,
    visit: (at: number, n: number, i: number) => void,
  ): void => {
    const step = Math.min(stage.elementsFor(x), MOST_ELEMENTS);
    for (let i = begin; i < begin + count; i += step) {
      const n = Math.min(step, begin + count - i);
      visit(stage.read(x, i, n, ELEMENTS), n, i);
    }
  };
  const finish = (counts: U32): void => addCounts(counts, table);

  return {
    name: 'simd',

    countHigh(counts, x, begin, count, order) {
      wasm.clearCounts(EVEN);
      wasm.clearCounts(ODD);
      forEachTile(x, begin, count, (at, n) => wasm.countHigh(EVEN, ODD, at, n, flag(order)));
      wasm.mergeCounts(EVEN, ODD);
      finish(counts);
    },

    countLow(counts, x, begin, count, order, high) {
      wasm.clearCounts(EVEN);
      forEachTile(x, begin, count, (at, n) => wasm.countLow(EVEN, at, n, high, flag(order)));
      finish(counts);
    },

    writeMask(mask, x, begin, count, order, threshold, { first, value }) {
      let ties = 0;
      const step = Math.min(stage.elementsFor(mask, x), MOST_ELEMENTS);
      for (let i = begin; i < begin + count; i += step) {
        const n = Math.min(step, begin + count - i);
        const left = Math.max(0, first - ties);
        const to = stage.place(mask, i, OUT);
        ties += wasm.writeMask(to, stage.read(x, i, n, ELEMENTS), n, threshold, left, value, flag(order));
        stage.write(mask, i, n, OUT);
      }
      return ties;
    },

    maskRows(mask, x, begin, rows, width, keep, order, keepLast) {
      const fits = Math.min(stage.elementsFor(mask, x), MOST_ELEMENTS);
      const step = Math.floor(fits / Math.max(1, width));
      if (step < 1 || width > MOST_KEYS) {
        return scalarPrune.maskRows(mask, x, begin, rows, width, keep, order, keepLast);
      }
      let hasNaN = 0;
      for (let r = 0; r < rows; r += step) {
        const count = Math.min(step, rows - r);
        const at = begin + r * width;
        const to = stage.place(mask, at, OUT);
        const from = stage.read(x, at, count * width, ELEMENTS);
        hasNaN |= wasm.maskRows(to, from, count, width, keep, keepLast ? 1 : 0, flag(order), KEYS);
        stage.write(mask, at, count * width, OUT);
      }
      return hasNaN !== 0;
    },

    maskGroups(mask, x, groups, of, keep, order) {
      // Four groups at once, a tail of up to three by the scalar twin.
      const step = 4 * Math.floor(Math.min(stage.elementsFor(mask, x), MOST_ELEMENTS) / (4 * of));
      const whole = step < 4 ? 0 : groups - (groups % 4);
      let hasNaN = 0;
      for (let g = 0; g < whole; g += step) {
        const count = Math.min(step, whole - g);
        const to = stage.place(mask, g * of, OUT);
        const from = stage.read(x, g * of, count * of, ELEMENTS);
        hasNaN |=
          of === 4
            ? wasm.maskFours(to, from, count, keep, flag(order))
            : wasm.maskGroups(to, from, count, of, keep, flag(order));
        stage.write(mask, g * of, count * of, OUT);
      }
      if (whole === groups) return hasNaN !== 0;
      const rest = scalarPrune.maskGroups(
        mask.subarray(whole * of),
        x.subarray(whole * of),
        groups - whole,
        of,
        keep,
        order,
      );
      return rest || hasNaN !== 0;
    },
  };
}
