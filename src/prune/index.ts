export { keptSlices, maskBlocks, maskStructured, applyMask } from './structured.js';
export type { MaskBlocksOptions, MaskStructuredOptions } from './structured.js';
export { maskNM, type MaskNMOptions } from './nm.js';
export { maskTopK } from './top-k.js';
export type { Mask, MaskTopKOptions, PadReport, PruneCompat, PruneScope, ScoreSource } from './types.js';
