/** The K-quants of ggml: their kernels in use. */
import type { BlockKernels } from '../blocks/types.js';
import { kernelFamily, openModule, type KernelFamily } from '../family.js';
import { referenceKBlocks } from './reference.js';
import { scalarKBlocks } from './scalar.js';
import { SIMD_WASM_BASE64, SIMD_WASM_BYTES } from './simd.generated.js';
import { simdKBlocks, type KBlockExports } from './twin.js';
import type { KBlockType } from './types.js';

/** The SIMD twin, with tiles of this many elements for tests, at least 256; null where the engine has none. */
export function createSimdKBlocks(tileElements?: number): BlockKernels<KBlockType> | null {
  const module = openModule<KBlockExports>(SIMD_WASM_BASE64, SIMD_WASM_BYTES, tileElements);
  return module === null ? null : simdKBlocks(module);
}

export const kBlockKernels: KernelFamily<BlockKernels<KBlockType>> = kernelFamily(
  referenceKBlocks,
  scalarKBlocks,
  () => createSimdKBlocks(),
);
