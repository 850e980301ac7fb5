/** Products of sparse matrices over the WebAssembly functions of sparse/simd. */
import type { F32, U32, U8 } from '../../core/arrays.js';
import type { Module } from '../family.js';
import { SLOT_BYTES } from '../layout.js';
import { TILE_ELEMENTS } from '../tiles.js';
import { scalarSparse } from './scalar.js';
import type { SparseKernels } from './types.js';

/** Staging slots. The vector takes the wide slot of outputs, which here are short. */
const VECTOR = 0;
const VALUES = 1;
const INDICES = 2;
const OUT = 3;
const POINTERS = 4;
const PLACES = 5;

/** Rows whose results and pointers fit in their slots. */
const MOST_ROWS = SLOT_BYTES / 4 - 1;
/** Columns whose places fit in their slot, and in 16 bits. */
const MOST_COLUMNS = 65536 - 4;

type Rows = (y: number, values: number, indices: number, pointers: number, x: number, rows: number) => void;

export interface SparseExports {
  csrGemv8: Rows;
  csrGemv16: Rows;
  csrGemv32: Rows;
  bitmaskGemv(
    y: number,
    values: number,
    bits: number,
    x: number,
    rows: number,
    columns: number,
    places: number,
  ): number;
  bsrGemv(
    y: number,
    values: number,
    indices: number,
    pointers: number,
    x: number,
    blockRows: number,
    height: number,
    width: number,
  ): void;
}

export function simdSparse({ exports: wasm, stage }: Module<SparseExports>): SparseKernels {
  const fitsVector = (x: F32): boolean => stage.elementsFor(x) === Infinity || x.length <= TILE_ELEMENTS;

  const csrGemv: SparseKernels['csrGemv'] = (y, values, indices, pointers, x, rows) => {
    if (!fitsVector(x)) {
      scalarSparse.csrGemv(y, values, indices, pointers, x, rows);
      return;
    }
    const width = indices.BYTES_PER_ELEMENT;
    const run = width === 1 ? wasm.csrGemv8 : width === 2 ? wasm.csrGemv16 : wasm.csrGemv32;
    const vector = stage.read(x, 0, x.length, VECTOR);
    const room = stage.elementsFor(values, indices);
    for (let r = 0; r < rows;) {
      const end = lastRow(pointers, r, rows, room);
      const begin = pointers[r];
      const count = pointers[end] - begin;
      // A row longer than a tile: the scalar twin has the same bits.
      if (count > room) scalarSparse.csrGemv(y.subarray(r), values, indices, pointers.subarray(r), x, 1);
      else {
        const value = stage.read(values, begin, count, VALUES) - 4 * begin;
        const index = stage.read(indices, begin, count, INDICES) - width * begin;
        const pointer = stage.read(pointers, r, end - r + 1, POINTERS);
        run(stage.place(y, r, OUT), value, index, pointer, vector, end - r);
        stage.write(y, r, end - r, OUT);
      }
      r = end;
    }
  };

  return {
    name: 'simd',
    csrGemv,

    bitmaskGemv(y, values, bits, x, rows, columns) {
      const rowBytes = Math.ceil(columns / 8);
      const room = stage.elementsFor(values, bits);
      const isWide = columns > MOST_COLUMNS || columns > room || 2 * (columns + 4) > SLOT_BYTES;
      if (isWide || !fitsVector(x)) {
        scalarSparse.bitmaskGemv(y, values, bits, x, rows, columns);
        return;
      }
      const vector = stage.read(x, 0, columns, VECTOR);
      // Every row may be full, so that many rows always fit.
      const step = Math.max(1, Math.min(Math.floor(room / Math.max(columns, 1)), MOST_ROWS));
      const places = stage.place(PLACES_ARRAY, 0, PLACES);
      let used = 0;
      for (let r = 0; r < rows; r += step) {
        const count = Math.min(step, rows - r);
        const most = Math.min(values.length - used, count * columns);
        const value = stage.read(values, used, most, VALUES);
        const bit = stage.read(bits, r * rowBytes, count * rowBytes, INDICES);
        used += wasm.bitmaskGemv(stage.place(y, r, OUT), value, bit, vector, count, columns, places);
        stage.write(y, r, count, OUT);
      }
    },

    bsrGemv(y, values, indices, pointers, x, blockRows, height, width) {
      const size = height * width;
      const room = Math.floor(stage.elementsFor(values) / size);
      if (!fitsVector(x) || height > MOST_ROWS) {
        scalarSparse.bsrGemv(y, values, indices, pointers, x, blockRows, height, width);
        return;
      }
      const vector = stage.read(x, 0, x.length, VECTOR);
      const wide = indices.BYTES_PER_ELEMENT === 4 ? (indices as U32) : Uint32Array.from(indices);
      const mostRows = Math.floor(MOST_ROWS / height);
      const places = Math.min(room, stage.elementsFor(wide));
      for (let b = 0; b < blockRows;) {
        const end = lastRow(pointers, b, Math.min(blockRows, b + mostRows), places);
        const begin = pointers[b];
        const count = pointers[end] - begin;
        const out = y.subarray(b * height, end * height);
        if (count > places) {
          scalarSparse.bsrGemv(out, values, indices, pointers.subarray(b), x, 1, height, width);
        } else {
          const value = stage.read(values, begin * size, count * size, VALUES) - 4 * begin * size;
          const index = stage.read(wide, begin, count, INDICES) - 4 * begin;
          const pointer = stage.read(pointers, b, end - b + 1, POINTERS);
          wasm.bsrGemv(stage.place(out, 0, OUT), value, index, pointer, vector, end - b, height, width);
          stage.write(out, 0, out.length, OUT);
        }
        b = end;
      }
    },
  };
}

/** An array that lies in no memory of the kernels: its place is the staging slot. */
const PLACES_ARRAY: U8 = new Uint8Array(0);

/** The row behind the last whose entries, from row r on, fit in `room`; at least r + 1. */
function lastRow(pointers: U32, r: number, rows: number, room: number): number {
  const most = Math.min(rows, r + MOST_ROWS);
  if (pointers[most] - pointers[r] <= room) return most;
  let end = r + 1;
  while (end < most && pointers[end + 1] - pointers[r] <= room) end++;
  return end;
}
