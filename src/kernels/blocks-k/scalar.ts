/** The scalar kernels of this family. */
import { quickSearches } from '../blocks/quick-searches.js';
import type { BlockKernels } from '../blocks/types.js';
import { kBlocksOver } from './codecs.js';
import type { KBlockType } from './types.js';

export const scalarKBlocks: BlockKernels<KBlockType> = kBlocksOver(quickSearches);
