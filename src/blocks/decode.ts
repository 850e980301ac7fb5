/** decodeBlocks, and the checks that all readers of bytes make. */
import { arrayTag } from '../core/array-tag.js';
import type { F32, U8 } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { checkAttached, outputFloats, ownArray } from '../core/numbers.js';
import { checkOptions } from '../core/options.js';
import { decoderOf } from './codecs.js';
import { layoutOf } from './layout.js';
import { checkType } from './traits.js';
import type { DecodeBlocksOptions } from './types.js';

/** `bytes` when it is a Uint8Array that has its memory. */
export function checkBytes(fn: string, bytes: unknown): U8 {
  if (arrayTag(bytes) !== 'Uint8Array') {
    throw typeError(fn, 'bytes', 'a Uint8Array', bytes, 'pass the bytes of the blocks');
  }
  const own = ownArray(bytes as U8, 'Uint8Array') as U8;
  checkAttached(own, fn, 'bytes');
  return own;
}

/**
 * Returns the float32 values that blocks stand for, in row-major order.
 *
 * Formula: docs/formats.md has every type's bytes; scale * code, and for some types plus or minus a minimum, each operation in float32.
 *
 * Shapes: that of the encoded tensor; rows of whole blocks along its last axis.
 *
 * Numerics: any bytes are decoded. A scale that is NaN or infinite gives NaN or infinities; the payload of a NaN is not specified. `validateBlocks` finds
 * such scales.
 *
 * Cost: one pass. The grids of IQ1 to IQ3 are unpacked at their first use.
 *
 * Compatible with: ggml d99724f2 (August 2026), `to_float` of every type to the bit, for arbitrary bytes.
 *
 * @param bytes the blocks, row after row
 * @param options type; shape; `out`: a Float32Array to write to
 * @throws TypeError or RangeError for arguments, a length that does not fit the shape among them.
 * @example
 * const x = Float32Array.from({ length: 32 }, (_, i) => i * 8 - 127);
 * const { bytes } = encodeBlocks(x, { type: 'Q8_0' });
 * decodeBlocks(bytes, { type: 'Q8_0', shape: [32] })[0]; // -127
 * @see encodeBlocks
 */
export function decodeBlocks(bytes: Uint8Array, options: DecodeBlocksOptions): F32 {
  const fn = 'decodeBlocks';
  const blocks = checkBytes(fn, bytes);
  const { type, shape, out } = checkOptions(fn, options, ['type', 'shape', 'out']);
  const traits = checkType(fn, type);
  if (!Array.isArray(shape)) {
    throw typeError(fn, 'shape', 'an array of lengths', shape, 'pass the shape of the tensor');
  }
  const layout = layoutOf(fn, 'shape', shape as readonly number[], traits);
  if (blocks.length !== layout.bytes) {
    throw rangeError(
      fn,
      'bytes',
      `${layout.bytes} bytes, ${layout.blocks} blocks of ${traits.type}`,
      blocks.length,
      'pass the shape and the type that the bytes were made of',
    );
  }
  const values = outputFloats(out, layout.size, fn);
  if (layout.blocks > 0) decoderOf(traits.type)(values, blocks, layout.blocks);
  return values;
}
