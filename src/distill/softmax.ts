/** Softmax and log-softmax of rows. */
import { arrayTag } from '../core/array-tag.js';
import type { F32, FloatArray } from '../core/arrays.js';
import { checkOptions } from '../core/options.js';
import { distillFamily } from '../kernels/distill/family.js';
import { checkClasses, checkLogits, checkOut, checkTemperature } from './arguments.js';
import { logSoftmaxRow } from './engine.js';
import { rowStats } from './fast-kl.js';
import { gradientLike } from './reduce.js';

export interface SoftmaxOptions {
  readonly logits: Float32Array | Float64Array;
  readonly classes: number;
  /** 1 by default. */
  readonly temperature?: number;
  /** Where the result goes, of the type and length of the logits. */
  readonly out?: Float32Array | Float64Array;
}

interface Checked {
  readonly x: FloatArray;
  readonly classes: number;
  readonly temperature: number;
  readonly out: FloatArray;
}

const KEYS = ['logits', 'classes', 'temperature', 'out'] as const;

function check(fn: string, options: SoftmaxOptions): Checked {
  const own = checkOptions(fn, options, KEYS);
  const classes = checkClasses(fn, own.classes);
  const x = checkLogits(fn, 'logits', own.logits, classes);
  const temperature = checkTemperature(fn, 'temperature', own.temperature ?? 1);
  const out = checkOut(fn, own.out, x);
  return { x, classes, temperature, out: out ?? gradientLike(x, null) };
}

/** Whether the kernels can take it: float32, and 1 / T a normal float32. */
const isFast = ({ x, temperature }: Checked): boolean =>
  arrayTag(x) === 'Float32Array' && temperature > 1e-30 && temperature < 1e30;

/**
 * Returns the softmax of each row of logits / temperature.
 *
 * Formula: exp((z - max) / T) / sum. Numerics: float32 logits in float32 arithmetic, exponentials within 1 ulp, sums in float64 in four totals, one product with 1 /
 * sum; float64 logits in float64. The same bits on every engine. -Infinity gives 0.
 *
 * @param options logits, classes, temperature, and where the result goes
 * @returns the probabilities, in the type of the logits
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity
 * @example
 * [...softmax({ logits: Float64Array.of(0, 0, -Infinity), classes: 3 })]; // [0.5, 0.5, 0]
 */
export function softmax(options: SoftmaxOptions): FloatArray {
  const fn = 'softmax';
  const checked = check(fn, options);
  const { x, classes, temperature, out } = checked;
  if (!isFast(checked)) return inFloat64(fn, checked, (_log, p) => p);
  const kernels = distillFamily.inUse();
  const totals = new Float64Array(4);
  const scale = Math.fround(1 / temperature);
  for (let at = 0; at < x.length; at += classes) {
    const { sum } = rowStats(kernels, fn, 'logits', x as F32, at, classes, scale, out as F32, totals);
    kernels.multiply(out as F32, at, classes, Math.fround(1 / sum));
  }
  return out;
}

/**
 * Returns the log-softmax of each row of logits / temperature.
 *
 * Formula: (z - max) / T - log(sum of exp((z - max) / T)), never the log of a softmax. Numerics: as `softmax`. -Infinity stays.
 *
 * @param options logits, classes, temperature, and where the result goes
 * @returns the log-probabilities, in the type of the logits
 * @throws TypeError, RangeError for wrong arguments; NumericError for NaN, Infinity and rows of -Infinity
 * @example
 * logSoftmax({ logits: Float64Array.of(0, 0), classes: 2 })[0]; // -0.69314...
 */
export function logSoftmax(options: SoftmaxOptions): FloatArray {
  const fn = 'logSoftmax';
  const checked = check(fn, options);
  const { x, classes, temperature, out } = checked;
  if (!isFast(checked)) return inFloat64(fn, checked, (log) => log);
  const kernels = distillFamily.inUse();
  const totals = new Float64Array(4);
  const f = Math.fround;
  const scale = f(1 / temperature);
  for (let at = 0; at < x.length; at += classes) {
    const { most, logSum } = rowStats(kernels, fn, 'logits', x as F32, at, classes, scale, null, totals);
    kernels.logSoftmax(out as F32, x as F32, at, classes, most, scale, f(logSum));
  }
  return out;
}

function inFloat64(
  fn: string,
  { x, classes, temperature, out }: Checked,
  choose: (log: FloatArray, p: FloatArray) => FloatArray,
): FloatArray {
  const log = new Float64Array(classes);
  const p = new Float64Array(classes);
  for (let row = 0; row < x.length / classes; row++) {
    logSoftmaxRow(log, p, fn, 'logits', x, row, temperature);
    out.set(choose(log, p), row * classes);
  }
  return out;
}
