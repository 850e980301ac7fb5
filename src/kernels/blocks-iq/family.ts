/** IQ1 to IQ3 of ggml: their decoders in use. */
import { kernelFamily, type KernelFamily } from '../family.js';
import { referenceGridBlocks } from './reference.js';
import { scalarGridBlocks } from './scalar.js';
import type { GridKernels } from './types.js';

export const gridKernels: KernelFamily<GridKernels> = kernelFamily(
  referenceGridBlocks,
  scalarGridBlocks,
  () => null,
);
