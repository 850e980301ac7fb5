/** Reductions, as their definitions read. */
import type { F32, F64 } from '../../core/arrays.js';
import { forEachColumn, forEachRun } from './regions.js';

/** max |x|; NaN wins over everything. */
function largerMagnitude(best: number, x: number): number {
  if (Number.isNaN(best) || Number.isNaN(x)) return NaN;
  return Math.abs(x) > best ? Math.abs(x) : best;
}

export function absmaxRuns(out: F32, x: F32, rows: number, width: number, run: number): void {
  forEachRun(rows, width, run, (index, begin, end) => {
    let best = 0;
    for (let i = begin; i < end; i++) best = largerMagnitude(best, x[i]);
    out[index] = best;
  });
}

export function absmaxColumns(out: F32, x: F32, rows: number, width: number): void {
  forEachColumn(rows, width, (column, i) => {
    out[column] = largerMagnitude(out[column], x[i]);
  });
}

/** Math.min and Math.max have the wanted order: NaN wins, and -0 lies below +0. */
export function minmaxRuns(min: F32, max: F32, x: F32, rows: number, width: number, run: number): void {
  forEachRun(rows, width, run, (index, begin, end) => {
    let low = Infinity;
    let high = -Infinity;
    for (let i = begin; i < end; i++) {
      low = Math.min(low, x[i]);
      high = Math.max(high, x[i]);
    }
    min[index] = low;
    max[index] = high;
  });
}

export function minmaxColumns(min: F32, max: F32, x: F32, rows: number, width: number): void {
  forEachColumn(rows, width, (column, i) => {
    const bad = Number.isNaN(min[column]) || Number.isNaN(max[column]);
    min[column] = bad ? NaN : Math.min(min[column], x[i]);
    max[column] = bad ? NaN : Math.max(max[column], x[i]);
  });
}

/**
 * Element i of a run goes to partial sum i mod 8; the sums are added as ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)).
 * x * x is exact in float64 (24 + 24 bits), so only the additions round.
 */
export function momentsRuns(out: F64, x: F32, rows: number, width: number, run: number): void {
  forEachRun(rows, width, run, (index, begin, end) => {
    const sum = new Float64Array(8);
    const squares = new Float64Array(8);
    for (let i = begin; i < end; i++) {
      sum[(i - begin) % 8] += x[i];
      squares[(i - begin) % 8] += x[i] * x[i];
    }
    out[2 * index] = addLanes(sum);
    out[2 * index + 1] = addLanes(squares);
  });
}

function addLanes(s: F64): number {
  return s[0] + s[4] + (s[2] + s[6]) + (s[1] + s[5] + (s[3] + s[7]));
}

export function firstNonFinite(x: F32): number {
  return x.findIndex((value) => !Number.isFinite(value));
}
