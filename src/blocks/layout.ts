/** How a tensor's elements fall into blocks. */
import { rangeError } from '../core/errors.js';
import { elementCount } from '../core/shape.js';
import type { BlockTraits } from './types.js';

export interface BlockLayout {
  readonly rows: number;
  readonly width: number;
  readonly blocks: number;
  readonly size: number;
  readonly bytes: number;
}

/** Rows along the last axis; a scalar is one row of one element. Rows of a part of a block are a named error: whoever converts models chooses another type. */
export function layoutOf(
  fn: string,
  argument: string,
  shape: readonly number[],
  traits: BlockTraits,
): BlockLayout {
  const { type, elementsPerBlock, bytesPerBlock } = traits;
  const size = elementCount(shape, fn, argument);
  const width = shape.length === 0 ? 1 : shape[shape.length - 1];
  if (width % elementsPerBlock !== 0) {
    throw rangeError(
      fn,
      argument,
      `rows of a multiple of ${elementsPerBlock} elements for ${type}`,
      width,
      elementsPerBlock > 32 ? 'choose a type of blocks of 32, such as Q8_0, or F16' : 'choose F16 or BF16',
    );
  }
  const blocks = size / elementsPerBlock;
  return { rows: width === 0 ? 0 : size / width, width, blocks, size, bytes: blocks * bytesPerBlock };
}
