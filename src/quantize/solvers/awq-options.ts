/** Checks and defaults of what AWQ is told. */
import type { F32, F64, FloatArray } from '../../core/arrays.js';
import { describe, NumericError, rangeError, typeError } from '../../core/errors.js';
import { checkInteger, checkOptions } from '../../core/options.js';
import { elementCount, normalizeAxis } from '../../core/shape.js';
import { toContiguous, type TensorLike } from '../../core/tensor.js';
import { kernels } from '../../kernels/dispatch.js';
import { checkAffineOptions } from '../affine/affine-options.js';
import type { AffineSettings, Bits, Granularity } from '../affine/affine-types.js';
import type { Curvature } from './awq-objective.js';
import type { AwqOptions } from './awq-types.js';
import { checkHessian } from '../../core/hessian-factor.js';
import { hessianAccumulator } from '../../core/hessian.js';
import { checkMagnitudes, visitAlong } from './input-scale.js';
import { planRegions } from '../affine/regions.js';
import { checkMemoryLimit, slabsWithin } from './memory-limit.js';
import { checkValidation } from './validation.js';

const KEYS: readonly (keyof AwqOptions)[] = [
  'activations',
  'hessian',
  'activationNorm',
  'validation',
  'inputAxis',
  'bits',
  'mapping',
  'granularity',
  'scaleDtype',
  'ratios',
  'clip',
  'powerOfTwo',
  'memoryLimit',
];

export interface AwqSettings {
  readonly settings: AffineSettings;
  readonly inputAxis: number;
  readonly norm: F64;
  readonly curvature: Curvature;
  /** Second moments of the validation's rows, or null. */
  readonly validation: F64 | null;
  readonly ratios: number;
  readonly clip: boolean;
  readonly powerOfTwo: boolean;
  readonly workingBytes: number;
}

/** The options checked against the shape of the weights. */
export function checkAwqOptions(
  fn: string,
  options: AwqOptions,
  shape: readonly number[],
  isFloat32: boolean,
): AwqSettings {
  const given = checkOptions(fn, options, KEYS);
  const inputAxis = normalizeAxis(given.inputAxis ?? -1, shape.length, fn);
  const settings = checkCodes(fn, given, shape, inputAxis);
  const workingBytes = checkMemory(fn, given, settings, shape, inputAxis, isFloat32);
  const inputs = checkInputs(fn, given, shape[inputAxis]);
  return {
    settings,
    inputAxis,
    ...inputs,
    validation: checkValidation(fn, given.validation, inputs.curvature.full, shape[inputAxis]),
    ratios: checkInteger(fn, 'ratios', given.ratios ?? 20, 1, 100),
    clip: checkFlag(fn, 'clip', given.clip ?? true),
    powerOfTwo: checkFlag(fn, 'powerOfTwo', given.powerOfTwo ?? false),
    workingBytes,
  };
}

/**
 * What AWQ takes beyond its inputs and its result, in bytes; refused beyond the limit, before the first sum is made. Every ratio is judged by all lines, so
 * nothing is cut: per weight 22 (the best weights so far, those of ratio 0 and those being tried, 4 each; codes of five attempts; two sets of values).
 */
function checkMemory(
  fn: string,
  { memoryLimit, activations, validation }: Partial<AwqOptions>,
  { granularity }: AffineSettings,
  shape: readonly number[],
  inputAxis: number,
  isFloat32: boolean,
): number {
  const limit = checkMemoryLimit(fn, memoryLimit);
  const size = elementCount(shape, fn);
  if (size === 0) return 0;
  const n = shape[inputAxis];
  const sums = Number(activations !== undefined) + Number(validation !== undefined);
  const squares = sums === 0 ? 0 : 8 * (sums + 1);
  const { regions } = planRegions(shape, granularity);
  const perWeight = isFloat32 ? 22 : 26;
  const fixed = squares * n * n + 256 * n + 48 * (size / n) + perWeight * size + 64 * regions;
  const fix = 'raise it, pass a hessian or activationNorm instead of activations, or cut w along its outputs';
  return slabsWithin(fn, limit, { fixed, perLine: 0, lines: 1, step: 1 }, fix).workingBytes;
}

function checkCodes(
  fn: string,
  { bits, mapping = 'symmetric', granularity, scaleDtype = 'float32' }: Partial<AwqOptions>,
  shape: readonly number[],
  inputAxis: number,
): AffineSettings {
  const wished: Granularity = granularity ?? { kind: 'group', groupSize: 128 };
  return checkAffineOptions(
    fn,
    {
      bits: checkInteger(fn, 'bits', bits, 1, 8) as Bits,
      mapping,
      scaleDtype,
      granularity: wished.kind === 'group' ? { ...wished, axis: wished.axis ?? inputAxis } : wished,
    },
    shape,
  );
}

