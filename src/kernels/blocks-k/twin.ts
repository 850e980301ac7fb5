/** The K-quants over the WebAssembly functions of blocks-k/simd. */
import { stagedDecoder, stagedEncoder, type DecodeExport, type EncodeExport } from '../blocks/staged.js';
import type { BlockKernels } from '../blocks/types.js';
import type { Module } from '../family.js';
import type { KBlockType } from './types.js';

export interface KBlockExports {
  readonly encodeQ2K: EncodeExport;
  readonly encodeQ3K: EncodeExport;
  readonly encodeQ4K: EncodeExport;
  readonly encodeQ5K: EncodeExport;
  readonly encodeQ6K: EncodeExport;
  readonly decodeQ2K: DecodeExport;
  readonly decodeQ3K: DecodeExport;
  readonly decodeQ4K: DecodeExport;
  readonly decodeQ5K: DecodeExport;
  readonly decodeQ6K: DecodeExport;
}

export function simdKBlocks({ exports: wasm, stage }: Module<KBlockExports>): BlockKernels<KBlockType> {
  return {
    encode: {
      Q2_K: stagedEncoder(stage, wasm.encodeQ2K, 256, 84),
      Q3_K: stagedEncoder(stage, wasm.encodeQ3K, 256, 110),
      Q4_K: stagedEncoder(stage, wasm.encodeQ4K, 256, 144),
      Q5_K: stagedEncoder(stage, wasm.encodeQ5K, 256, 176),
      Q6_K: stagedEncoder(stage, wasm.encodeQ6K, 256, 210),
    },
    decode: {
      Q2_K: stagedDecoder(stage, wasm.decodeQ2K, 256, 84),
      Q3_K: stagedDecoder(stage, wasm.decodeQ3K, 256, 110),
      Q4_K: stagedDecoder(stage, wasm.decodeQ4K, 256, 144),
      Q5_K: stagedDecoder(stage, wasm.decodeQ5K, 256, 176),
      Q6_K: stagedDecoder(stage, wasm.decodeQ6K, 256, 210),
    },
  };
}
