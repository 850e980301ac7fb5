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
export { packAwq, unpackAwq, type AwqPackingOptions, type AwqUnpackingOptions } from './awq-packing.js';
export { decodeFbgemmRows, encodeFbgemmRows } from './fbgemm.js';
export type { FbgemmDecodeOptions, FbgemmRows, FbgemmRowsOptions } from './fbgemm.js';
export { packGptq, unpackGptq } from './gptq-packing.js';
export type { GptqPackingOptions, GptqUnpackingOptions } from './gptq-packing.js';
export type { AffineCodes, AffineGranularity, NamedArrays, UnpackedAffine } from './packing-types.js';
