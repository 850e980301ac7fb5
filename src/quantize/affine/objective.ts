/** What searches for scales make small: per region, the sum of importance * |error|^norm over its values. */
import type { F32, F64, FloatArray, U8 } from '../../core/arrays.js';
import { roundTo } from '../../core/rounding.js';
import type { AffineSettings } from './affine-types.js';
import { powerFunction } from './power.js';
import { regionSizes, type RegionPlan } from './regions.js';
import { isUsableReciprocal } from './scale-rule.js';

const f = Math.fround;

/** A tensor's values with their importances, region by region: those of region r lie at start[r] .. start[r + 1], in the tensor's order. */
export interface Objective {
  readonly values: F32;
  readonly start: F64;
  /** Null: all 1. */
  readonly importance: FloatArray | null;
  /** 1 for regions whose importances are all 0: for these they are taken as 1. */
  readonly isUnweighted: U8;
  readonly norm: number;
  /** |error|^norm. */
  readonly power: (magnitude: number) => number;
}

export type CodeRule = Pick<AffineSettings, 'codeMin' | 'codeMax' | 'rounding' | 'arithmetic'>;

export function gatherObjective(
  x: F32,
  plan: RegionPlan,
  { importance: given, norm }: Pick<AffineSettings, 'importance' | 'norm'>,
): Objective {
  const start = startsOf(plan);
  const values = gather(new Float32Array(x.length), x, plan, start);
  const isUnweighted = new Uint8Array(plan.regions);
  let importance: FloatArray | null = null;
  if (given !== null) {
    const out = given instanceof Float32Array ? new Float32Array(x.length) : new Float64Array(x.length);
    importance = gather(out, given, plan, start);
    for (let r = 0; r < plan.regions; r++) {
      const ofRegion = importance.subarray(start[r], start[r + 1]);
      if (ofRegion.some((v) => v > 0)) continue;
      ofRegion.fill(1);
      isUnweighted[r] = 1;
    }
  }
  return { values, start, importance, isUnweighted, norm, power: powerFunction(norm) };
}

/** Where each region begins when all lie side by side; the last entry is the size of the tensor. */
export function startsOf(plan: RegionPlan): F64 {
  const sizes = regionSizes(plan);
  const start = new Float64Array(plan.regions + 1);
  for (let r = 0; r < plan.regions; r++) start[r + 1] = start[r] + sizes[r];
  return start;
}

/** Copies x into `out`, region by region. */
export function gather<T extends FloatArray>(out: T, x: FloatArray, plan: RegionPlan, start: F64): T {
  const next = start.slice();
  for (const span of plan.spans()) {
    const perRow = span.run > 0 ? Math.ceil(span.width / span.run) : 0;
    for (let row = 0; row < span.rows; row++) {
      const from = span.begin + row * span.width;
      for (let c = 0; c < span.width; c++) {
        const place = span.run > 0 ? row * perRow + Math.floor(c / span.run) : Math.floor(c / span.repeat);
        out[next[span.firstRegion + place]++] = x[from + c];
      }
    }
  }
  return out;
}

/**
 * The sum for one region under a scale and zero point, given up once it exceeds `limit`. Errors are those of the codes that the kernels would
 * make (for stochastic rounding those of half to even), summed in float64 in the order of the values, so that a choice is the same everywhere.
 */
export function lossOfRegion(
  { values, start, importance, norm, power }: Objective,
  region: number,
  scale: number,
  zero: number,
  rule: CodeRule,
  limit: number,
): number {
  // The fields out of their record and the formula of wholeStepsOf written out: this loop runs 81 times over every value.
  const { reciprocal, divides, low, high, rounding } = stepsRule(scale, zero, rule);
  const end = start[region + 1];
  let sum = 0;
  for (let i = start[region]; i < end && sum <= limit; i++) {
    const x = values[i];
    const quotient = scale === 0 ? 0 : f(divides ? x / scale : x * reciprocal);
    const error = Math.abs(x - f(scale * Math.min(Math.max(roundTo(quotient, rounding), low), high)));
    const cost = norm === 2 ? error * error : power(error);
    sum += importance === null ? cost : importance[i] * cost;
  }
  return sum;
}

/** How values become whole numbers of steps from the zero point. */
export interface StepsRule {
  readonly scale: number;
  readonly reciprocal: number;
  readonly divides: boolean;
  readonly low: number;
  readonly high: number;
  readonly rounding: Exclude<AffineSettings['rounding'], 'stochastic'>;
}

export function stepsRule(scale: number, zero: number, rule: CodeRule): StepsRule {
  const { codeMin, codeMax, rounding, arithmetic } = rule;
  const reciprocal = f(1 / scale);
  return {
    scale,
    reciprocal,
    divides: arithmetic === 'division' || !isUsableReciprocal(reciprocal),
    low: codeMin - zero,
    high: codeMax - zero,
    rounding: rounding === 'stochastic' ? 'halfEven' : rounding,
  };
}

/** Code minus zero point of x, as the kernels make it. */
export function wholeStepsOf(
  x: number,
  { scale, reciprocal, divides, low, high, rounding }: StepsRule,
): number {
  const quotient = scale === 0 ? 0 : f(divides ? x / scale : x * reciprocal);
  return Math.min(Math.max(roundTo(quotient, rounding), low), high);
}
