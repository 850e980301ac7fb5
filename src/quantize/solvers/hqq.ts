/** Scales that make errors small without calibration data: half-quadratic splitting, and the search among shrunken ranges. */
import { rangeError, typeError } from '../../core/errors.js';
import { checkInteger, checkOptions } from '../../core/options.js';
import { toContiguous, type Contiguous, type TensorLike } from '../../core/tensor.js';
import { checkAffineOptions } from '../affine/affine-options.js';
import { finiteRanges, toFloat32, usesMagnitudes } from '../affine/affine-scale.js';
import type { AffineOptions, AffineSettings } from '../affine/affine-types.js';
import { quantizeWith } from '../affine/affine.js';
import { HQQ_SCHEDULE, solveHqq, type HqqSchedule } from './hqq-solve.js';
import type { ClipSearchOptions, ClipSearchResult, HqqOptions, HqqResult } from './hqq-types.js';
import { checkMemoryLimit, slabsWithin } from './memory-limit.js';
import { searchInSlabs, workOfSearch, type Searched } from './search-slabs.js';
import type { Objective } from '../affine/objective.js';
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
  'memoryLimit',
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
 * Cost: about 20 passes over the tensor, 1 s for a million values. Memory beyond x and the result, in bytes: 24 per region, 1 per code below 8 bits, 4 per value that is not float32,
 * 8 per value with importances; for the values in work 4 (12 with importances) and for each of their regions 128. With `memoryLimit` as many entries of axis 0 as
 * fit are in work at the same time, with the same result to the bit; what cannot fit is refused.
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
  let passes = 0;
  const { tensor, report } = searched(
    fn,
    input,
    { ...usual, ...sharedOf(given) },
    'hqq',
    (task, own, settings) => {
      const solved = solveHqq(task, settings, own, schedule);
      passes += solved.passes;
      return solved;
    },
  );
  return { tensor, report: { ...report, meanPasses: report.regions === 0 ? 0 : passes / report.regions } };
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
 * Cost: 81 passes over the tensor. Memory beyond x and the result, in bytes: 24 per region, 1 per code below 8 bits, 4 per value that is not float32,
 * 8 per value with importances; for the values in work 4 (12 with importances) and for each of their regions 128. With `memoryLimit` as many entries of axis 0 as
 * fit are in work at the same time, with the same result to the bit; what cannot fit is refused.
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
  return searched(fn, input, given, 'mse', (task, own, settings) => {
    const { ranges, losses, wholeLosses } = searchGrid(task, settings, own);
    return { ...chooseParameters(ranges, settings), losses, wholeLosses };
  });
}

/** The options without the schedule. */
function sharedOf(given: Partial<HqqOptions>): Partial<ClipSearchOptions> {
  return Object.fromEntries(Object.entries(given).filter(([key]) => SHARED.some((name) => name === key)));
}

/** The codes with the parameters that `search` finds, and the report. */
function searched(
  fn: string,
  input: Contiguous,
  { memoryLimit, importance, ...rest }: Partial<ClipSearchOptions>,
  scaleMethod: 'mse' | 'hqq',
  search: (objective: Objective, own: Ranges, settings: AffineSettings) => Searched,
): ClipSearchResult {
  const { data, shape } = input;
  const options = { ...rest, scaleMethod } as AffineOptions;
  const limit = checkMemoryLimit(fn, memoryLimit);
  const unpriced = checkAffineOptions(fn, options, shape);
  const work = workOfSearch(shape, unpriced, importance !== undefined, data instanceof Float32Array);
  const fix =
    'raise it, or choose regions that do not reach across axis 0, so that they can be searched one after the other';
  const { linesAtOnce, workingBytes } = slabsWithin(fn, limit, work, fix);
  const settings =
    importance === undefined ? unpriced : checkAffineOptions(fn, { ...options, importance }, shape);
  const plan = planRegions(shape, settings.granularity);
  const { own, finite } = finiteRanges(fn, data, toFloat32(data), plan, usesMagnitudes(settings), 'throw');
  const task = { x: finite, shape, settings, own };
  const found = searchInSlabs(task, linesAtOnce, (objective, ranges) => search(objective, ranges, settings));
  return { tensor: quantized(input, settings, found), report: { ...found.report, workingBytes } };
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
