/** AWQ: weights that meet large inputs are enlarged before rounding, and those inputs made smaller. */
import type { F32, F64 } from '../../core/arrays.js';
import { rangeError } from '../../core/errors.js';
import type { Pictured } from '../../core/inspect.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { toFloat32 } from '../affine/affine-scale.js';
import type { AffineSettings, AffineTensor } from '../affine/affine-types.js';
import { dequantizeAffine, quantizeAffine, quantizeWith } from '../affine/affine.js';
import { clipRegions } from './awq-clip.js';
import { lossOf } from './awq-objective.js';
import { checkAwqOptions, refuseNonFinite, type AwqSettings } from './awq-options.js';
import type { AwqOptions, AwqReport, AwqResult } from './awq-types.js';
import { linesOf, type Lines } from './gptq-lines.js';
import { divided, inputScales, magnitudesAlong } from './input-scale.js';
import { powerFunction } from '../affine/power.js';
import { validated } from './validation.js';

/** Inputs below this fraction of the largest count as that much, so that ratios near 1 do not blow up what is almost never used. */
const LEAST_NORM = 1e-4;

/**
 * Returns `w` in affine codes of w / inputScale, the scales its inputs have to be multiplied by, and a report of what was done.
 *
 * Formula: s[j] = norm[j]^ratio / sqrt(max * min) with norm the mean |x[j]| (root mean square from a Hessian) over its largest and at least 1e-4;
 * inputScale = 1 / s. Of the ratios 0, 0.05 ... 0.95 the one with the least e H e^T summed over lines, e = w - inputScale * values, H = sum of
 * x^T x. Then the range of each region is cut to 0.95 ... 0.55 of itself where that lowers the same sum; so is that of ratio 0, and the better one
 * is kept.
 *
 * Shapes: w of any rank; activations [..., n], hessian [n, n], activationNorm [n] with n = w.shape[inputAxis]. The tensor has w's shape.
 *
 * Numerics: float64 weights are rounded to float32 first. w / inputScale is rounded once to float32 (never with powerOfTwo); codes are those of
 * quantizeAffine; sums are float64 in a fixed order, powers within 2^-42 of x^ratio, so that every engine gives the same bytes. The loss is never
 * above that of round to nearest with the same options: ratio 0 without cuts. `errorBound` holds for w / inputScale: times inputScale[j], and with
 * the rounding of w / inputScale, it holds for w.
 * Inputs that were 0 throughout are scaled like the smallest; where all were, none is scaled.
 *
 * Cost: n^2 / 2 multiplications per line and ratio, less where a ratio is given up early: 1536 inputs and 512 lines take 9 s; with activationNorm
 * alone n per line and ratio. Memory beyond w, H or the inputs, and the result, in bytes: 22 per weight (26 where w is not float32), 64 per scale, 256 n,
 * 48 per line; 16 n^2 where activations or validation are summed up, 24 n^2 for both. All lines judge each ratio, so `memoryLimit` cuts nothing and
 * only refuses.
 *
 * Compatible with: the method of llm-awq and AutoAWQ (their grid of 20 ratios, clip grid of 20 to half); they measure a block's output in float16 on a
 * sample of tokens, cut each group by its own output alone, and leave the query and key layers uncut (`clip: false`).
 *
 * @param w the weights of a layer; never changed
 * @param options activations, hessian or activationNorm, bits ...
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE for values, NOT_POSITIVE for a matrix
 * that is no Hessian.
 * @example
 * const w = { data: Float32Array.of(0.3, 0.8, -0.5, 0.1), shape: [2, 2] };
 * const activations = { data: Float32Array.of(9, 1, 8, -1), shape: [2, 2] };
 * const { tensor, inputScale, report } = awq(w, { activations, bits: 3 });
 * report.loss <= report.roundToNearestLoss; // true
 * scaleAxis({ data: dequantizeAffine(tensor), shape: [2, 2] }, inputScale).shape; // [2, 2]
 * @see foldInputScale, scaleAxis, gptq, https://arxiv.org/abs/2306.00978
 */
export function awq(w: TensorLike, options: AwqOptions): AwqResult {
  const fn = 'awq';
  const { data, shape } = toContiguous(w, fn, 'w');
  if (shape.length === 0)
    throw rangeError(fn, 'w', 'at least one axis', 'a scalar', 'pass [outputs, inputs]');
  const checked = checkAwqOptions(fn, options, shape, data instanceof Float32Array);
  const values = toFloat32(data);
  refuseNonFinite(fn, 'w', values, data);
  const n = shape[checked.inputAxis];
  if (values.length === 0) return emptyResult(values, shape, checked, n);
  const task: Task = {
    ...checked,
    w: values,
    shape,
    lines: linesOf(fn, shape, checked.inputAxis, checked.settings.granularity),
  };
  const nearest = attempt(task, 0, Infinity);
  const scaled = bestRatio(task, nearest);
  const unscaled = cut(task, nearest);
  const best = scaled === nearest ? unscaled : cut(task, scaled);
  const kept = best.loss < unscaled.loss ? best : unscaled;
  const found = {
    values: dequantizeAffine(kept.tensor),
    inputScale: kept.inputScale,
    nearest: dequantizeAffine(nearest.tensor),
  };
  const report = {
    ...reportOf(task, kept, nearest),
    ...validated(checked.validation, values, task.lines, found),
  };
  return { tensor: kept.tensor, inputScale: kept.inputScale, report };
}

