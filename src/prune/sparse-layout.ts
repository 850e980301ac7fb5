/** How sparse encodings lie: sizes, index widths, and the places of stored elements. */
import type { U32, U8 } from '../core/arrays.js';
import { kernels } from '../kernels/dispatch.js';
import type { IndexArray, SparseTensor } from './sparse-types.js';

/** Most elements of a tensor: pointers have 32 bits. */
export const MOST_ELEMENTS: number = 2 ** 32 - 1;

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
}

/** A shape as rows of its last axis. */
export function matrixOf(shape: readonly number[]): Matrix {
  const columns = shape.length === 0 ? 1 : shape[shape.length - 1];
  return { rows: shape.slice(0, -1).reduce((a, b) => a * b, 1), columns };
}

export const indexDtype = (largest: number): 'uint8' | 'uint16' | 'uint32' =>
  largest < 256 ? 'uint8' : largest < 65536 ? 'uint16' : 'uint32';

/** Zeros in the width that numbers up to `largest` take. */
export function indexArray(largest: number, length: number): IndexArray {
  const dtype = indexDtype(largest);
  if (dtype === 'uint8') return new Uint8Array(length);
  return dtype === 'uint16' ? new Uint16Array(length) : new Uint32Array(length);
}

export const positionBits = (of: number): number => Math.max(1, 32 - Math.clz32(of - 1));

/** Places of an N:M tensor's values in their groups, one by one. */
export function unpackPositions(packed: U8, count: number, of: number): U8 {
  const positions = new Uint8Array(count);
  kernels().unpackBits(positions, packed, count, positionBits(of), 0);
  return positions;
}

export function packPositions(positions: U8, of: number): U8 {
  const bits = positionBits(of);
  const packed = new Uint8Array(Math.ceil((positions.length * bits) / 8));
  kernels().packBits(packed, positions, positions.length, bits, 0);
  return packed;
}

/** Calls `visit` with the index in the tensor of every stored value that lies inside it, in the order of the values; c is checked. */
export function visitStored(c: SparseTensor, visit: (at: number, i: number) => void): void {
  const { rows, columns } = matrixOf(c.shape);
  switch (c.format) {
    case 'bitmask':
      visitBits(c.bits, rows, columns, visit);
      return;
    case 'csr':
    case 'csc': {
      const isRows = c.format === 'csr';
      const lines = c.pointers.length - 1;
      for (let l = 0; l < lines; l++)
        for (let i = c.pointers[l]; i < c.pointers[l + 1]; i++)
          visit(isRows ? l * columns + c.indices[i] : c.indices[i] * columns + l, i);
      return;
    }
    case 'coo':
      for (let i = 0; i < c.rows.length; i++) visit(c.rows[i] * columns + c.columns[i], i);
      return;
    case 'bsr': {
      const [height, width] = c.blockShape;
      for (let b = 0; b < c.pointers.length - 1; b++) {
        for (let i = c.pointers[b] * height * width; i < c.pointers[b + 1] * height * width; i++) {
          const row = b * height + (Math.floor(i / width) % height);
          const column = c.indices[Math.floor(i / (height * width))] * width + (i % width);
          if (row < rows && column < columns) visit(row * columns + column, i);
        }
      }
      return;
    }
    case 'nm': {
      const positions = unpackPositions(c.positions, c.values.length, c.of);
      for (let i = 0; i < positions.length; i++) visit(Math.floor(i / c.keep) * c.of + positions[i], i);
    }
  }
}

function visitBits(bits: U8, rows: number, columns: number, visit: (at: number, i: number) => void): void {
  const rowBytes = Math.ceil(columns / 8);
  let i = 0;
  for (let r = 0; r < rows; r++) {
    for (let b = 0; b < rowBytes; b++) {
      for (let byte = bits[r * rowBytes + b]; byte !== 0; byte &= byte - 1)
        visit(r * columns + 8 * b + 31 - Math.clz32(byte & -byte), i++);
    }
  }
}

/** Pointers as the kernels take them. */
export const widePointers = (pointers: IndexArray): U32 =>
  pointers instanceof Uint32Array ? pointers : Uint32Array.from(pointers);
