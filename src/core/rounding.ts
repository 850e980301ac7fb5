/** Named roundings of a real number to a whole number. `Math.round` is none of them and is banned by lint. */

/**
 * - `halfEven`: nearest, ties to the even neighbour (numpy, torch, ONNX Runtime, IEEE 754's default).
 * - `halfAwayFromZero`: nearest, ties away from zero (C's roundf: ggml Q8_0, gemmlowp).
 * - `halfUp`: floor(x + 0.5), the sum exact.
 * - `truncate`: toward zero.
 * - `stochastic`: up with probability equal to the fraction, else down; a function of seed and position alone.
 */
export type Rounding = 'halfEven' | 'halfAwayFromZero' | 'halfUp' | 'truncate' | 'stochastic';

export const ROUNDINGS: readonly Rounding[] = [
  'halfEven',
  'halfAwayFromZero',
  'halfUp',
  'truncate',
  'stochastic',
];
