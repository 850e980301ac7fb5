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
export {
  blocksToMatMulNBits,
  matMulNBitsToBlocks,
  packMatMulNBits,
  unpackMatMulNBits,
  type PackMatMulNBitsOptions,
} from './matmul-nbits-convert.js';
export type { MatMulNBitsOptions, MatMulNBitsTensor, MatMulNBitsWidth } from './matmul-nbits-types.js';
export { packAwq, unpackAwq, type AwqPackingOptions, type AwqUnpackingOptions } from './awq-packing.js';
export { decodeFbgemmRows, encodeFbgemmRows } from './fbgemm.js';
export type { FbgemmDecodeOptions, FbgemmRows, FbgemmRowsOptions } from './fbgemm.js';
export { packGptq, unpackGptq } from './gptq-packing.js';
export type { GptqPackingOptions, GptqUnpackingOptions } from './gptq-packing.js';
export type { AffineCodes, AffineGranularity, NamedArrays, UnpackedAffine } from './packing-types.js';
export { packBitsandbytes, unpackBitsandbytes } from './bitsandbytes.js';
export type { BitsandbytesOptions, CodebookCodes, NestedCodes } from './bitsandbytes.js';
export { packCompressedTensors } from './compressed-tensors.js';
export type {
  CompressedTensorsCodes,
  CompressedTensorsFormat,
  CompressedTensorsFormats,
  CompressedTensorsPackingOptions,
  CompressedTensorsUnpackingOptions,
  Float8Codes,
  MxCodes,
  Nvfp4Codes,
  UnpackedCompressedTensors,
} from './compressed-tensors-types.js';
export { unpackCompressedTensors } from './compressed-tensors-unpack.js';
