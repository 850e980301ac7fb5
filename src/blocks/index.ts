export { decodeBlocks } from './decode.js';
export { encodeBlocks } from './encode.js';
export { BLOCK_TYPES } from './traits.js';
export type {
  BlockProblem,
  BlockTensor,
  BlockTraits,
  BlockType,
  DecodeBlocksOptions,
  EncodeBlocksOptions,
} from './types.js';
export { validateBlocks } from './validate.js';
export { decodeMatMulNBits, encodeMatMulNBits } from './matmul-nbits.js';
export type { MatMulNBitsOptions, MatMulNBitsTensor, MatMulNBitsWidth } from './matmul-nbits-types.js';
