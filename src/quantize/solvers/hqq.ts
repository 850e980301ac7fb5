/** Scales that make errors small without calibration data: half-quadratic splitting, and the search among shrunken ranges. */
import type { F64 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { checkInteger, checkOptions } from '../../core/options.js';
import { toContiguous, type Contiguous, type TensorLike } from '../../core/tensor.js';
import { checkAffineOptions } from '../affine/affine-options.js';
import { finiteRanges, toFloat32, usesMagnitudes } from '../affine/affine-scale.js';
import type { AffineOptions, AffineSettings } from '../affine/affine-types.js';
import { quantizeWith } from '../affine/affine.js';
import { HQQ_SCHEDULE, solveHqq, type HqqSchedule } from './hqq-solve.js';
import type {
  ClipSearchOptions,
  ClipSearchResult,
  HqqOptions,
  HqqResult,
  ScaleSearchReport,
} from './hqq-types.js';
import { gatherObjective, meanLoss, type Objective } from '../affine/objective.js';
import { searchGrid } from '../affine/range-search.js';
import { planRegions } from '../affine/regions.js';
import { chooseParameters, type Parameters, type Ranges } from '../affine/scale-rule.js';

const SHARED = [
  'bits',
  'mapping',
  'granularity',
  'scaleDtype',
  'arithmetic',
  'norm',
  'importance',
  'tail',
] as const;

/**
 * Returns `x` in affine codes whose scales and zero points come from half-quadratic splitting (HQQ), which needs no calibration data, and a report.
 *
 * Formula: per region, small sum of importance * |x - scale (code - zero)|^norm. Splitting writes the error as e = W_e + rest: W_e = shrink(e) with
 * shrink(u) = sign(u) max(0, |u| - |u|^(norm - 1) / beta), then scale = sum T k / sum k^2 and zero = round(mean(code - T / scale)) for T = x - W_e
 * and k = code - zero; beta grows by kappa. This goes on while the sum falls, at most `iterations` times, from the whole range and from 0.9 of it.
 *
 * Shapes: any but a scalar; the result has x's shape.
 *
 * Numerics: float64 input is rounded to float32 first. The sums are float64 in the order of the values, the errors those of the codes that the tensor
 * has. An error of 0 is not shrunk. A region is kept only where its sum is below that of round to nearest, so the objective is never worse.
 * Zero points are whole and 0 stays exactly 0. Sums are counted in steps of the region's whole range, and a gain below 2^-40
 * of them is none: so multiplying x by a power of two leaves codes alone, as long as values and scales (float32 ones) stay normal numbers.
 * `errorBound` holds as for quantizeAffine.
 *
 * Cost: about 20 passes over the tensor, 1 s for a million values. Memory: a copy of x and of the importances.
 *
 * Compatible with: the method of HQQ (mobiusml/hqq e0b1d00; its lp_norm, beta, kappa and iters are norm, beta, kappa and iterations). HQQ
 * itself keeps the range's scale and a real zero point; here both are solved for and the zero point is whole: see docs/compat.md for the errors of both.
 * With a symmetric mapping only the scale is solved for, as in torchao's scale-only HQQ.
 *
 * @param x a tensor of real numbers, such as the weights of a layer; never changed
 * @param options bits, mapping, granularity, norm, importance ...
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * const x = Float32Array.of(0.1, -0.2, 0.05, 0.3, -0.1, 2.5, 0.2, -0.3);
 * const { tensor, report } = hqq(x, { bits: 3, granularity: { kind: 'group', groupSize: 8 } });
 * report.objective <= report.roundToNearestObjective; // true
 * @see clipSearch, quantizeAffine with scaleMethod 'hqq', https://mobiusml.github.io/hqq_blog/
 */
export function hqq(x: TensorLike, options: HqqOptions): HqqResult {
  const fn = 'hqq';
  const given = checkOptions(fn, options, [...SHARED, 'beta', 'kappa', 'iterations']);
  const schedule = checkSchedule(fn, given);
  const input = toContiguous(x, fn);
  const usual = { mapping: 'asymmetric', granularity: { kind: 'group', groupSize: 64 } } as const;
  const { settings, own, objective } = prepare(fn, input, {
    ...usual,
    ...sharedOf(given),
    scaleMethod: 'hqq',
  });
  const solved = solveHqq(objective, settings, own, schedule);
  const regions = solved.losses.length;
  return {
    tensor: quantized(input, settings, solved),
    report: {
      ...reportOf(solved.losses, solved.wholeLosses, objective),
      meanPasses: regions === 0 ? 0 : solved.passes / regions,
    },
  };
}

/**
 * Returns `x` in affine codes whose ranges were searched for the least error, weighted by importance where it is given, and a report.
 *
 * Formula: per region, of its range and the shrunken copies, 0.99 down to 0.2 of it, the one with the least
 * sum of importance * |x - value|^norm. With importance = sum of a^2 over calibration inputs a, one per column, and norm 2 that is the expected
 * squared error of the layer's outputs where inputs are uncorrelated: what ggml's importance matrix stands for.
 *
 * Shapes: any; `importance` broadcasts to x's shape: [columns] for one per column, x's own shape for one per value.
 *
 * Numerics: the codes are those of quantizeAffine with scaleMethod 'mse'. Sums are float64 in the order of the values. The whole range is among the
 * candidates and wins ties, so the objective is never worse than that of round to nearest. Importances of 0 are allowed (inputs that
 * never fired): such values count nothing, and where a whole region has them its values count alike.
 *
 * Cost: 81 passes over the tensor. Memory: a copy of x and of the importances.
 *
 * @param x a tensor of real numbers, such as the weights of a layer; never changed
 * @param options bits, mapping, granularity, norm, importance ...
 * @throws TypeError or RangeError for arguments, such as importances that are negative or all 0; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * const x = { data: Float32Array.of(0.1, 8, -0.2, 7), shape: [2, 2] };
 * const { report } = clipSearch(x, { bits: 4, importance: Float32Array.of(100, 0.001) });
 * report.objective < report.roundToNearestObjective; // true
 * @see hqq, quantizeAffine with scaleMethod 'mse', gptq
 */
export function clipSearch(x: TensorLike, options: ClipSearchOptions): ClipSearchResult {
  const fn = 'clipSearch';
  const given = checkOptions(fn, options, SHARED);
  const input = toContiguous(x, fn);
  const { settings, own, objective } = prepare(fn, input, { ...given, scaleMethod: 'mse' });
  const { ranges, losses, wholeLosses } = searchGrid(objective, settings, own);
  const parameters = chooseParameters(ranges, settings);
  return { tensor: quantized(input, settings, parameters), report: reportOf(losses, wholeLosses, objective) };
}

/** The options without the schedule. */
function sharedOf(given: Partial<HqqOptions>): Partial<ClipSearchOptions> {
  return Object.fromEntries(Object.entries(given).filter(([key]) => SHARED.some((name) => name === key)));
}

interface Prepared {
  readonly settings: AffineSettings;
  readonly own: Ranges;
  readonly objective: Objective;
}

function prepare(fn: string, { data, shape }: Contiguous, options: Partial<AffineOptions>): Prepared {
  const settings = checkAffineOptions(fn, options as AffineOptions, shape);
  const plan = planRegions(shape, settings.granularity);
  const { own, finite } = finiteRanges(fn, data, toFloat32(data), plan, usesMagnitudes(settings), 'throw');
  return { settings, own, objective: gatherObjective(finite, plan, settings) };
}

function quantized(
  input: Contiguous,
  settings: AffineSettings,
  { scale, zeroPoint }: Parameters,
): HqqResult['tensor'] {
  const { bits, codeMin, codeMax, mapping, granularity, scaleDtype, rounding, arithmetic, seed } = settings;
  // prettier-ignore
  const qparams = { scale, zeroPoint, bits, codeMin, codeMax, mapping, granularity, scaleDtype, rounding, arithmetic, seed };
  return quantizeWith(input, qparams);
}

function reportOf(losses: F64, wholeLosses: F64, objective: Objective): ScaleSearchReport {
  const regions = losses.length;
  const kept = losses.reduce((count, loss, r) => count + Number(loss >= wholeLosses[r]), 0);
  return {
    norm: objective.norm,
    objective: meanLoss(losses, objective),
    roundToNearestObjective: meanLoss(wholeLosses, objective),
    kept: kept === regions ? 'roundToNearest' : kept === 0 ? 'search' : 'mixed',
    roundToNearestRegions: kept,
    regions,
    unweightedRegions: objective.isUnweighted.reduce((count, flag) => count + flag, 0),
  };
}

function checkSchedule(
  fn: string,
  { beta, kappa, iterations }: Pick<HqqOptions, 'beta' | 'kappa' | 'iterations'>,
): HqqSchedule {
  return {
    beta: checkNumber(fn, 'beta', beta ?? HQQ_SCHEDULE.beta, 2 ** -20, 2 ** 20),
    kappa: checkNumber(fn, 'kappa', kappa ?? HQQ_SCHEDULE.kappa, 1, 10),
    iterations: checkInteger(fn, 'iterations', iterations ?? HQQ_SCHEDULE.iterations, 1, 1000),
  };
}

function checkNumber(fn: string, name: string, value: unknown, min: number, max: number): number {
  const expected = `a number from ${min} to ${max}`;
  if (typeof value !== 'number') throw typeError(fn, name, expected, value, 'leave it out for the usual');
  if (value >= min && value <= max) return value;
  throw rangeError(fn, name, expected, value, 'leave it out for the usual');
}
