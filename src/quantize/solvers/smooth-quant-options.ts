/** Checks and defaults of what SmoothQuant is told. */
import type { F32, F64 } from '../../core/arrays.js';
import { rangeError, typeError } from '../../core/errors.js';
import { checkChoice, checkInteger, checkOptions } from '../../core/options.js';
import { normalizeAxis } from '../../core/shape.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { toFloat32 } from '../affine/affine-scale.js';
import { checkFlag, refuseNonFinite } from './awq-options.js';
import { checkMagnitudes, magnitudesAlong } from './input-scale.js';
import { checkMemoryLimit, slabsWithin } from './memory-limit.js';
import type { SmoothQuantOptions } from './smooth-quant-types.js';

const KEYS: readonly (keyof SmoothQuantOptions)[] = [
  'activations',
  'activationMax',
  'alpha',
  'alphaSteps',
  'inputAxis',
  'weightBits',
  'activationBits',
  'weightGranularity',
  'activationGranularity',
  'powerOfTwo',
  'memoryLimit',
];

export interface Weight {
  readonly data: F32;
  readonly shape: readonly number[];
  readonly inputAxis: number;
}

/** Rows of inputs, [rows, n]. */
export interface Rows {
  readonly data: F32;
  readonly shape: readonly [rows: number, inputs: number];
}

export interface SmoothSettings {
  readonly weights: readonly Weight[];
  readonly n: number;
  readonly rows: Rows | null;
  /** Largest magnitude of each input. */
  readonly magnitudes: F64;
  readonly alphas: readonly number[];
  readonly weightBits: number;
  readonly activationBits: number;
  readonly weightGranularity: 'channel' | 'tensor';
  readonly activationGranularity: 'token' | 'tensor';
  readonly powerOfTwo: boolean;
  readonly workingBytes: number;
}

export function checkSmoothQuant(
  fn: string,
  given: TensorLike | readonly TensorLike[],
  options: SmoothQuantOptions,
): SmoothSettings {
  const checked = checkOptions(fn, options, KEYS);
  const weights = checkWeights(fn, given, checked.inputAxis ?? -1);
  const n = weights[0].shape[weights[0].inputAxis];
  const workingBytes = checkMemory(fn, checked, weights);
  const { rows, magnitudes } = checkInputs(fn, checked, n);
  return {
    weights,
    n,
    rows,
    magnitudes,
    alphas: checkAlphas(fn, checked, rows !== null),
    weightBits: checkInteger(fn, 'weightBits', checked.weightBits ?? 8, 2, 8),
    activationBits: checkInteger(fn, 'activationBits', checked.activationBits ?? 8, 2, 8),
    weightGranularity: checkChoice(fn, 'weightGranularity', checked.weightGranularity ?? 'channel', [
      'channel',
      'tensor',
    ]),
    activationGranularity: checkChoice(
      fn,
      'activationGranularity',
      checked.activationGranularity ?? 'token',
      ['token', 'tensor'],
    ),
    powerOfTwo: checkFlag(fn, 'powerOfTwo', checked.powerOfTwo ?? false),
    workingBytes,
  };
}

/**
 * What SmoothQuant takes beyond its inputs and its result, in bytes; refused beyond the limit before outputs are made. Every alpha is judged by all outputs, so
 * nothing is cut.
 */
function checkMemory(
  fn: string,
  { activations, memoryLimit }: Partial<SmoothQuantOptions>,
  weights: readonly Weight[],
): number {
  const limit = checkMemoryLimit(fn, memoryLimit);
  const n = weights[0].shape[weights[0].inputAxis];
  const sizes = weights.map(({ data }) => data.length);
  const [all, largest] = [sizes.reduce((a, b) => a + b, 0), Math.max(...sizes)];
  const inputs = activations === undefined ? 0 : toContiguous(activations, fn, 'activations').size;
  const outputs = n === 0 ? 0 : (inputs / n) * (all / n);
  const measured = activations === undefined ? 0 : 8 * outputs + 14 * (inputs + largest);
  const fixed = 64 * n + 4 * all + measured;
  const fix = 'raise it, pass fewer rows of activations, or activationMax instead';
  return slabsWithin(fn, limit, { fixed, perLine: 0, lines: 1, step: 1 }, fix).workingBytes;
}

