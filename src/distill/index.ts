/**
 * Distillation losses with exact gradients: `tensorslim/distill`. No training framework: logits in, loss and gradient out.
 */
export { adaptiveKl, forwardKl, jeffreys, reverseKl, softCrossEntropy } from './kl.js';
export type { AdaptiveKlOptions, JeffreysOptions } from './kl.js';
export { jsd, skewKl } from './mixtures.js';
export type { JsdOptions, SkewKlOptions } from './mixtures.js';
export { alphaDivergence, renyiDivergence, squaredHellinger, tvd } from './f-divergences.js';
export type { AlphaOptions, RenyiOptions } from './f-divergences.js';
export { dkd } from './dkd.js';
export type { DkdOptions } from './dkd.js';
export { dist } from './dist.js';
export type { DistOptions } from './dist.js';
export { crossEntropy } from './labels.js';
export type { CrossEntropyOptions } from './labels.js';
export { logitMse } from './logit-mse.js';
export type { LogitMseOptions } from './logit-mse.js';
export { standardizeLogits } from './standardize.js';
export type { StandardizeOptions, StandardizedLogits } from './standardize.js';
export { combine } from './combine.js';
export type { WeightedLoss } from './combine.js';
export { logSoftmax, softmax } from './softmax.js';
export type { SoftmaxOptions } from './softmax.js';
export type { DistillLoss, PairOptions, Reduction, RowOptions } from './types.js';
