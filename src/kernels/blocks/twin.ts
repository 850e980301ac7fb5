/** Block types with one scale per block over the WebAssembly functions of blocks/simd; those without one are the scalar kernels. */
import type { Module } from '../family.js';
import { scalarBlocks } from './scalar.js';
import { stagedDecoder, stagedEncoder, type DecodeExport, type EncodeExport } from './staged.js';
import type { BlockEncoder, BlockKernels, PlainBlockType } from './types.js';

export interface BlockExports {
  readonly encodeQ40: EncodeExport;
  readonly encodeQ41: EncodeExport;
  readonly encodeQ50: EncodeExport;
  readonly encodeQ51: EncodeExport;
  readonly encodeQ80: EncodeExport;
  readonly encodeMXFP4: EncodeExport;
  readonly encodeIQ4NL: EncodeExport;
  readonly encodeIQ4XS: EncodeExport;
  readonly decodeQ40: DecodeExport;
  readonly decodeQ41: DecodeExport;
  readonly decodeQ50: DecodeExport;
  readonly decodeQ51: DecodeExport;
  readonly decodeQ80: DecodeExport;
  readonly decodeMXFP4: DecodeExport;
  readonly decodeIQ4NL: DecodeExport;
  readonly decodeIQ4XS: DecodeExport;
}

export function simdBlocks({ exports: wasm, stage }: Module<BlockExports>): BlockKernels<PlainBlockType> {
  /** Types that never use importance: without it, a row needs not be staged whole. */
  const plain =
    (encode: EncodeExport, bytes: number): BlockEncoder =>
    (out, x, rows, width) =>
      stagedEncoder(stage, encode, 32, bytes)(out, x, rows, width, null);
  /** With importance the scalar twin searches. */
  const unweighted =
    (type: PlainBlockType, encode: EncodeExport, bytes: number): BlockEncoder =>
    (out, x, rows, width, importance) => {
      if (importance === null) plain(encode, bytes)(out, x, rows, width, null);
      else scalarBlocks.encode[type](out, x, rows, width, importance);
    };

  return {
    encode: {
      ...scalarBlocks.encode,
      Q4_0: unweighted('Q4_0', wasm.encodeQ40, 18),
      Q4_1: unweighted('Q4_1', wasm.encodeQ41, 20),
      Q5_0: unweighted('Q5_0', wasm.encodeQ50, 22),
      Q5_1: unweighted('Q5_1', wasm.encodeQ51, 24),
      Q8_0: plain(wasm.encodeQ80, 34),
      MXFP4: plain(wasm.encodeMXFP4, 17),
      IQ4_NL: stagedEncoder(stage, wasm.encodeIQ4NL, 32, 18),
      IQ4_XS: stagedEncoder(stage, wasm.encodeIQ4XS, 256, 136),
    },
    decode: {
      ...scalarBlocks.decode,
      Q4_0: stagedDecoder(stage, wasm.decodeQ40, 32, 18),
      Q4_1: stagedDecoder(stage, wasm.decodeQ41, 32, 20),
      Q5_0: stagedDecoder(stage, wasm.decodeQ50, 32, 22),
      Q5_1: stagedDecoder(stage, wasm.decodeQ51, 32, 24),
      Q8_0: stagedDecoder(stage, wasm.decodeQ80, 32, 34),
      MXFP4: stagedDecoder(stage, wasm.decodeMXFP4, 32, 17),
      IQ4_NL: stagedDecoder(stage, wasm.decodeIQ4NL, 32, 18),
      IQ4_XS: stagedDecoder(stage, wasm.decodeIQ4XS, 256, 136),
    },
  };
}
