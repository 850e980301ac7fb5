/** GPTQ: rounding that answers each weight's error in the weights that are still to come. */
import type { F32, F64, FloatArray, I16, I8, U8 } from '../../core/arrays.js';
import { describe, NumericError, rangeError } from '../../core/errors.js';
import type { Pictured } from '../../core/inspect.js';
import { elementCount } from '../../core/shape.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { kernels } from '../../kernels/dispatch.js';
import { toFloat32 } from '../affine/affine-scale.js';
import { codesArray, unpackCodes } from '../affine/affine-tensor.js';
import type { AffineSettings, AffineTensor } from '../affine/affine-types.js';
import { affineTensor } from '../affine/affine-view.js';
import { dequantizeAffine, quantizeAffine } from '../affine/affine.js';
import { factorHessian } from '../../core/hessian-factor.js';
import { linesOf, type Lines } from './gptq-lines.js';
import { checkGptqOptions } from './gptq-options.js';
import { lossesOf, solveLines, type Solved } from './gptq-solve.js';
import type { GptqOptions, GptqReport, GptqResult } from './gptq-types.js';
import { validated } from './validation.js';

/**
 * Returns `w` in affine codes that keep the outputs of its layer, not its weights, close to the original, and a report of what was done.
 *
 * Formula: for every line of w along inputAxis, codes with a small e H e^T, where e = w - values and H = sum of x^T x over the layer's inputs x. The
 * weights are rounded one after the other; the error of each is made good, as well as H allows, in those still to come.
 *
 * Shapes: w of any rank, H [n, n] with n = w.shape[inputAxis]; every other axis counts lines. The result has w's shape.
 *
 * Numerics: float64 weights are rounded to float32 first. Codes are made as quantizeAffine makes them (half to even, scales rounded to
 * scaleDtype first), everything else is float64 in a fixed order. With a diagonal H and scaleMethod 'absmax' the result is round to nearest.
 * Each line (the whole tensor, where lines share scales) is kept only if its loss is below that of round to nearest, so the loss is never
 * worse. `errorBound` holds as for quantizeAffine: `overflow` is the most by which an error exceeds half a step.
 *
 * Cost: n^3 / 6 multiplications for the factor and n^2 per line; 1536 inputs and 512 lines take 2 to 3 s. Memory: 16 n^2 bytes beside H and w.
 *
 * Compatible with: the method of GPTQModel and AutoGPTQ (their group size, damp_percent, desc_act and static_groups are groupSize, damping,
 * order 'activation' and staticGroups); codes differ, since scales are searched for.
 *
 * @param w the weights of a layer; never changed
 * @param options hessian or activations, inputAxis, bits ...
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE for values, NOT_POSITIVE for a matrix that is no Hessian.
 * @example
 * const w = { data: Float32Array.of(0.3, 0.8, -0.5, 0.1), shape: [2, 2] };
 * const activations = { data: Float32Array.of(1, 1, 2, 1.9), shape: [2, 2] };
 * const { tensor, report } = gptq(w, { activations, bits: 4, scaleMethod: 'absmax' });
 * report.loss <= report.roundToNearestLoss; // true
 * @see hessianAccumulator, quantizeAffine, https://arxiv.org/abs/2210.17323
 */
export function gptq(w: TensorLike, options: GptqOptions): GptqResult {
  const fn = 'gptq';
  const { data, shape } = toContiguous(w, fn, 'w');
  if (shape.length === 0)
    throw rangeError(fn, 'w', 'at least one axis', 'a scalar', 'pass [outputs, inputs]');
  const checked = checkGptqOptions(fn, options, shape);
  const { settings, inputAxis, hessian, damping, order, staticGroups, refinePasses } = checked;
  const { bits, mapping, granularity, scaleDtype } = settings;
  const values = toFloat32(data);
  refuseNonFinite(fn, values, data);
  const nearest = quantizeAffine({ data, shape }, { bits, mapping, granularity, scaleDtype });
  if (elementCount(shape, fn) === 0) return { tensor: nearest, report: emptyReport(damping) };

  const lines = linesOf(fn, shape, inputAxis, granularity);
  const isStatic = checkStatic(fn, staticGroups, order === 'activation', lines);
  const factor = factorHessian(fn, hessian, lines.n, damping, order, lines.groupSize);
  const plan = { lines, factor, rule: settings, staticGroups: isStatic, refinePasses };
  const nearestValues = dequantizeAffine(nearest);
  const nearestLosses = lossesOf(values, nearestValues, plan);
  const solved = solveLines(values, plan, { scale: nearest.scale as F32, zeroPoint: nearest.zeroPoint });
  const kept = keepBetter(solved, nearest, nearestLosses, lines);
  const report: GptqReport = {
    loss: total(solved.losses),
    roundToNearestLoss: total(nearestLosses),
    kept: kept === 0 ? 'gptq' : kept === lines.starts.length ? 'roundToNearest' : 'mixed',
    roundToNearestLines: kept,
    lines: lines.starts.length,
    damping: factor.damping,
    dampingSteps: factor.dampingSteps,
    deadColumns: factor.deadColumns,
    staticGroups: isStatic,
  };
  const tensor = toTensor(values, solved, settings, shape, lines);
  if (checked.validation === null) return { tensor, report };
  const inputScale = new Float32Array(lines.n).fill(1);
  const found = { values: dequantizeAffine(tensor), inputScale, nearest: nearestValues };
  return { tensor, report: { ...report, ...validated(checked.validation, values, lines, found) } };
}

