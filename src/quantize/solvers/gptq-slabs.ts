/** GPTQ on some of a tensor's lines at a time, and the better of its codes and round to nearest for each. */
import type { F32, F64, I32, I8, U8 } from '../../core/arrays.js';
import type { Factor } from '../../core/hessian-factor.js';
import { codesArray, unpackCodes } from '../affine/affine-tensor.js';
import type { AffineSettings, AffineTensor, Granularity } from '../affine/affine-types.js';
import { dequantizeAffine, quantizeAffine } from '../affine/affine.js';
import { addLosses } from './awq-objective.js';
import { valueOf } from './gptq-fit.js';
import { linesOf, type Lines } from './gptq-lines.js';
import { lossesOf, solveLines, type Solved } from './gptq-solve.js';
import type { Work } from './memory-limit.js';
import type { ValidationReport } from './validation.js';

/** Cuts lie between blocks of lines that are worked on together, so that sums over blocks stay the same. */
const LINES_PER_BLOCK = 4;

export interface GptqTask {
  readonly w: F32;
  readonly shape: readonly number[];
  readonly settings: AffineSettings;
  readonly lines: Lines;
  readonly factor: Factor;
  readonly staticGroups: boolean;
  readonly refinePasses: number;
  readonly validation: F64 | null;
}

export interface GptqOutcome {
  /** One per weight, in the tensor's order. */
  readonly codes: I8 | U8;
  readonly scale: F32;
  readonly zeroPoint: I32 | null;
  readonly losses: F64;
  readonly nearestLosses: F64;
  /** Lines that are round to nearest. */
  readonly kept: number;
  /** The most by which an error exceeds half a step: what errorBound has to add, since these codes are not the nearest ones. */
  readonly excess: number;
  readonly validation: ValidationReport | null;
}

/**
 * What GPTQ takes beyond its input and its result, in bytes.
 *
 * Fixed: 16 n^2 for the factor, 8 n^2 for sums over activations and as much for those over validation, 512 n for four lines in work, 48 per line, one
 * per code until they are packed, and 4 per weight that is not float32. Per line in work: 18 per weight (its copy 4, its values under both
 * roundings 8, codes 4 and scratch 2) and 16 per scale. Lines that share scales are all in work at once.
 */
export function workOf(
  { n, starts, groupSize, isShared }: Lines,
  hasSums: boolean,
  hasValidation: boolean,
  isFloat32: boolean,
): Work {
  const lines = starts.length;
  const squares = 16 + (hasSums ? 8 : 0) + (hasValidation ? 8 : 0);
  const perWeight = isFloat32 ? 1 : 5;
  return {
    fixed: squares * n * n + 512 * n + 48 * lines + perWeight * n * lines,
    perLine: 18 * n + 16 * Math.ceil(n / groupSize),
    lines,
    step: isShared ? lines : LINES_PER_BLOCK,
  };
}

interface Slab {
  readonly w: F32;
  readonly shape: readonly number[];
  readonly granularity: Granularity;
  readonly lines: Lines;
}