/** One or several weights with the same number of inputs. */
function checkWeights(fn: string, given: TensorLike | readonly TensorLike[], inputAxis: number): Weight[] {
  const list = Array.isArray(given) ? (given as readonly TensorLike[]) : [given as TensorLike];
  if (list.length === 0)
    throw rangeError(fn, 'weights', 'at least one tensor', list, 'pass every weight that reads the inputs');
  const weights = list.map((w, i) =>
    checkWeight(fn, Array.isArray(given) ? `weights[${i}]` : 'weights', w, inputAxis),
  );
  const n = weights[0].shape[weights[0].inputAxis];
  weights.forEach((w, i) => {
    const own = w.shape[w.inputAxis];
    if (own !== n)
      throw rangeError(
        fn,
        `weights[${i}].shape`,
        `${n} inputs like weights[0]`,
        own,
        'pass weights that read the same inputs',
      );
  });
  return weights;
}

function checkWeight(fn: string, argument: string, w: TensorLike, inputAxis: number): Weight {
  const { data, shape } = toContiguous(w, fn, argument);
  if (shape.length === 0)
    throw rangeError(fn, argument, 'at least one axis', 'a scalar', 'pass [outputs, inputs]');
  const values = toFloat32(data);
  refuseNonFinite(fn, argument, values, data);
  return { data: values, shape, inputAxis: normalizeAxis(inputAxis, shape.length, fn) };
}

function checkInputs(
  fn: string,
  { activations, activationMax }: Partial<SmoothQuantOptions>,
  n: number,
): Pick<SmoothSettings, 'rows' | 'magnitudes'> {
  if ((activations === undefined) === (activationMax === undefined)) {
    const got = activations === undefined ? 'neither' : 'both';
    throw rangeError(
      fn,
      'activations',
      'either activations or activationMax',
      got,
      'the largest |x| follow from the activations',
    );
  }
  if (activationMax !== undefined)
    return { rows: null, magnitudes: checkMagnitudes(fn, 'activationMax', activationMax, n) };
  const { data, shape, size } = toContiguous(activations as TensorLike, fn, 'activations');
  if (shape.at(-1) !== n) {
    const fix = 'rows are tokens, columns the inputs of the layer';
    throw rangeError(fn, 'activations.shape', `a last axis of ${n}`, Array.from(shape), fix);
  }
  if (size === 0 && n > 0)
    throw rangeError(fn, 'activations', 'at least one row', activations, 'calibrate on real inputs');
  const values = toFloat32(data);
  refuseNonFinite(fn, 'activations', values, data);
  const rows = { data: values, shape: [n === 0 ? 0 : size / n, n] } as const;
  return { rows, magnitudes: magnitudesAlong(values, rows.shape, 1) };
}

function checkAlphas(
  fn: string,
  { alpha = 0.5, alphaSteps }: Partial<SmoothQuantOptions>,
  isMeasured: boolean,
): readonly number[] {
  if (alpha === 'auto') {
    if (!isMeasured)
      throw rangeError(
        fn,
        'alpha',
        'a number beside activationMax',
        alpha,
        'pass activations to search alpha',
      );
    const steps = checkInteger(fn, 'alphaSteps', alphaSteps ?? 20, 1, 100);
    return Array.from({ length: steps + 1 }, (_, i) => i / steps);
  }
  if (alphaSteps !== undefined)
    throw rangeError(fn, 'alphaSteps', "no value unless alpha is 'auto'", alphaSteps, 'remove it');
  const expected = "a number from 0 to 1, or 'auto'";
  if (typeof alpha !== 'number') throw typeError(fn, 'alpha', expected, alpha, 'for example 0.5');
  if (alpha >= 0 && alpha <= 1) return [alpha];
  throw rangeError(fn, 'alpha', expected, alpha, '0.5 balances weights and inputs');
}
