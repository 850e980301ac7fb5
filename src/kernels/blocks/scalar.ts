/** The scalar kernels of this family. */
import { blocksOver } from './codecs.js';
import { quickSearches } from './quick-searches.js';
import type { BlockKernels, PlainBlockType } from './types.js';

export const scalarBlocks: BlockKernels<PlainBlockType> = blocksOver(quickSearches);
