/** Strided views: their reach, whether they are row-major already, and one copy that makes them so. */
import { rowMajorStrides } from './shape.js';

/** Elements of one tile side: 64 float64 columns of 64 rows stay in a 32 KiB first-level cache. */
const TILE = 64;

/** Lowest and highest index that the view touches; [0, -1] when it has no element. Not safe integers if out of any array. */
export function reachOf(
  shape: readonly number[],
  stride: readonly number[],
  offset: number,
): [low: number, high: number] {
  let low = offset;
  let high = offset;
  for (let axis = 0; axis < shape.length; axis++) {
    if (shape[axis] === 0) return [0, -1];
    const span = (shape[axis] - 1) * stride[axis];
    if (span < 0) low += span;
    else high += span;
  }
  return [low, high];
}

/** True when walking the view in row-major order walks the data one by one. Axes of length 1 may have any stride. */
export function isRowMajor(shape: readonly number[], stride: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  const wanted = rowMajorStrides(shape);
  return shape.every((length, axis) => length === 1 || stride[axis] === wanted[axis]);
}

interface Axis {
  readonly length: number;
  readonly stride: number;
}

/** Axes of length 1 dropped, neighbours that step as one merged; at least two axes, the first ones of length 1. */
function mergeAxes(shape: readonly number[], stride: readonly number[]): Axis[] {
  const merged: Axis[] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    const next = { length: shape[axis], stride: stride[axis] };
    const last = merged.at(-1);
    if (next.length === 1) continue;
    if (last !== undefined && last.stride === next.stride * next.length) {
      merged[merged.length - 1] = { length: last.length * next.length, stride: next.stride };
    } else merged.push(next);
  }
  while (merged.length < 2) merged.unshift({ length: 1, stride: 0 });
  return merged;
}

/**
 * Writes the view's elements in row-major order into `out`. The last two axes go in tiles of 64 x 64, so that a
 * transposed matrix is read and written by cache lines (4096 x 4096 float32: twice as fast as row by row).
 * Preconditions: no axis is empty, the reach lies inside `data`, `out` holds the product of `shape`.
 */
export function copyStrided(
  out: { [index: number]: number },
  data: ArrayLike<number>,
  shape: readonly number[],
  stride: readonly number[],
  offset: number,
): void {
  const axes = mergeAxes(shape, stride);
  const rows = axes[axes.length - 2];
  const columns = axes[axes.length - 1];
  const outer = axes.slice(0, -2);
  const index = new Array<number>(outer.length).fill(0);
  let from = offset;
  let to = 0;
  for (;;) {
    copyPlane(out, to, data, from, rows, columns);
    to += rows.length * columns.length;
    let axis = outer.length - 1;
    for (; axis >= 0; axis--) {
      from += outer[axis].stride;
      if (++index[axis] < outer[axis].length) break;
      from -= outer[axis].stride * outer[axis].length;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

function copyPlane(
  out: { [index: number]: number },
  to: number,
  data: ArrayLike<number>,
  from: number,
  rows: Axis,
  columns: Axis,
): void {
  // Tiles pay only where the columns step further than the rows.
  const tile = Math.abs(columns.stride) > Math.abs(rows.stride) ? TILE : columns.length;
  for (let row = 0; row < rows.length; row += TILE) {
    const rowEnd = Math.min(row + TILE, rows.length);
    for (let column = 0; column < columns.length; column += tile) {
      const width = Math.min(tile, columns.length - column);
      for (let r = row; r < rowEnd; r++) {
        let read = from + r * rows.stride + column * columns.stride;
        const write = to + r * columns.length + column;
        for (let c = 0; c < width; c++) {
          out[write + c] = data[read];
          read += columns.stride;
        }
      }
    }
  }
}
