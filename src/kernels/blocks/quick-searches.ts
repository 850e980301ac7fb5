/** The searches, fast. */
import { fitAffine } from './fit-affine.js';
import { fitLevels } from './fit-levels.js';
import type { Searches } from './types.js';

export const quickSearches: Searches = { fitAffine, fitLevels };
