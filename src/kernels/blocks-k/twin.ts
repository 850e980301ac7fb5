/** The K-quants over the WebAssembly functions of blocks-k/simd. */
import { stagedEncoder, type EncodeExport } from '../blocks/staged.js';
import type { BlockKernels } from '../blocks/types.js';
import type { Module } from '../family.js';
import { scalarKBlocks } from './scalar.js';
import type { KBlockType } from './types.js';

export interface KBlockExports {
  readonly encodeQ2K: EncodeExport;
  readonly encodeQ3K: EncodeExport;
  readonly encodeQ4K: EncodeExport;
  readonly encodeQ5K: EncodeExport;
  readonly encodeQ6K: EncodeExport;
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
    decode: scalarKBlocks.decode,
  };
}
