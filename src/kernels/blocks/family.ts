/** Block types of ggml with one scale per block: their kernels in use. */
import { kernelFamily, type KernelFamily } from '../family.js';
import { referenceBlocks } from './reference.js';
import { scalarBlocks } from './scalar.js';
import type { BlockKernels, PlainBlockType } from './types.js';

export const blockKernels: KernelFamily<BlockKernels<PlainBlockType>> = kernelFamily(
  referenceBlocks,
  scalarBlocks,
  () => null,
);
