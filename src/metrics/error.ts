/** How far two tensors lie apart, summed in float64. */
import type { F32, F64, FloatArray } from '../core/arrays.js';
import { rangeError } from '../core/errors.js';
import { powerOfTwo } from '../core/float-formats.js';
import { kernels } from '../kernels/dispatch.js';
import type { ErrorSums } from '../kernels/types.js';

export interface ErrorMeasures {
  /** Largest |a - b|. */
  readonly maxAbs: number;
  /** Root of the sum of (a - b)^2. */
  readonly l2: number;
  /** l2 divided by the root of the sum of a^2; 0 when both are 0, Infinity when only a is. */
  readonly relativeL2: number;
  /** Mean of (a - b)^2; 0 for empty tensors. */
  readonly mse: number;
  /** Signal to noise: 10 log10(sum of a^2 / sum of (a - b)^2) decibels; Infinity when a equals b, -Infinity when only a is 0. */
  readonly sqnrDb: number;
  /** Cosine of the angle between a and b; 1 when a equals b (zero vectors too), 0 when just one is 0. */
  readonly cosine: number;
}

/**
 * Returns the error measures of `b` against the reference `a`.
 *
 * Numerics: a difference is rounded to float64 once, and exact for most pairs of float32. Sums are float64 in a fixed order: element i
 * goes to partial sum i mod 4, and these are added as (0 + 2) + (1 + 3), so that every backend gives the same bits. A sum of n squares
 * is off by less than (n / 4 + 4) * 2^-53 of itself. Float64 input whose squares leave the range of float64 is scaled by
 * powers of two first. NaN in either gives NaN everywhere; an infinity gives Infinity, or NaN where it is divided by another.
 * sqnrDb ends with Math.log10, whose last bit is the engine's choice.
 *
 * @param a the reference
 * @param b as many values
 * @throws RangeError when the lengths differ.
 */
export function errorMeasures(a: FloatArray, b: FloatArray): ErrorMeasures {
  const sums = errorSums(a, b);
  return isFloat32(a) && isFloat32(b) ? measuresOfSums(sums, a.length) : wideMeasures(a, b, sums);
}

/** The sums that every measure is made of; those of several tensors can be added. */
export function errorSums(a: FloatArray, b: FloatArray): ErrorSums {
  if (a.length !== b.length)
    throw rangeError('errorMeasures', 'b', `${a.length} values`, b.length, 'compare equal shapes');
  return isFloat32(a) && isFloat32(b) ? kernels().errorSums(a, b) : plainSums(a, b, 1, 1, 1);
}

function isFloat32(x: FloatArray): x is F32 {
  return x instanceof Float32Array;
}

/** The kernel's sums for data of any float type, errors, a and b each times a power of two. */
function plainSums(a: FloatArray, b: FloatArray, ofError: number, ofA: number, ofB: number): ErrorSums {
  let maxAbs = 0;
  const squaredError = new Float64Array(4);
  const squaredA = new Float64Array(4);
  const squaredB = new Float64Array(4);
  const dot = new Float64Array(4);
  for (let i = 0; i < a.length; i++) {
    const error = (a[i] - b[i]) * ofError;
    const x = a[i] * ofA;
    const y = b[i] * ofB;
    maxAbs = Math.max(maxAbs, Math.abs(error));
    squaredError[i & 3] += error * error;
    squaredA[i & 3] += x * x;
    squaredB[i & 3] += y * y;
    dot[i & 3] += x * y;
  }
  return {
    maxAbs,
    sumSquaredError: addLanes(squaredError),
    sumSquaredA: addLanes(squaredA),
    sumSquaredB: addLanes(squaredB),
    dot: addLanes(dot),
  };
}

function addLanes(s: F64): number {
  return s[0] + s[2] + (s[1] + s[3]);
}

/** Between this and its inverse sums of squares have lost nothing to underflow, and so do their quotients. */
const SAFE_SQUARES = 2 ** -400;

/** Measures of float64 data, whose squares may overflow or underflow: then from sums scaled to about 1. */
function wideMeasures(a: FloatArray, b: FloatArray, sums: ErrorSums): ErrorMeasures {
  const { sumSquaredError, sumSquaredA, sumSquaredB } = sums;
  const isSafe = (squares: number): boolean => squares > SAFE_SQUARES && squares < 1 / SAFE_SQUARES;
  if ([sumSquaredError, sumSquaredA, sumSquaredB].every(isSafe)) return measuresOfSums(sums, a.length);
  const [error, ofA, ofB] = [exponentOf(sums.maxAbs), exponentOf(largest(a)), exponentOf(largest(b))];
  const scaled = plainSums(a, b, powerOfTwo(-error), powerOfTwo(-ofA), powerOfTwo(-ofB));
  const near1 = measuresOfSums(scaled, a.length);
  return {
    maxAbs: sums.maxAbs,
    l2: timesPower(near1.l2, error),
    relativeL2: timesPower(near1.relativeL2, error - ofA),
    mse: timesPower(near1.mse, 2 * error),
    sqnrDb: near1.sqnrDb + 20 * Math.log10(2) * (ofA - error),
    cosine: near1.cosine,
  };
}

function largest(x: FloatArray): number {
  let best = 0;
  for (let i = 0; i < x.length; i++) best = Math.max(best, Math.abs(x[i]));
  return best;
}

/** A whole number e with 2^-e a normal number and x * 2^-e between 2^-52 and 2; 0 for 0, NaN and Infinity. */
function exponentOf(x: number): number {
  if (!(x > 0 && x < Infinity)) return 0;
  let exponent = 0;
  for (let rest = x; rest >= 2; rest /= 2) exponent++;
  for (let rest = x; rest < 1 && exponent > -1022; rest *= 2) exponent--;
  return Math.min(exponent, 1022);
}

/** x * 2^exponent, for exponents beyond those of float64 in several steps. */
function timesPower(x: number, exponent: number): number {
  let result = x;
  let rest = exponent;
  while (rest !== 0) {
    const step = Math.max(-1000, Math.min(1000, rest));
    result *= powerOfTwo(step);
    rest -= step;
  }
  return result;
}

/** The measures of `count` values with these sums. */
export function measuresOfSums(sums: ErrorSums, count: number): ErrorMeasures {
  const { maxAbs, sumSquaredError, sumSquaredA, sumSquaredB, dot } = sums;
  const l2 = Math.sqrt(sumSquaredError);
  const norm = Math.sqrt(sumSquaredA);
  return {
    maxAbs,
    l2,
    relativeL2: l2 === 0 ? 0 : l2 / norm,
    mse: count === 0 ? 0 : sumSquaredError / count,
    sqnrDb: sumSquaredError === 0 ? Infinity : 10 * Math.log10(sumSquaredA / sumSquaredError),
    cosine: cosineOf(dot, norm, Math.sqrt(sumSquaredB), sumSquaredError),
  };
}

/** Rounding could lift the quotient a hair beyond 1. */
function cosineOf(dot: number, normA: number, normB: number, squaredError: number): number {
  if (squaredError === 0) return 1;
  if (Number.isNaN(dot)) return NaN;
  if (normA === 0 || normB === 0) return 0;
  const cosine = dot / (normA * normB);
  return Number.isNaN(cosine) ? NaN : Math.max(-1, Math.min(1, cosine));
}
