/** GPTQ: rounding that answers each weight's error in the weights that are still to come. */
import type { F32, FloatArray, I8, U8 } from '../../core/arrays.js';
import { describe, NumericError, rangeError } from '../../core/errors.js';
import { factorHessian } from '../../core/hessian-factor.js';
import type { Pictured } from '../../core/inspect.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { kernels } from '../../kernels/dispatch.js';
import { toFloat32 } from '../affine/affine-scale.js';
import { codesArray } from '../affine/affine-tensor.js';
import type { AffineSettings, AffineTensor } from '../affine/affine-types.js';
import { affineTensor } from '../affine/affine-view.js';
import { quantizeAffine } from '../affine/affine.js';
import { planRegions } from '../affine/regions.js';
import type { Lines } from './gptq-lines.js';
import { checkGptqOptions } from './gptq-options.js';
import { solveInSlabs, total, type GptqOutcome } from './gptq-slabs.js';
import type { GptqOptions, GptqReport, GptqResult } from './gptq-types.js';

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
 * Cost: n^3 / 6 multiplications for the factor and n^2 per line; 1536 inputs and 512 lines take 2 to 3 s.
 *
 * Memory beyond H or the inputs, w and the result, in bytes: 16 n^2, 8 n^2 more where activations are summed up and as much for validation, 512 n, 48 per
 * line, 1 per weight (5 where w is not float32), and for the lines in work at the same time 18 per weight and 16 per scale. With `memoryLimit`
 * lines are worked on in slabs of a multiple of four, the most that fit, with the same result to the bit; lines that share scales
 * cannot be cut apart. What cannot fit is refused before anything is allocated.
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
  const checked = checkGptqOptions(fn, options, shape, data instanceof Float32Array);
  const { settings, hessian, damping, order, lines, slabs, validation, refinePasses } = checked;
  const { bits, mapping, granularity, scaleDtype } = settings;
  const values = toFloat32(data);
  refuseNonFinite(fn, values, data);
  if (lines === null) {
    const tensor = quantizeAffine({ data, shape }, { bits, mapping, granularity, scaleDtype });
    return { tensor, report: emptyReport(damping) };
  }
  const staticGroups = checkStatic(fn, checked.staticGroups, order === 'activation', lines);
  const factor = factorHessian(fn, hessian, lines.n, damping, order, lines.groupSize);
  const { regions } = planRegions(shape, granularity);
  const task = { w: values, shape, settings, lines, factor, staticGroups, refinePasses, validation };
  const found = solveInSlabs(task, regions, slabs.linesAtOnce);
  const { kept } = found;
  const report: GptqReport = {
    loss: total(found.losses),
    roundToNearestLoss: total(found.nearestLosses),
    kept: kept === 0 ? 'gptq' : kept === lines.starts.length ? 'roundToNearest' : 'mixed',
    roundToNearestLines: kept,
    lines: lines.starts.length,
    damping: factor.damping,
    dampingSteps: factor.dampingSteps,
    deadColumns: factor.deadColumns,
    staticGroups,
    ...slabs,
    ...(found.validation !== null && { validation: found.validation }),
  };
  return { tensor: toTensor(found, settings, shape), report };
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
    workingBytes: 0,
    linesAtOnce: 0,
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

function toTensor(
  { codes, scale, zeroPoint, excess }: GptqOutcome,
  settings: AffineSettings,
  shape: readonly number[],
): AffineTensor & Pictured {
  const { bits, codeMin, codeMax, mapping, granularity, scaleDtype, rounding } = settings;
  // prettier-ignore
  return affineTensor({
    kind: 'affine', codes: packed(codes, settings), scale, zeroPoint, bits, codeMin, codeMax, mapping, granularity,
    shape: [...shape], scaleDtype, rounding, overflow: excess,
  });
}

function packed(codes: I8 | U8, { bits, codeMin }: AffineSettings): AffineTensor['codes'] {
  if (bits === 8) return codes;
  const out = codesArray(bits, codeMin, codes.length);
  kernels().packBits(out as U8, codes, codes.length, bits, codeMin);
  return out;
}
