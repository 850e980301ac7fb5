/** The definition of this family's kernels: the searches with every rounding of ggml, in its order. */
import { blocksOver } from './codecs.js';
import { plainSearches } from './plain-searches.js';
import type { BlockKernels, PlainBlockType } from './types.js';

export const referenceBlocks: BlockKernels<PlainBlockType> = blocksOver(plainSearches);
