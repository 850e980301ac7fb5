/** The definition of this family's kernels. A decoder has nothing to choose, so the scalar one is plain enough to be it. */
import { scalarGridBlocks } from './scalar.js';
import type { GridKernels } from './types.js';

export const referenceGridBlocks: GridKernels = scalarGridBlocks;
