/** The rank that empirical variational Bayesian matrix factorization keeps (Nakajima et al. 2013). */
import type { FloatArray } from '../core/arrays.js';
import { naturalLog } from '../core/logarithm.js';

/** Largest over all ratios of the constant in the threshold, which the paper gives. */
const TAU = 2.5129;

const GRID = 64;
const GOLDEN_STEPS = 60;

/**
 * The number of singular values above the threshold sqrt(long variance x) of a `short` x `long` matrix, at least 1. The variance of the noise,
 * where `noise` is null, is where the free energy is least: on a grid of equal ratios between its two bounds, then by golden section, so that
 * one of several valleys does not decide by its place alone.
 */
export function bayesianRank(s: FloatArray, short: number, long: number, noise: number | null): number {
  const ratio = short / long;
  const tau = TAU * Math.sqrt(ratio);
  const edge = (1 + tau) * (1 + ratio / tau);
  // Everything is in units of s[0]: squares of large values would overflow.
  const squares = Float64Array.from(s, (value) => (value / s[0]) * (value / s[0]));
  const variance =
    noise === null ? estimate(squares, ratio, short, long, edge) : (noise / s[0]) * (noise / s[0]);
  const threshold = long * variance * edge;
  return Math.max(
    1,
    squares.reduce((count, square) => count + (square > threshold ? 1 : 0), 0),
  );
}

function estimate(squares: Float64Array, ratio: number, short: number, long: number, edge: number): number {
  const whole = squares.reduce((sum, square) => sum + square, 0);
  const upper = whole / (short * long);
  const first = Math.max(0, Math.min(Math.ceil(short / (1 + ratio)) - 1, short - 1));
  const rest = squares.subarray(first).reduce((sum, square) => sum + square, 0);
  const lower = Math.max(squares[first] / (long * edge), rest / (short - first) / long);
  // With zeros among the values the energy falls without end towards no noise at all.
  if (lower === 0) return 0;
  if (lower >= upper) return upper;
  const energy = (variance: number): number => freeEnergy(squares, variance, ratio, long, edge);
  // Roots of roots make the step of a geometric grid without powers.
  let step = upper / lower;
  for (let i = GRID; i > 1; i /= 2) step = Math.sqrt(step);
  let best = lower;
  for (let i = 0, at = lower; i <= GRID; i++, at *= step) if (energy(at) < energy(best)) best = at;
  return goldenSection(energy, Math.max(lower, best / step), Math.min(upper, best * step));
}

function freeEnergy(
  squares: Float64Array,
  variance: number,
  ratio: number,
  long: number,
  edge: number,
): number {
  let sum = 0;
  for (const square of squares) {
    const x = square / (long * variance);
    // A value of 0 stays below the edge for every variance: of log x only -log variance counts.
    if (x <= edge) sum += x - (square === 0 ? -naturalLog(variance) : naturalLog(x));
    else {
      const b = x - (1 + ratio);
      const tau = (b + Math.sqrt(b * b - 4 * ratio)) / 2;
      sum += x - tau + naturalLog((tau + 1) / x) + ratio * naturalLog(tau / ratio + 1);
    }
  }
  return sum;
}

function goldenSection(f: (x: number) => number, low: number, high: number): number {
  const share = (Math.sqrt(5) - 1) / 2;
  let a = high - share * (high - low);
  let b = low + share * (high - low);
  for (let i = 0; i < GOLDEN_STEPS && high > low; i++) {
    if (f(a) <= f(b)) high = b;
    else low = a;
    a = high - share * (high - low);
    b = low + share * (high - low);
  }
  return (low + high) / 2;
}
