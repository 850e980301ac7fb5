export { maskNM, type MaskNMOptions } from './nm.js';
export { obs, obsMask, type ObsMaskOptions, type ObsResult } from './obs.js';
export { permutationNM, type PermutationOptions, type PermutationResult } from './permutation.js';
export { repairWeights } from './repair.js';
export { sparsitySchedule, type ScheduleKind, type ScheduleOptions } from './schedule.js';
export {
  scoreFisher,
  scoreMagnitude,
  scoreMovement,
  scoreRandom,
  scoreTaylor,
  scoreWanda,
} from './scores.js';
export type { FisherOptions, TaylorOptions } from './scores.js';
export {
  scoreApoz,
  scoreBatchNorm,
  scoreChannels,
  scoreGeometricMedian,
  scoreMeanActivation,
} from './scores-channel.js';
export type { ChannelOptions } from './scores-channel.js';
export { owlSparsities, scoreLamp, type OwlLayer, type OwlOptions } from './scores-layer.js';
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
export { applyMask, keptSlices, maskBlocks, maskStructured } from './structured.js';
export type { MaskBlocksOptions, MaskStructuredOptions } from './structured.js';
export { maskTopK } from './top-k.js';
export {
  maskSoftThreshold,
  softMask,
  softMaskGradient,
  spliceMask,
  spliceThresholds,
  straightThroughGradient,
} from './training.js';
export type { MaskGradient, SoftMaskOptions, SpliceThresholds } from './training.js';
export type { Mask, MaskTopKOptions, PadReport, PruneCompat, PruneScope, ScoreSource } from './types.js';
export { pruneMagnitude, type PruneMagnitudeOptions } from './prune-magnitude.js';
export { encodeSparse } from './sparse-encode.js';
export { cutlassMetadata, fromSparseBitmask, placesFromCutlass, toSparseBitmask } from './sparse-foreign.js';
export type { SparseBitmask } from './sparse-foreign.js';
export { sparseLinear } from './sparse-linear.js';
export { decodeSparse } from './sparse-tensor.js';
export type {
  BitmaskTensor,
  BlockRowsTensor,
  CompressedRowsTensor,
  CoordinatesTensor,
  EncodeSparseOptions,
  IndexArray,
  PatternTensor,
  SparseFormat,
  SparseTensor,
} from './sparse-types.js';
