/** Losses on inputs that took no part in finding the codes. */
import type { F32, F64, FloatArray } from '../../core/arrays.js';
import { rangeError } from '../../core/errors.js';
import type { TensorLike } from '../../core/tensor.js';
import { lossOf } from './awq-objective.js';
import type { Lines } from './gptq-lines.js';
import { hessianAccumulator } from '../../core/hessian.js';

/** Sums of the same rows in another order differ by less than this fraction of the largest entry. */
const SAME = 1e-12;

export interface ValidationReport {
  /** Sum over lines of e H e^T, with H = sum of x^T x over the rows of `validation`, undamped. */
  readonly loss: number;
  /** The same for round to nearest. Unlike over the calibration, it may be less than `loss`. */
  readonly roundToNearestLoss: number;
}

/**
 * Second moments of the validation's rows, or null where none are given.
 *
 * @throws RangeError when there are no rows, or the sums are those of the calibration: then it is the same set and would validate nothing.
 */
export function checkValidation(
  fn: string,
  validation: TensorLike | undefined,
  calibration: FloatArray | null,
  n: number,
): F64 | null {
  if (validation === undefined || n === 0) return null;
  const sums = hessianAccumulator(n);
  sums.add(validation);
  if (sums.count === 0)
    throw rangeError(fn, 'validation', 'at least one row', validation, 'hold some real inputs out');
  const { data } = sums.matrix;
  if (calibration !== null && isSame(data, calibration)) {
    const fix = 'split the rows in two: one part finds the codes, the other judges them';
    throw rangeError(fn, 'validation', 'other rows than the calibration', validation, fix);
  }
  return data;
}

function isSame(a: F64, b: FloatArray): boolean {
  let most = 0;
  let difference = 0;
  for (let i = 0; i < a.length; i++) {
    most = Math.max(most, Math.abs(a[i]));
    difference = Math.max(difference, Math.abs(a[i] - b[i]));
  }
  return difference <= SAME * most;
}

/** What values and those of round to nearest lose over the validation: a part of the report, empty where there is none. */
export function validated(
  full: F64 | null,
  w: F32,
  lines: Lines,
  values: { readonly values: F32; readonly inputScale: F32; readonly nearest: F32 },
): { readonly validation?: ValidationReport } {
  if (full === null) return {};
  const { n } = lines;
  const curvature = { n, full, diagonal: new Float64Array(0) };
  const ones = new Float32Array(n).fill(1);
  return {
    validation: {
      loss: lossOf(w, values.values, values.inputScale, lines, curvature, Infinity),
      roundToNearestLoss: lossOf(w, values.nearest, ones, lines, curvature, Infinity),
    },
  };
}