/** The codes of all lines, found for `linesAtOnce` at a time; they depend on nothing else. */
export function solveInSlabs(task: GptqTask, regions: number, linesAtOnce: number): GptqOutcome {
  const { settings, lines, validation } = task;
  const { bits, mapping, scaleDtype, codeMin } = settings;
  const count = lines.starts.length;
  const codes = codesArray(8, codeMin, task.w.length) as I8 | U8;
  const scale = new Float32Array(regions);
  const zeroPoint = mapping === 'asymmetric' ? new Int32Array(regions) : null;
  const [losses, nearestLosses] = [new Float64Array(count), new Float64Array(count)];
  const ones = new Float32Array(lines.n).fill(1);
  const curvature = { n: lines.n, full: validation, diagonal: new Float64Array(0) };
  let [kept, excess, loss, nearestLoss] = [0, 0, 0, 0];
  for (let first = 0; first < count; first += linesAtOnce) {
    const slab = slabOf(task, first, Math.min(linesAtOnce, count - first));
    const plan = { ...task, lines: slab.lines, rule: settings };
    const { granularity, shape } = slab;
    const nearest = quantizeAffine({ data: slab.w, shape }, { bits, mapping, granularity, scaleDtype });
    const nearestValues = dequantizeAffine(nearest);
    const nearestOnes = lossesOf(slab.w, nearestValues, plan);
    const solved = solveLines(slab.w, plan, {
      scale: nearest.scale as F32,
      zeroPoint: nearest.zeroPoint,
    });
    kept += keepBetter(solved, nearest, nearestOnes, slab.lines);
    const values = valuesOf(solved, slab.lines);
    excess = Math.max(excess, excessOf(slab, values, solved.scale));
    losses.set(solved.losses, first);
    nearestLosses.set(nearestOnes, first);
    place(solved, slab.lines, { codes, scale, zeroPoint }, lines, first);
    if (validation === null) continue;
    loss = addLosses(loss, slab.w, values, ones, slab.lines, curvature, Infinity);
    nearestLoss = addLosses(nearestLoss, slab.w, nearestValues, ones, slab.lines, curvature, Infinity);
  }
  return {
    codes,
    scale,
    zeroPoint,
    losses,
    nearestLosses,
    kept,
    excess: excess * (1 + 2 ** -50),
    validation:
      validation === null ? null : { loss: Math.max(0, loss), roundToNearestLoss: Math.max(0, nearestLoss) },
  };
}

/** Some lines as a matrix of their own; the tensor itself where they are all of it. */
function slabOf({ w, shape, settings, lines }: GptqTask, first: number, count: number): Slab {
  const { granularity: own } = settings;
  if (count === lines.starts.length) return { w, shape, granularity: own, lines };
  const { n, stride, starts } = lines;
  const rows = new Float32Array(count * n);
  for (let l = 0; l < count; l++)
    for (let c = 0; c < n; c++) rows[l * n + c] = w[starts[first + l] + c * stride];
  // Lines that are cut apart share no scale: each has one of its own, or groups.
  const granularity: Granularity =
    own.kind === 'group' ? { kind: 'group', axis: 1, groupSize: own.groupSize } : { kind: 'axis', axis: 0 };
  const ofSlab = [count, n];
  return { w: rows, shape: ofSlab, granularity, lines: linesOf('gptq', ofSlab, 1, granularity) };
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

function valuesOf({ codes, scale, zeroPoint }: Solved, lines: Lines): F32 {
  const values = new Float32Array(codes.length);
  visit(lines, (at, region) => {
    values[at] = valueOf(codes[at], { scale: scale[region], zero: zeroPoint?.[region] ?? 0 });
  });
  return values;
}

function excessOf({ w, lines }: Slab, values: F32, scale: F32): number {
  let excess = 0;
  visit(lines, (at, region) => {
    excess = Math.max(excess, Math.abs(w[at] - values[at]) - scale[region] / 2);
  });
  return excess;
}

/** Writes a slab's codes, scales and zero points to where they belong in the tensor, whose lines from `first` on they are. */
function place(
  { codes, scale, zeroPoint }: Solved,
  own: Lines,
  to: Pick<GptqOutcome, 'codes' | 'scale' | 'zeroPoint'>,
  lines: Lines,
  first: number,
): void {
  for (let l = 0; l < own.starts.length; l++) {
    for (let c = 0; c < lines.n; c++) {
      const region = own.regionOfLine[l] + own.groupOf[c] * own.regionStep;
      const target = lines.regionOfLine[first + l] + lines.groupOf[c] * lines.regionStep;
      to.codes[lines.starts[first + l] + c * lines.stride] = codes[own.starts[l] + c * own.stride];
      to.scale[target] = scale[region];
      if (to.zeroPoint !== null && zeroPoint !== null) to.zeroPoint[target] = zeroPoint[region];
    }
  }
}

/** Shows the index of every weight with its region. */
function visit(lines: Lines, show: (at: number, region: number) => void): void {
  const { n, stride, starts, regionOfLine, groupOf, regionStep } = lines;
  for (let l = 0; l < starts.length; l++)
    for (let c = 0; c < n; c++) show(starts[l] + c * stride, regionOfLine[l] + groupOf[c] * regionStep);
}

export const total = (losses: F64): number => losses.reduce((sum, loss) => sum + loss, 0);
