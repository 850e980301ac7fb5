/** The K-quants of ggml: their kernels in use. */
import type { BlockKernels } from '../blocks/types.js';
import { kernelFamily, type KernelFamily } from '../family.js';
import { referenceKBlocks } from './reference.js';
import { scalarKBlocks } from './scalar.js';
import type { KBlockType } from './types.js';

export const kBlockKernels: KernelFamily<BlockKernels<KBlockType>> = kernelFamily(
  referenceKBlocks,
  scalarKBlocks,
  () => null,
);
