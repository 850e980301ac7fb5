/** `tensorslim/factorize`: singular values, and layers as products of thinner ones. */
export { chooseRank } from './choose-rank.js';
export type { MatrixSize, NoisyMatrix, RankBudget, RankRule } from './choose-rank.js';
export { expandLowRank, lowRank } from './low-rank.js';
export type { LowRankOptions, LowRankTensor } from './low-rank.js';
export { randomizedSvd } from './randomized-svd.js';
export type { RandomizedSvdOptions } from './randomized-svd.js';
export { svd } from './svd.js';
export type { FloatMatrix, PartialSvd, Svd, SvdKind, SvdOptions } from './svd-types.js';
export { truncatedSvd } from './truncated-svd.js';
export type { TruncatedSvdOptions } from './truncated-svd.js';
