/** What solvers are told of a layer's inputs: their second moments, or the inputs themselves. */
import type { FloatArray } from './arrays.js';
import { rangeError, typeError } from './errors.js';
import { checkHessian } from './hessian-factor.js';
import { hessianAccumulator } from './hessian.js';
import { toContiguous, type TensorLike } from './tensor.js';

export interface CurvatureOptions {
  readonly hessian?: TensorLike;
  readonly activations?: TensorLike;
}

/** The Hessian of `n` inputs, given or summed up from activations: exactly one of the two. */
export function checkCurvature(
  fn: string,
  { hessian, activations }: CurvatureOptions,
  n: number,
): FloatArray {
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

/** A fraction of the mean of the Hessian's diagonal. */
export function checkDamping(fn: string, damping: unknown): number {
  const expected = 'a finite number >= 0';
  if (typeof damping !== 'number') throw typeError(fn, 'damping', expected, damping, 'for example 0.01');
  if (damping >= 0 && damping < Infinity) return damping;
  const fix = 'it is a fraction of the mean diagonal, 0.01 by default';
  throw rangeError(fn, 'damping', expected, damping, fix);
}