export function checkFlag(fn: string, argument: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw typeError(fn, argument, 'true or false', value, 'leave it out for the usual');
}

/** NON_FINITE with the first index where float32 `values` of `data` are not finite. */
export function refuseNonFinite(fn: string, argument: string, values: F32, data: FloatArray): void {
  const index = kernels().firstNonFinite(values);
  if (index < 0) return;
  const got = `${describe(data[index])} at index ${index}`;
  const message = `${fn}: "${argument}" expected finite float32 values, got ${got} - repair the tensor`;
  throw new NumericError('NON_FINITE', message, index);
}

type Inputs = Pick<AwqSettings, 'norm' | 'curvature'>;

/** What is known of the inputs: how large each is, and what errors of the weights cost. */
function checkInputs(
  fn: string,
  { activations, hessian, activationNorm }: Partial<AwqOptions>,
  n: number,
): Inputs {
  const expected = 'activations, hessian or activationNorm';
  if (activations !== undefined) {
    if (hessian === undefined && activationNorm === undefined) return fromActivations(fn, activations, n);
    throw rangeError(
      fn,
      'activations',
      'no hessian and no activationNorm beside it',
      'both',
      'they follow from it',
    );
  }
  if (hessian === undefined && activationNorm === undefined)
    throw rangeError(fn, 'activations', expected, 'none of them', 'AWQ weighs weights by their inputs');
  const norm = activationNorm === undefined ? null : checkMagnitudes(fn, 'activationNorm', activationNorm, n);
  if (hessian !== undefined) return fromHessian(fn, hessian, norm, n);
  const independent = norm as F64;
  return { norm: independent, curvature: { n, full: null, diagonal: squaresOf(independent) } };
}

/** norm^2, by the largest so that no square leaves float64. */
function squaresOf(norm: F64): F64 {
  const most = norm.reduce((a, b) => Math.max(a, b), 0);
  return most < 1e100 ? norm.map((v) => v * v) : norm.map((v) => (v / most) * (v / most));
}

function fromHessian(fn: string, hessian: TensorLike, norm: F64 | null, n: number): Inputs {
  const { data, shape } = toContiguous(hessian, fn, 'hessian');
  if (shape.length !== 2 || shape[0] !== n || shape[1] !== n) {
    const fix = 'the layer has as many inputs as w.shape[inputAxis]';
    throw rangeError(fn, 'hessian.shape', `[${n}, ${n}]`, Array.from(shape), fix);
  }
  return inputsOf(fn, data, norm, n);
}

/**
 * A sum of x^T x has h[i, j]^2 <= h[i, i] h[j, j]; what breaks that is no Hessian. Costs n^2, a factorization n^3 / 6.
 *
 * @throws NumericError NOT_POSITIVE with the row.
 */
function checkMinors(fn: string, h: FloatArray, diagonal: F64): void {
  const n = diagonal.length;
  const slack = 1e-5 * diagonal.reduce((a, b) => Math.max(a, b), 0);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      if (Math.abs(h[i * n + j]) <= Math.sqrt(diagonal[i]) * Math.sqrt(diagonal[j]) + slack) continue;
      const message = `${fn}: "hessian" expected a sum of x^T x, got ${describe(h[i * n + j])} at [${i}, ${j}] between ${describe(diagonal[i])} and ${describe(diagonal[j])} on the diagonal - accumulate it with hessianAccumulator`;
      throw new NumericError('NOT_POSITIVE', message, i);
    }
  }
}

function inputsOf(fn: string, full: FloatArray, norm: F64 | null, n: number): Inputs {
  checkHessian(fn, full, n);
  const diagonal = Float64Array.from({ length: n }, (_, i) => full[i * n + i]);
  checkMinors(fn, full, diagonal);
  return { norm: norm ?? diagonal.map(Math.sqrt), curvature: { n, full, diagonal } };
}

function fromActivations(fn: string, activations: TensorLike, n: number): Inputs {
  const { data, shape, size } = toContiguous(activations, fn, 'activations');
  if (n === 0)
    return { norm: new Float64Array(0), curvature: { n, full: null, diagonal: new Float64Array(0) } };
  const sums = hessianAccumulator(n);
  sums.add({ data, shape });
  if (size === 0)
    throw rangeError(fn, 'activations', 'at least one row', activations, 'calibrate on real inputs');
  return inputsOf(fn, sums.matrix.data, meanMagnitudes(data, n), n);
}

/** Mean |x| of every input over the rows. */
function meanMagnitudes(data: FloatArray, n: number): F64 {
  const sums = new Float64Array(n);
  visitAlong([data.length / n, n], 1, data.length, (i, j) => (sums[j] += Math.abs(data[i])));
  return sums.map((sum) => sum / (data.length / n));
}
