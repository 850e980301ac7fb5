/** Checks and defaults of what GPTQ is told. */
import type { F64, FloatArray } from '../../core/arrays.js';
import { checkCurvature, checkDamping } from '../../core/curvature.js';
import { typeError } from '../../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../../core/options.js';
import { elementCount, normalizeAxis } from '../../core/shape.js';
import { checkAffineOptions } from '../affine/affine-options.js';
import type { AffineSettings, Bits, Granularity } from '../affine/affine-types.js';
import { linesOf, type Lines } from './gptq-lines.js';
import { workOf } from './gptq-slabs.js';
import type { GptqOptions, GptqOrder } from './gptq-types.js';
import { checkMemoryLimit, slabsWithin, type Slabs } from './memory-limit.js';
import { checkValidation } from './validation.js';

const KEYS: readonly (keyof GptqOptions)[] = [
  'hessian',
  'activations',
  'validation',
  'inputAxis',
  'bits',
  'mapping',
  'granularity',
  'scaleDtype',
  'scaleMethod',
  'order',
  'staticGroups',
  'damping',
  'refinePasses',
  'memoryLimit',
];

export interface GptqSettings {
  readonly settings: AffineSettings;
  readonly inputAxis: number;
  readonly hessian: FloatArray;
  /** Second moments of the validation's rows, or null. */
  readonly validation: F64 | null;
  readonly damping: number;
  readonly order: GptqOrder;
  readonly staticGroups: boolean | undefined;
  readonly refinePasses: number;
  /** Null for tensors without weights. */
  readonly lines: Lines | null;
  readonly slabs: Slabs;
}

/** The options checked against the shape of the weights. */
export function checkGptqOptions(
  fn: string,
  options: GptqOptions,
  shape: readonly number[],
  isFloat32 = true,
): GptqSettings {
  const given = checkOptions(fn, options, KEYS);
  const inputAxis = normalizeAxis(given.inputAxis ?? -1, shape.length, fn);
  const { staticGroups } = given;
  if (staticGroups !== undefined && typeof staticGroups !== 'boolean')
    throw typeError(fn, 'staticGroups', 'true or false', staticGroups, 'leave it out for the usual');
  const n = shape[inputAxis];
  const settings = checkCodes(fn, given, shape, inputAxis);
  const isEmpty = elementCount(shape, fn) === 0;
  const lines = isEmpty ? null : linesOf(fn, shape, inputAxis, settings.granularity);
  const slabs = checkMemory(fn, given, lines, isFloat32);
  const hessian = checkCurvature(fn, given, n);
  return {
    settings,
    inputAxis,
    hessian,
    validation: checkValidation(fn, given.validation, hessian, n),
    damping: checkDamping(fn, given.damping ?? 0.01),
    order: checkChoice(fn, 'order', given.order ?? 'natural', ['natural', 'activation', 'grouped']),
    staticGroups,
    refinePasses: checkInteger(fn, 'refinePasses', given.refinePasses ?? 0, 0, 1000),
    lines,
    slabs,
  };
}

/** The limit is held before the first sum is made. */
function checkMemory(
  fn: string,
  { memoryLimit, activations, validation }: Partial<GptqOptions>,
  lines: Lines | null,
  isFloat32: boolean,
): Slabs {
  const limit = checkMemoryLimit(fn, memoryLimit);
  if (lines === null) return { linesAtOnce: 0, workingBytes: 0 };
  const work = workOf(lines, activations !== undefined, validation !== undefined, isFloat32);
  const fix = lines.isShared
    ? 'raise it, or give each line scales of its own, so that lines can be worked on one after the other'
    : "raise it, or pass a hessian instead of activations and no validation; n^2 is for the Hessian's factor";
  return slabsWithin(fn, limit, work, fix);
}

function checkCodes(
  fn: string,
  given: Partial<GptqOptions>,
  shape: readonly number[],
  inputAxis: number,
): AffineSettings {
  const bits = checkInteger(fn, 'bits', given.bits, 1, 8) as Bits;
  const { mapping = 'symmetric', scaleDtype = 'float32' } = given;
  const wished: Granularity = given.granularity ?? { kind: 'group', groupSize: 128 };
  const granularity: Granularity =
    wished.kind === 'group' ? { ...wished, axis: wished.axis ?? inputAxis } : wished;
  const scaleMethod = checkChoice(fn, 'scaleMethod', given.scaleMethod ?? 'mse', ['absmax', 'mse']);
  return checkAffineOptions(fn, { bits, mapping, granularity, scaleDtype, scaleMethod }, shape);
}
