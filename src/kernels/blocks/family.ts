/** Block types of ggml with one scale per block: their kernels in use. */
import { kernelFamily, openModule, type KernelFamily } from '../family.js';
import { referenceBlocks } from './reference.js';
import { scalarBlocks } from './scalar.js';
import { SIMD_WASM_BASE64, SIMD_WASM_BYTES } from './simd.generated.js';
import { simdBlocks, type BlockExports } from './twin.js';
import type { BlockKernels, PlainBlockType } from './types.js';

/** The SIMD twin, with tiles of this many elements for tests, at least 256; null where the engine has none. */
export function createSimdBlocks(tileElements?: number): BlockKernels<PlainBlockType> | null {
  const module = openModule<BlockExports>(SIMD_WASM_BASE64, SIMD_WASM_BYTES, tileElements);
  return module === null ? null : simdBlocks(module);
}

export const blockKernels: KernelFamily<BlockKernels<PlainBlockType>> = kernelFamily(
  referenceBlocks,
  scalarBlocks,
  () => createSimdBlocks(),
);
