/** The searches as ggml computes them. */
import { fitAffine } from './fit-affine.js';
import { fitLevels } from './fit-levels.js';
import type { Searches } from './types.js';

export const plainSearches: Searches = { fitAffine, fitLevels };
