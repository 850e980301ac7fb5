/** The searches, fast. */
import { fitAffineQuickly } from './quick-affine.js';
import { fitLevelsQuickly } from './quick-levels.js';
import type { Searches } from './types.js';

export const quickSearches: Searches = { fitAffine: fitAffineQuickly, fitLevels: fitLevelsQuickly };
