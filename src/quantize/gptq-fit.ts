/** Scale and zero point of one region of a line, by a search weighted with the price of errors; and the rounding to its codes. */
import type { F64 } from '../core/arrays.js';
import type { AffineSettings } from './affine-types.js';
import { chooseParameters, isUsableReciprocal } from './scale-rule.js';

const f = Math.fround;
const LARGEST = 3.4028234663852886e38;

/** The range of the values times 1, then 1.15 down to 0.4 by 0.0125. Above 1 because both ends clip in the full symmetric mapping. */
const FACTORS: readonly number[] = [1, ...Array.from({ length: 61 }, (_, i) => 1.15 - 0.0125 * i)];

/** Adding and subtracting it rounds a float64 below 2^51 to a whole number, ties to even. */
const TO_WHOLE = 1.5 * 2 ** 52;

export type FitRule = Pick<
  AffineSettings,
  'mapping' | 'codeMin' | 'codeMax' | 'scaleDtype' | 'rounding' | 'scaleMethod'
>;

export interface Fit {
  readonly scale: number;
  readonly zero: number;
}

/** The code of `t`: as the kernels make it from the float32 nearest to t. */
export function codeOf(t: number, { scale, zero }: Fit, { codeMin, codeMax }: FitRule): number {
  if (scale === 0) return Math.min(codeMax, Math.max(codeMin, zero));
  const reciprocal = f(1 / scale);
  const quotient = isUsableReciprocal(reciprocal) ? f(f(t) * reciprocal) : f(f(t) / scale);
  return zero + wholeWithin(quotient, codeMin - zero, codeMax - zero);
}

/** The nearest whole number from `low` to `high`, which are whole. */
function wholeWithin(x: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, x)) + TO_WHOLE - TO_WHOLE;
}

/** The value that a code stands for. */
export function valueOf(code: number, { scale, zero }: Fit): number {
  return f(scale * (code - zero));
}

/**
 * The parameters for t[begin .. end) with the least sum of price * squared error: of the whole range for 'absmax', of the grid for 'mse'. The
 * first of equally good ones wins.
 */
export function fitRegion(t: F64, price: F64, begin: number, end: number, rule: FitRule): Fit {
  let low = 0;
  let high = 0;
  for (let k = begin; k < end; k++) {
    low = Math.min(low, t[k]);
    high = Math.max(high, t[k]);
  }
  const factors = rule.scaleMethod === 'mse' ? FACTORS : FACTORS.slice(0, 1);
  const clamped = (v: number): number => Math.min(LARGEST, Math.max(-LARGEST, v));
  const { scale, zeroPoint } = chooseParameters(
    {
      min: Float32Array.from(factors, (factor) => clamped(low * factor)),
      max: Float32Array.from(factors, (factor) => clamped(high * factor)),
    },
    rule,
  );
  let best = 0;
  let least = Infinity;
  for (let i = 0; i < scale.length && scale.length > 1; i++) {
    if (i > 0 && scale[i] === scale[i - 1]) continue;
    const zero = zeroPoint === null ? 0 : zeroPoint[i];
    const error = weightedError(t, price, begin, end, scale[i], zero, rule, least);
    if (error < least) [least, best] = [error, i];
  }
  return { scale: scale[best], zero: zeroPoint === null ? 0 : zeroPoint[best] };
}

/** Sum of price * squared error, given up once it exceeds `limit`. */
function weightedError(
  t: F64,
  price: F64,
  begin: number,
  end: number,
  scale: number,
  zero: number,
  { codeMin, codeMax }: FitRule,
  limit: number,
): number {
  const low = codeMin - zero;
  const high = codeMax - zero;
  const inverse = scale === 0 ? 0 : 1 / scale;
  let sum = 0;
  for (let k = begin; k < end && sum < limit; k++) {
    const error = t[k] - scale * wholeWithin(t[k] * inverse, low, high);
    sum += price[k] * error * error;
  }
  return sum;
}
