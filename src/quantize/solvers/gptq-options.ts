/** Checks and defaults of what GPTQ is told. */
import type { F64, FloatArray } from '../../core/arrays.js';
import { checkCurvature, checkDamping } from '../../core/curvature.js';
import { typeError } from '../../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../../core/options.js';
import { normalizeAxis } from '../../core/shape.js';
import { checkAffineOptions } from '../affine/affine-options.js';
import type { AffineSettings, Bits, Granularity } from '../affine/affine-types.js';
import type { GptqOptions, GptqOrder } from './gptq-types.js';
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
}

/** The options checked against the shape of the weights. */
export function checkGptqOptions(fn: string, options: GptqOptions, shape: readonly number[]): GptqSettings {
  const given = checkOptions(fn, options, KEYS);
  const inputAxis = normalizeAxis(given.inputAxis ?? -1, shape.length, fn);
  const { staticGroups } = given;
  if (staticGroups !== undefined && typeof staticGroups !== 'boolean')
    throw typeError(fn, 'staticGroups', 'true or false', staticGroups, 'leave it out for the usual');
  const n = shape[inputAxis];
  const hessian = checkCurvature(fn, given, n);
  return {
    settings: checkCodes(fn, given, shape, inputAxis),
    inputAxis,
    hessian,
    validation: checkValidation(fn, given.validation, hessian, n),
    damping: checkDamping(fn, given.damping ?? 0.01),
    order: checkChoice(fn, 'order', given.order ?? 'natural', ['natural', 'activation', 'grouped']),
    staticGroups,
    refinePasses: checkInteger(fn, 'refinePasses', given.refinePasses ?? 0, 0, 1000),
  };
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
