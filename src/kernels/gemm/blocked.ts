/** Blocked products: panels of both operands in staging slots, blocks of C in place or in a slot. */
import type { F32, F64, FloatArray } from '../../core/arrays.js';
import type { Module } from '../family.js';
import { slotAddress } from '../layout.js';
import { TILE_ELEMENTS } from '../tiles.js';
import type { GemmKernels, Product } from './types.js';

type Pack = (
  to: number,
  from: number,
  lineStride: number,
  step: number,
  lines: number,
  depth: number,
  width: number,
) => void;

type BlockProduct = (
  c: number,
  stride: number,
  a: number,
  b: number,
  rows: number,
  columns: number,
  depth: number,
  isFresh: boolean,
  below: number,
) => void;

export interface BlockExports {
  packF32: Pack;
  packF64: Pack;
  packWide: Pack;
  productF32: BlockProduct;
  productF64: BlockProduct;
}

/** Slots of a block of C, of panels of A, and of panels of B, which go on over six slots. */
const OUT = 0;
const LEFT = 1;
const RIGHT = 3;

/** A `below` that no tile of a block reaches: nothing is left out. */
const NOTHING_BELOW = -(2 ** 30);

/** Rows, columns and depth of a block, in float32; in float64 half as deep. */
interface Block {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/**
 * Panels of B, 512 KiB, stay in the second cache while all rows go by; those of A, 64 KiB, beside them. Every element of A is packed once
 * per 512 columns: 1024^3 at 256 columns takes 8 % longer.
 */
const LARGE: Block = { rows: 64, columns: 512, depth: 256 };
/** For tests: many edges in small matrices. */
const SMALL: Block = { rows: 8, columns: 16, depth: 6 };

export function blockedProduct({ exports: wasm, stage, buffer }: Module<BlockExports>): {
  readonly f32: GemmKernels['gemmF32'];
  readonly f64: GemmKernels['gemmF64'];
} {
  const block = stage.tileElements < TILE_ELEMENTS ? SMALL : LARGE;

  /** Packs `lines` lines of `x`, the first at x[begin]; through the engine's own loops where x lies elsewhere. */
  const pack = (
    slot: number,
    x: FloatArray,
    begin: number,
    lineStride: number,
    step: number,
    lines: number,
    depth: number,
    width: number,
    isWide: boolean,
  ): void => {
    const to = slotAddress(slot);
    const size = x.BYTES_PER_ELEMENT;
    if (stage.elementsFor(x) === Infinity) {
      const packer = isWide ? (size === 4 ? wasm.packWide : wasm.packF64) : wasm.packF32;
      packer(to, x.byteOffset + begin * size, lineStride * size, step * size, lines, depth, width);
      return;
    }
    const length = Math.ceil(lines / width) * width * depth;
    const out = isWide ? new Float64Array(buffer, to, length) : new Float32Array(buffer, to, length);
    packLines(out, x, begin, lineStride, step, lines, depth, width);
  };

  const multiply = (c: F32 | F64, a: FloatArray, b: FloatArray, product: Product): void => {
    const { rows, columns, depth, aRow, aColumn, bRow, bColumn, isSymmetric } = product;
    const size = c.BYTES_PER_ELEMENT;
    const isWide = size === 8;
    const width = isWide ? 4 : 8;
    const multiplyBlock = isWide ? wasm.productF64 : wasm.productF32;
    const most = isWide ? block.depth / 2 : block.depth;
    const inPlace = stage.elementsFor(c) === Infinity;
    if (depth === 0) c.fill(0, 0, rows * columns);
    for (let j = 0; j < columns; j += block.columns) {
      const wide = Math.min(block.columns, columns - j);
      for (let k = 0; k < depth; k += most) {
        const deep = Math.min(most, depth - k);
        pack(RIGHT, b, k * bRow + j * bColumn, bColumn, bRow, wide, deep, width, isWide);
        const end = isSymmetric ? Math.min(rows, j + wide) : rows;
        for (let i = 0; i < end; i += block.rows) {
          const high = Math.min(block.rows, rows - i);
          pack(LEFT, a, i * aRow + k * aColumn, aRow, aColumn, high, deep, 4, isWide);
          const below = isSymmetric ? i - j : NOTHING_BELOW;
          const at = i * columns + j;
          const address = stage.place(c, at, OUT);
          const stride = inPlace ? columns : wide;
          if (!inPlace && k > 0) copyBlock(blockView(c, wide * high), wide, 0, c, columns, at, high, wide);
          multiplyBlock(
            address,
            stride * size,
            slotAddress(LEFT),
            slotAddress(RIGHT),
            high,
            wide,
            deep,
            k === 0,
            below,
          );
          if (!inPlace) copyBlock(c, columns, at, blockView(c, wide * high), wide, 0, high, wide);
        }
      }
    }
    if (isSymmetric) mirror(c, rows);
  };

  const blockView = (like: F32 | F64, length: number): F32 | F64 =>
    like.BYTES_PER_ELEMENT === 8
      ? new Float64Array(buffer, slotAddress(OUT), length)
      : new Float32Array(buffer, slotAddress(OUT), length);

  return { f32: multiply, f64: multiply };
}

function packLines(
  out: FloatArray,
  x: FloatArray,
  begin: number,
  lineStride: number,
  step: number,
  lines: number,
  depth: number,
  width: number,
): void {
  for (let line = 0; line < lines; line += width) {
    const panel = line * depth;
    for (let l = 0; l < width; l++) {
      let at = begin + (line + l) * lineStride;
      let to = panel + l;
      if (line + l >= lines) {
        for (let k = 0; k < depth; k++, to += width) out[to] = 0;
        continue;
      }
      for (let k = 0; k < depth; k++, to += width) {
        out[to] = x[at];
        at += step;
      }
    }
  }
}

function copyBlock(
  to: F32 | F64,
  toStride: number,
  toAt: number,
  from: F32 | F64,
  fromStride: number,
  fromAt: number,
  rows: number,
  columns: number,
): void {
  for (let r = 0; r < rows; r++) {
    const begin = fromAt + r * fromStride;
    to.set(from.subarray(begin, begin + columns), toAt + r * toStride);
  }
}

/** Copies the upper triangle to the lower one. */
function mirror(c: F32 | F64, order: number): void {
  for (let i = 1; i < order; i++) {
    for (let j = 0; j < i; j++) c[i * order + j] = c[j * order + i];
  }
}
