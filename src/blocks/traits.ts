/** The block types and what is known of each. */
import { checkChoice } from '../core/options.js';
import { GGML_TYPES } from '../core/ggml-types.js';
import { TYPE_NAMES, type BlockTraits, type BlockType } from './types.js';

/** Types whose encoders search a grid of points; ggml's bytes for them are not made here. */
const DECODED_ONLY: ReadonlySet<BlockType> = new Set<BlockType>([
  'IQ1_S',
  'IQ1_M',
  'IQ2_XXS',
  'IQ2_XS',
  'IQ2_S',
  'IQ3_XXS',
  'IQ3_S',
]);

/** Types that ggml refuses to encode without importance. */
const NEED_IMPORTANCE: ReadonlySet<BlockType> = new Set<BlockType>(['IQ1_S', 'IQ2_XXS', 'IQ2_XS']);

/**
 * The block types by name: elements and bytes of a block, bits per weight, the number that GGUF files use, whether `encodeBlocks` makes them, and
 * whether ggml encodes them with importance only.
 *
 * @example
 * BLOCK_TYPES.Q4_K.bitsPerWeight; // 4.5
 * @see encodeBlocks
 */
export const BLOCK_TYPES: Readonly<Record<BlockType, BlockTraits>> = Object.fromEntries(
  TYPE_NAMES.map((type) => [type, traitsOf(type)]),
) as Record<BlockType, BlockTraits>;

function traitsOf(type: BlockType): BlockTraits {
  const { id, elements, bytes } = GGML_TYPES[type];
  return {
    type,
    elementsPerBlock: elements,
    bytesPerBlock: bytes,
    bitsPerWeight: (8 * bytes) / elements,
    ggmlId: id,
    canEncode: !DECODED_ONLY.has(type),
    needsImportance: NEED_IMPORTANCE.has(type),
  };
}

/** The traits of a type that the caller named, or the named error with the nearest name. */
export const checkType = (fn: string, type: unknown): BlockTraits =>
  BLOCK_TYPES[checkChoice(fn, 'type', type, TYPE_NAMES)];
