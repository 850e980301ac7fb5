/** Half-quadratic splitting, region by region: scale and zero point that make the sum of importance * |error|^norm small. */
import type { F64, I32 } from '../../core/arrays.js';
import { roundTo } from '../../core/rounding.js';
import type { AffineSettings } from '../affine/affine-types.js';
import { stepsRule, wholeStepsOf, type Objective } from '../affine/objective.js';
import { chooseParameters, roundScales, type Parameters, type Ranges } from '../affine/scale-rule.js';

/** What the splitting is told: see HqqOptions. */
export interface HqqSchedule {
  readonly beta: number;
  readonly kappa: number;
  readonly iterations: number;
}

export const HQQ_SCHEDULE: HqqSchedule = { beta: 10, kappa: 1.01, iterations: 20 };

/**
 * The range times these is where the descent begins. From the whole range alone 4-bit groups of 64 normal values end at a mean |error|^0.7 of 0.154,
 * from both at 0.149; HQQ's real zero points reach 0.152.
 */
const STARTS: readonly number[] = [1, 0.9];

/** What a sum has to fall below, as a part of the sum before: the powers in it are within 2^-42, so that smaller differences tell nothing. */
const LESS = 1 - 2 ** -40;

export interface HqqSolution extends Parameters {
  /** By region: the sum under these parameters, and under those of the whole range. Never more than the latter. */
  readonly losses: F64;
  readonly wholeLosses: F64;
  /** Passes over a region, summed over the regions. */
  readonly passes: number;
}

interface Fit {
  readonly scale: number;
  readonly zero: number;
}

/** `own` are the ranges of the regions. */
export function solveHqq(
  objective: Objective,
  settings: AffineSettings,
  own: Ranges,
  schedule: HqqSchedule,
): HqqSolution {
  const starts = STARTS.map((factor) =>
    chooseParameters({ min: own.min.map((v) => v * factor), max: own.max.map((v) => v * factor) }, settings),
  );
  const scale = starts[0].scale.slice();
  const zeroPoint: I32 | null = starts[0].zeroPoint?.slice() ?? null;
  const wholeLosses = new Float64Array(scale.length);
  const losses = new Float64Array(scale.length);
  let passes = 0;
  for (let r = 0; r < scale.length; r++) {
    // Where a region has no range, and so no step, all errors are 0.
    const unit = scale[r] || 1;
    const [whole, shrunken] = starts.map((start) => ({
      scale: start.scale[r],
      zero: start.zeroPoint?.[r] ?? 0,
    }));
    let best = descend(objective, r, whole, unit, settings, schedule);
    wholeLosses[r] = best.firstLoss * objective.power(unit);
    if (best.firstLoss > 0) {
      const other = descend(objective, r, shrunken, unit, settings, schedule);
      passes += best.passes + other.passes;
      if (other.loss < best.loss * LESS) best = other;
    }
    losses[r] = best.loss * objective.power(unit);
    scale[r] = best.scale;
    if (zeroPoint !== null) zeroPoint[r] = best.zero;
  }
  return { scale, zeroPoint, losses, wholeLosses, passes };
}

/** What a descent ended with; the sums are of |error / unit|^norm. */
interface Descent extends Fit {
  readonly loss: number;
  readonly firstLoss: number;
  readonly passes: number;
}

/**
 * The best parameters on the way from `begin`: as long as each pass lowers the sum, up to schedule.iterations of them. Errors are counted in `unit`,
 * a step of the whole range, so that beta means the same for weights of every size, and so that a power of two times the region gives the same sums
 * to the bit: equally good parameters are common (two zero points of a region that mirrors itself), and rounding must not choose between them.
 */
function descend(
  objective: Objective,
  region: number,
  begin: Fit,
  unit: number,
  settings: AffineSettings,
  { beta, kappa, iterations }: HqqSchedule,
): Descent {
  let fit: Fit = begin;
  let best = begin;
  let least = Infinity;
  let firstLoss = Infinity;
  let passes = 0;
  for (let b = beta; passes < iterations; b *= kappa) {
    const sums = passOver(objective, region, fit, unit, b, settings);
    if (passes === 0) firstLoss = sums.loss;
    passes++;
    if (!(sums.loss < least * LESS)) break;
    least = sums.loss;
    best = fit;
    const next = least === 0 ? null : refit(sums, fit, settings);
    if (next === null || (next.scale === fit.scale && next.zero === fit.zero)) break;
    fit = next;
  }
  return { ...best, loss: least, firstLoss, passes };
}

/** Sums over a region, each term times its importance: of |error|^norm, and of what least squares needs. */
interface Sums {
  loss: number;
  weight: number;
  /** Targets, whole steps k, and the products of both with k. */
  target: number;
  steps: number;
  targetSteps: number;
  stepsSteps: number;
}

/**
 * One pass: codes under `fit`, and for each value the target x - shrink(error) that its level should meet, with
 * shrink(u) = sign(u) * max(0, |u| - |u|^(norm - 1) / beta), u in units; an error of 0 has nothing to shrink.
 */
function passOver(
  { values, start, importance, norm, power }: Objective,
  region: number,
  fit: Fit,
  unit: number,
  beta: number,
  settings: AffineSettings,
): Sums {
  const steps = stepsRule(fit.scale, fit.zero, settings);
  const sums: Sums = { loss: 0, weight: 0, target: 0, steps: 0, targetSteps: 0, stepsSteps: 0 };
  for (let i = start[region], end = start[region + 1]; i < end; i++) {
    const x = values[i];
    const k = wholeStepsOf(x, steps);
    const error = x - Math.fround(fit.scale * k);
    const u = Math.abs(error) / unit;
    const cost = norm === 2 ? u * u : power(u);
    const shrunk = u === 0 ? 0 : Math.max(0, u - cost / (u * beta)) * unit;
    const target = error < 0 ? x + shrunk : x - shrunk;
    const price = importance === null ? 1 : importance[i];
    sums.loss += price * cost;
    sums.weight += price;
    sums.target += price * target;
    sums.steps += price * k;
    sums.targetSteps += price * target * k;
    sums.stepsSteps += price * k * k;
  }
  return sums;
}

/** The scale, then the zero point, that least squares finds for the targets, on the grid of what can be stored; null where that is none. */
function refit(sums: Sums, { zero }: Fit, settings: AffineSettings): Fit | null {
  const { codeMin, codeMax, mapping, scaleDtype } = settings;
  const wished = Float32Array.of(sums.targetSteps / sums.stepsSteps);
  roundScales(wished, scaleDtype);
  const scale = wished[0];
  if (!(scale > 0)) return null;
  const shift = mapping === 'asymmetric' ? (sums.steps - sums.target / scale) / sums.weight : 0;
  const next = Math.min(codeMax, Math.max(codeMin, zero + roundTo(shift, 'halfEven')));
  const outermost = Math.max(next - codeMin, codeMax - next);
  return Math.fround(scale * outermost) < Infinity ? { scale, zero: next } : null;
}
