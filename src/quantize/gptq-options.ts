/** Checks and defaults of what GPTQ is told. */
import type { F64, FloatArray } from '../core/arrays.js';
import { rangeError, typeError } from '../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../core/options.js';
import { normalizeAxis } from '../core/shape.js';
import { toContiguous } from '../core/tensor.js';
import { checkAffineOptions } from './affine-options.js';
import type { AffineSettings, Bits, Granularity } from './affine-types.js';
import { checkHessian } from './gptq-factor.js';
import type { GptqOptions, GptqOrder } from './gptq-types.js';
import { hessianAccumulator } from './hessian.js';
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

/** The Hessian, given or summed up from activations. */
function checkCurvature(fn: string, { hessian, activations }: Partial<GptqOptions>, n: number): FloatArray {
  if (hessian !== undefined && activations === undefined) {
    const { data, shape } = toContiguous(hessian, fn, 'hessian');
    if (shape.length !== 2 || shape[0] !== n || shape[1] !== n) {
      const fix = 'the layer has as many inputs as w.shape[inputAxis]';
      throw rangeError(fn, 'hessian.shape', `[${n}, ${n}]`, Array.from(shape), fix);
    }
    checkHessian(fn, data, n);
    return data;
  }
  if (activations !== undefined && hessian === undefined) {
    if (n === 0) return new Float64Array(0);
    const sums = hessianAccumulator(n);
    sums.add(activations);
    if (sums.count > 0) return sums.matrix.data;
    throw rangeError(fn, 'activations', 'at least one row', activations, 'calibrate on real inputs');
  }
  const got = hessian === undefined ? 'neither' : 'both';
  throw rangeError(fn, 'hessian', 'either hessian or activations', got, 'see hessianAccumulator');
}

function checkDamping(fn: string, damping: unknown): number {
  const expected = 'a finite number >= 0';
  if (typeof damping !== 'number') throw typeError(fn, 'damping', expected, damping, 'for example 0.01');
  if (damping >= 0 && damping < Infinity) return damping;
  throw rangeError(
    fn,
    'damping',
    expected,
    damping,
    'it is a fraction of the mean diagonal, 0.01 by default',
  );
}
