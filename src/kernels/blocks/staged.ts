/** How encoders and decoders of blocks in WebAssembly reach arrays that lie anywhere: whole blocks at a time. */
import { SLOT_BYTES } from '../layout.js';
import type { Stage } from '../tiles.js';
import type { BlockDecoder, BlockEncoder } from './types.js';

/** Staging slots. */
const OUT = 0;
const INPUT = 1;
const IMPORTANCE = 3;

/** A multiple of every type's block. */
const BLOCK = 256;

/** Most columns whose importance fits in a slot. */
const MOST_COLUMNS = SLOT_BYTES / 4;

/** `importance` is 0, or the address of `width` float32, one per column of a row; the first block is then the first of a row. */
export type EncodeExport = (
  out: number,
  x: number,
  blocks: number,
  importance: number,
  width: number,
) => void;

export type DecodeExport = (out: number, bytes: number, blocks: number) => void;

/** An encoder for a type of `elements` and `bytes` per block, whose blocks do not depend on each other. */
export function stagedEncoder(
  stage: Stage,
  encode: EncodeExport,
  elements: number,
  bytes: number,
): BlockEncoder {
  return (out, x, rows, width, importance) => {
    const total = rows * width;
    const most = Math.floor(stage.elementsFor(out, x) / BLOCK) * BLOCK;
    const piece = (from: number, count: number, weights: number, columns: number): void => {
      const blocks = count / elements;
      const at = (from / elements) * bytes;
      encode(stage.place(out, at, OUT), stage.read(x, from, count, INPUT), blocks, weights, columns);
      stage.write(out, at, blocks * bytes, OUT);
    };
    if (importance === null) {
      for (let from = 0; from < total; from += most) piece(from, Math.min(most, total - from), 0, 0);
      return;
    }
    const columns = Math.min(width, most, MOST_COLUMNS);
    for (let column = 0; column < width; column += columns) {
      const some = Math.min(columns, width - column);
      const weights = stage.read(importance, column, some, IMPORTANCE);
      if (some < width) {
        for (let from = column; from < total; from += width) piece(from, some, weights, some);
        continue;
      }
      const step = Math.floor(most / width) * width;
      for (let from = 0; from < total; from += step) {
        piece(from, Math.min(step, total - from), weights, width);
      }
    }
  };
}

export function stagedDecoder(
  stage: Stage,
  decode: DecodeExport,
  elements: number,
  bytes: number,
): BlockDecoder {
  return (out, from, blocks) => {
    const most = Math.floor((stage.elementsFor(out, from) / BLOCK) * (BLOCK / elements));
    for (let b = 0; b < blocks; b += most) {
      const some = Math.min(most, blocks - b);
      decode(stage.place(out, b * elements, OUT), stage.read(from, b * bytes, some * bytes, INPUT), some);
      stage.write(out, b * elements, some * elements, OUT);
    }
  };
}