function reportOf({ lines, norm, workingBytes }: Task, kept: Attempt, nearest: Attempt): AwqReport {
  return {
    loss: kept.loss,
    roundToNearestLoss: nearest.loss,
    kept: kept === nearest ? 'roundToNearest' : 'awq',
    ratio: kept.ratio,
    clippedRegions: kept.clippedRegions,
    regions: kept.tensor.scale.length,
    lines: lines.starts.length,
    deadInputs: deadInputs(norm),
    workingBytes,
  };
}

interface Task extends AwqSettings {
  readonly w: F32;
  readonly shape: readonly number[];
  readonly lines: Lines;
}

/** Weights with scaled inputs, rounded to nearest. */
interface Attempt {
  readonly ratio: number;
  readonly inputScale: F32;
  readonly scaled: F32;
  readonly tensor: AffineTensor & Pictured;
  readonly loss: number;
  readonly clippedRegions: number;
}

const deadInputs = (norm: F64): number => norm.filter((v) => v === 0).length;

type Codes = Pick<AffineSettings, 'bits' | 'mapping' | 'granularity' | 'scaleDtype'>;

const usual = ({ bits, mapping, granularity, scaleDtype }: Codes): Codes => ({
  bits,
  mapping,
  granularity,
  scaleDtype,
});

function emptyResult(
  data: F32,
  shape: readonly number[],
  { settings, norm }: AwqSettings,
  n: number,
): AwqResult {
  const tensor = quantizeAffine({ data, shape }, usual(settings));
  const inputScale = new Float32Array(n).fill(1);
  const report = {
    loss: 0,
    roundToNearestLoss: 0,
    kept: 'roundToNearest',
    ratio: 0,
    clippedRegions: 0,
    regions: tensor.scale.length,
    lines: 0,
    deadInputs: deadInputs(norm),
    workingBytes: 0,
  } as const;
  return { tensor, inputScale, report };
}

/** The best of all ratios; the first of equally good ones. */
function bestRatio(task: Task, nearest: Attempt): Attempt {
  let best = nearest;
  for (let step = 1; step < task.ratios; step++) {
    const next = attempt(task, step / task.ratios, best.loss);
    if (next.loss < best.loss) best = next;
  }
  return best;
}

/** Round to nearest under a ratio's input scales. Its loss is exact unless it exceeds `limit`. */
function attempt(task: Task, ratio: number, limit: number): Attempt {
  const { w, shape, settings, inputAxis, lines, curvature } = task;
  const inputScale = scalesOf(task, ratio);
  const scaled = divided(w, inputScale, shape, inputAxis);
  const tensor = quantizeAffine({ data: scaled, shape }, usual(settings));
  const loss = lossOf(w, dequantizeAffine(tensor), inputScale, lines, curvature, limit);
  return { ratio, inputScale, scaled, tensor, loss, clippedRegions: 0 };
}

/** 1 / s, and 1 for ratio 0. */
function scalesOf({ norm, w, shape, inputAxis, powerOfTwo }: Task, ratio: number): F32 {
  const most = norm.reduce((a, b) => Math.max(a, b), 0);
  if (ratio === 0 || most === 0) return new Float32Array(norm.length).fill(1);
  const power = powerFunction(ratio);
  const s = norm.map((v) => power(Math.max(v / most, LEAST_NORM)));
  // The largest is 1.
  const middle = Math.sqrt(s.reduce((a, b) => Math.min(a, b), 1));
  return inputScales(
    s.map((v) => v / middle),
    magnitudesAlong(w, shape, inputAxis),
    powerOfTwo,
  );
}

/** The attempt with cut ranges, if that is better. */
function cut(task: Task, before: Attempt): Attempt {
  const { w, shape, settings, lines, curvature } = task;
  if (!task.clip || lines.isShared) return before;
  const { inputScale, scaled, tensor } = before;
  const values = dequantizeAffine(tensor);
  const { scale, zeroPoint, clippedRegions } = clipRegions(
    w,
    scaled,
    values,
    inputScale,
    tensor,
    settings,
    lines,
    curvature,
  );
  if (clippedRegions === 0) return before;
  const { codeMin, codeMax, arithmetic, rounding, seed } = settings;
  const qparams = { ...usual(settings), scale, zeroPoint, codeMin, codeMax, arithmetic, rounding, seed };
  const after = quantizeWith({ data: scaled, shape }, qparams);
  const loss = lossOf(w, dequantizeAffine(after), inputScale, lines, curvature, before.loss);
  return loss < before.loss ? { ...before, tensor: after, loss, clippedRegions } : before;
}
