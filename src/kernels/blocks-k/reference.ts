/** The definition of this family's kernels: the searches with every rounding of ggml, in its order. */
import { plainSearches } from '../blocks/plain-searches.js';
import type { BlockKernels } from '../blocks/types.js';
import { kBlocksOver } from './codecs.js';
import type { KBlockType } from './types.js';

export const referenceKBlocks: BlockKernels<KBlockType> = kBlocksOver(plainSearches);
