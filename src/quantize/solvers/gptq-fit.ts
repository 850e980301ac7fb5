/** Scale and zero point of one region of a line, by a search weighted with the price of errors; and the rounding to its codes. */
import type { F64 } from '../../core/arrays.js';
import type { AffineSettings } from '../affine/affine-types.js';
import { chooseParameters, isUsableReciprocal } from '../affine/scale-rule.js';

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

/** Candidates that are looked at closely, by `trial`: together they take about 4 % of the loss (bench/lab/006-gptq.ts). */
const FINALISTS = 12;

/**
 * The parameters for t[begin .. end): of the whole range for 'absmax'; for 'mse' of the grid, first by the sum of price * squared error, then,
 * among the best of these, by `trial`, which gives the loss of a candidate or gives up beyond a limit. The first of equally good ones wins.
 */
export function fitRegion(
  t: F64,
  price: F64,
  begin: number,
  end: number,
  rule: FitRule,
  trial: ((fit: Fit, limit: number) => number) | null,
): Fit {
  const candidates = candidatesOf(t, begin, end, rule);
  if (candidates.length === 1) return candidates[0];
  const ranked = candidates
    .map((fit) => ({ fit, loss: weightedError(t, price, begin, end, fit, rule) }))
    .sort((a, b) => a.loss - b.loss);
  let best = ranked[0].fit;
  if (trial === null) return best;
  let least = Infinity;
  for (const { fit } of ranked.slice(0, FINALISTS)) {
    const loss = trial(fit, least);
    if (loss < least) [least, best] = [loss, fit];
  }
  return best;
}

/** Different parameters for the range of t[begin .. end) and, for 'mse', for multiples of it. */
function candidatesOf(t: F64, begin: number, end: number, rule: FitRule): Fit[] {
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
  const fits = Array.from(scale, (s, i): Fit => ({ scale: s, zero: zeroPoint === null ? 0 : zeroPoint[i] }));
  return fits.filter(
    ({ scale: s, zero }, i) => i === 0 || s !== fits[i - 1].scale || zero !== fits[i - 1].zero,
  );
}

/** Sum of price * squared error. */
function weightedError(
  t: F64,
  price: F64,
  begin: number,
  end: number,
  { scale, zero }: Fit,
  { codeMin, codeMax }: FitRule,
): number {
  const low = codeMin - zero;
  const high = codeMax - zero;
  const inverse = scale === 0 ? 0 : 1 / scale;
  let sum = 0;
  for (let k = begin; k < end; k++) {
    const error = t[k] - scale * wholeWithin(t[k] * inverse, low, high);
    sum += price[k] * error * error;
  }
  return sum;
}