function refuseNonFinite(fn: string, values: F32, data: FloatArray): void {
  const index = kernels().firstNonFinite(values);
  if (index < 0) return;
  const got = `${describe(data[index])} at index ${index}`;
  const message = `${fn}: "w" expected finite float32 values, got ${got} - repair the tensor`;
  throw new NumericError('NON_FINITE', message, index);
}

function emptyReport(damping: number): GptqReport {
  return {
    loss: 0,
    roundToNearestLoss: 0,
    kept: 'roundToNearest',
    roundToNearestLines: 0,
    lines: 0,
    damping,
    dampingSteps: 0,
    deadColumns: 0,
    staticGroups: false,
  };
}

/** Whether scales come from the original weights: as asked, and always where they cannot come later. */
function checkStatic(fn: string, asked: boolean | undefined, isByActivation: boolean, lines: Lines): boolean {
  const isForced = lines.isShared || (isByActivation && lines.groupSize < lines.n);
  if (isForced && asked === false) {
    const fix = "use order 'grouped' or regions inside one line, or leave staticGroups out";
    throw rangeError(fn, 'staticGroups', 'true for these regions in this order', asked, fix);
  }
  return isForced || asked === true;
}

/**
 * Puts round to nearest in the place of every line that has not become better than it; of the whole tensor where lines share scales. Returns
 * how many lines that were.
 */
function keepBetter(solved: Solved, nearest: AffineTensor, nearestLosses: F64, lines: Lines): number {
  const { codes, scale, zeroPoint, losses } = solved;
  const isBetter = total(losses) < total(nearestLosses);
  const codesOfNearest = unpackCodes(nearest, codes.length);
  let kept = 0;
  for (let l = 0; l < losses.length; l++) {
    if (lines.isShared ? isBetter : losses[l] < nearestLosses[l]) continue;
    losses[l] = nearestLosses[l];
    kept++;
    for (let c = 0; c < lines.n; c++) {
      const at = lines.starts[l] + c * lines.stride;
      codes[at] = codesOfNearest[at];
      const region = lines.regionOfLine[l] + lines.groupOf[c] * lines.regionStep;
      scale[region] = nearest.scale[region];
      if (zeroPoint !== null && nearest.zeroPoint !== null) zeroPoint[region] = nearest.zeroPoint[region];
    }
  }
  return kept;
}

function toTensor(
  w: F32,
  { codes, scale, zeroPoint }: Solved,
  settings: AffineSettings,
  shape: readonly number[],
  lines: Lines,
): AffineTensor & Pictured {
  const { bits, codeMin, codeMax, mapping, granularity, scaleDtype, rounding } = settings;
  // prettier-ignore
  const tensor = {
    kind: 'affine', codes: packed(codes, settings), scale, zeroPoint, bits, codeMin, codeMax, mapping, granularity,
    shape: [...shape], scaleDtype, rounding, overflow: 0,
  } as const;
  return affineTensor({ ...tensor, overflow: excessOf(w, tensor, lines) });
}

function packed(codes: I16, { bits, codeMin }: AffineSettings): AffineTensor['codes'] {
  const single = codesArray(8, codeMin, codes.length);
  single.set(codes);
  if (bits === 8) return single;
  const out = codesArray(bits, codeMin, codes.length) as U8;
  kernels().packBits(out, single as I8 | U8, codes.length, bits, codeMin);
  return out;
}

/** The most by which an error exceeds half a step: what errorBound has to add, since these codes are not the nearest ones. */
function excessOf(w: F32, tensor: AffineTensor, lines: Lines): number {
  const { n, stride, starts, regionOfLine, groupOf, regionStep } = lines;
  const values = dequantizeAffine(tensor);
  let excess = 0;
  for (let l = 0; l < starts.length; l++) {
    for (let c = 0; c < n; c++) {
      const at = starts[l] + c * stride;
      const step = tensor.scale[regionOfLine[l] + groupOf[c] * regionStep];
      excess = Math.max(excess, Math.abs(w[at] - values[at]) - step / 2);
    }
  }
  return excess * (1 + 2 ** -50);
}

const total = (losses: F64): number => losses.reduce((sum, loss) => sum + loss, 0);
