export { keptSlices, maskBlocks, maskStructured, applyMask } from './structured.js';
export type { MaskBlocksOptions, MaskStructuredOptions } from './structured.js';
export { maskNM, type MaskNMOptions } from './nm.js';
export { maskTopK } from './top-k.js';
export type { Mask, MaskTopKOptions, PadReport, PruneCompat, PruneScope, ScoreSource } from './types.js';
export { obs, obsMask, type ObsMaskOptions, type ObsResult } from './obs.js';
export { repairWeights } from './repair.js';
export { sparseGpt } from './sparse-gpt.js';
export type {
  MaskLike,
  Refine,
  RepairOptions,
  RepairReport,
  RepairResult,
  RowSources,
  SparseGptOptions,
  SparseGptReport,
  SparseGptResult,
} from './sparse-gpt-types.js';
