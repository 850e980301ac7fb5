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

/** Turns hash32 into the threshold of stochastic rounding: a multiple of 2^-32 in [0, 1). */
export const THRESHOLD_UNIT: number = 2 ** -32;

/**
 * `x` rounded to a whole number, exactly, for every double. NaN and infinities come back as they are; a result of zero
 * keeps the sign of x.
 *
 * `threshold` is read by 'stochastic' alone: hash32(seed, position) * 2^-32. The result is floor(x) + 1 when
 * threshold < x - floor(x), else floor(x); the difference is exact but for -1 < x < 0, where float64 rounds it by at
 * most 2^-54. The expected value is x to within 2^-32.
 */
export function roundTo(x: number, rounding: Rounding, threshold = 0): number {
  switch (rounding) {
    case 'halfEven':
      return roundHalfEven(x);
    case 'halfAwayFromZero':
      return x < 0 ? -magnitudeHalfUp(-x) : magnitudeHalfUp(x);
    case 'halfUp':
      return x < 0 ? -magnitudeHalfDown(-x) : magnitudeHalfUp(x);
    case 'truncate':
      return Math.trunc(x);
    case 'stochastic':
      return roundByThreshold(x, threshold);
  }
}

/** Nearest whole number, ties to even; zero keeps the sign of x. */
export function roundHalfEven(x: number): number {
  return x < 0 ? -magnitudeHalfEven(-x) : magnitudeHalfEven(x);
}

// The three below take x >= 0, -0, NaN or Infinity. There x - floor(x) is exact, as it is not for -1 < x < 0, and
// floor(x + 0.5) would be wrong: it gives 1 for the largest double below one half.

function magnitudeHalfEven(x: number): number {
  const down = Math.floor(x);
  const fraction = x - down;
  return fraction > 0.5 || (fraction === 0.5 && down % 2 === 1) ? down + 1 : down;
}

function magnitudeHalfUp(x: number): number {
  const down = Math.floor(x);
  return x - down >= 0.5 ? down + 1 : down;
}

function magnitudeHalfDown(x: number): number {
  const down = Math.floor(x);
  return x - down > 0.5 ? down + 1 : down;
}

function roundByThreshold(x: number, threshold: number): number {
  const down = Math.floor(x);
  if (!(threshold < x - down)) return down;
  return x < 0 && down === -1 ? -0 : down + 1;
}
