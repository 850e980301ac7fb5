/** Logit standardization: each row to mean 0 and deviation 1, before any loss. */
import type { FloatArray } from '../core/arrays.js';
import { arrayTag } from '../core/array-tag.js';
import { rangeError } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import { checkClasses, checkFloats, checkLogits } from './arguments.js';
import { badLogit } from './engine.js';
import { gradientLike } from './reduce.js';

/** 1e-7: what the authors add to every deviation. */
const EPSILON = 1e-7;

export interface StandardizeOptions {
  readonly logits: Float32Array | Float64Array;
  readonly classes: number;
}

export interface StandardizedLogits {
  /** The standardized logits: give them to a loss. */
  readonly logits: FloatArray;
  /** From the loss's gradient by the standardized logits to the one by the logits. */
  readonly backward: (grad: Float32Array | Float64Array) => FloatArray;
}

/**
 * Returns logits with mean 0 and deviation 1 in each row, and the way back for gradients.
 *
 * Formula: (z - mean) / (deviation + 1e-7), deviation with divisor classes - 1, as torch's `std`. Backward: (g - mean g) / (sigma + e) -
 * c (sum of g c) / ((V - 1) sigma (sigma + e)^2), c = z - mean. A row whose logits are all equal gives zeros, and a gradient of 0.
 *
 * Numerics: float64 inside, the type of the logits outside. Unchanged by z -> a z + b, a > 0, but for the 1e-7. Only finite logits.
 *
 * Compatible with: logit-standardization-KD: standardize both sides, then `forwardKl` with its T^2.
 *
 * @param options logits and classes
 * @returns standardized logits and `backward`
 * @throws TypeError, RangeError for wrong arguments; NumericError for a logit that is not finite
 * @example
 * const standard = standardizeLogits({ logits: Float64Array.of(1, 2, 3), classes: 3 });
 * standard.logits[0]; // -0.999999...
 * @see Sun et al., Logit Standardization in Knowledge Distillation, arXiv 2403.01427
 */
export function standardizeLogits(options: StandardizeOptions): StandardizedLogits {
  const fn = 'standardizeLogits';
  const own = checkOptions(fn, options, ['logits', 'classes']);
  const classes = checkClasses(fn, own.classes);
  const x = checkLogits(fn, 'logits', own.logits, classes);
  const bad = x.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw badLogit(fn, 'logits', x, bad);
  const rows = x.length / classes;
  const centred = new Float64Array(x.length);
  const deviations = new Float64Array(rows);
  const logits = gradientLike(x, null);
  for (let row = 0; row < rows; row++) {
    const sigma = centre(centred, x, row * classes, classes);
    deviations[row] = sigma;
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      logits[i] = sigma === 0 ? 0 : centred[i] / (sigma + EPSILON);
    }
  }
  const backward = (grad: Float32Array | Float64Array): FloatArray => {
    const given = checkFloats('backward', 'grad', grad);
    if (given.length !== x.length || arrayTag(given) !== arrayTag(x)) {
      throw rangeError(
        'backward',
        'grad',
        `${x.length} numbers of the logits' type`,
        grad,
        "pass the loss's grad",
      );
    }
    const result = gradientLike(x, null);
    for (let row = 0; row < rows; row++)
      backwardRow(result, given, centred, row * classes, classes, deviations[row]);
    return result;
  };
  return { logits, backward };
}

/** Writes z - mean; returns the deviation, 0 of fewer than two. */
function centre(centred: Float64Array, x: FloatArray, at: number, n: number): number {
  let sum = 0;
  for (let i = at; i < at + n; i++) sum += x[i];
  const mean = sum / n;
  let squares = 0;
  let isConstant = true;
  for (let i = at; i < at + n; i++) {
    centred[i] = x[i] - mean;
    squares += centred[i] * centred[i];
    if (x[i] !== x[at]) isConstant = false;
  }
  return isConstant ? 0 : Math.sqrt(squares / (n - 1));
}

function backwardRow(
  result: FloatArray,
  g: FloatArray,
  centred: Float64Array,
  at: number,
  n: number,
  sigma: number,
): void {
  if (sigma === 0) return;
  let sum = 0;
  let product = 0;
  for (let i = at; i < at + n; i++) {
    sum += g[i];
    product += g[i] * centred[i];
  }
  const divisor = sigma + EPSILON;
  const share = product / ((n - 1) * sigma * divisor * divisor);
  for (let i = at; i < at + n; i++) result[i] = (g[i] - sum / n) / divisor - centred[i] * share;
}
