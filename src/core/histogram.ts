/** Histograms of tensors. */
import type { FloatArray } from './arrays.js';
import { NumericError } from './errors.js';
import { checkChoice, checkInteger, checkOptions } from './options.js';
import { toContiguous, type TensorLike } from './tensor.js';

/** Counts of values in equal bins from `min` to `max`. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly counts: readonly number[];
}

export interface HistogramOptions {
  /** How many bins, 1 to 4096. Default 64. */
  readonly bins?: number;
  /** What to do with NaN and infinities. Default 'throw'. */
  readonly nonFinite?: 'throw' | 'skip';
}

/**
 * Returns how often the values of `x` fall into each of equal bins between its smallest and its largest value.
 *
 * Formula: value v belongs to bin floor((v - min) * (bins / (max - min))); max to the last.
 *
 * Numerics: in float64; rounding may put a value at the border of two bins into either. Where all values are equal there is one bin; an empty tensor has one of count 0 at 0. NaN and
 * infinities are an error, or left out with nonFinite 'skip'.
 *
 * Cost: three scalar passes, 6 ns per element in all.
 *
 * @param x a tensor of real numbers
 * @param options bins, nonFinite
 * @throws TypeError or RangeError for arguments; NumericError NON_FINITE with the index of the first bad value.
 * @example
 * histogram(Float32Array.of(0, 1, 2, 2), { bins: 2 }); // { min: 0, max: 2, counts: [1, 3] }
 */
export function histogram(x: TensorLike, options?: HistogramOptions): Histogram {
  const fn = 'histogram';
  const { bins = 64, nonFinite = 'throw' } = checkOptions(fn, options, ['bins', 'nonFinite']);
  checkInteger(fn, 'bins', bins, 1, 4096);
  checkChoice(fn, 'nonFinite', nonFinite, ['throw', 'skip']);
  const { data } = toContiguous(x, fn);
  if (nonFinite === 'throw') refuseNonFinite(data, fn);
  return countBins(data, bins);
}

function refuseNonFinite(data: FloatArray, fn: string): void {
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    const fix = "repair the tensor, or pass nonFinite: 'skip' to leave such values out";
    const message = `${fn}: "x" expected finite values, got ${data[i]} at index ${i} - ${fix}`;
    throw new NumericError('NON_FINITE', message, i);
  }
}

/** The histogram of the finite values of any array of numbers. */
export function countBins(data: ArrayLike<number>, bins: number): Histogram {
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (value < min && value !== -Infinity) min = value;
    if (value > max && value !== Infinity) max = value;
  }
  if (!(max >= min)) return { min: 0, max: 0, counts: [0] };
  if (min === max) return { min, max, counts: [countWithin(data, min, max)] };
  const unit = unitOf(max - min);
  const low = min * unit;
  // Once, so that the loop multiplies instead of dividing.
  const factor = bins / (max * unit - low);
  const counts = new Uint32Array(bins);
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (!(value >= min && value <= max)) continue;
    const bin = ((value * unit - low) * factor) | 0;
    counts[bin < bins ? bin : bins - 1]++;
  }
  return { min, max, counts: Array.from(counts) };
}

/** A power of two that brings the distance of two doubles, and its reciprocal, into the range of finite numbers. */
function unitOf(span: number): number {
  if (span === Infinity) return 0.5;
  return span < 2 ** -960 ? 2 ** 200 : 1;
}

function countWithin(data: ArrayLike<number>, min: number, max: number): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i] >= min && data[i] <= max) count++;
  return count;
}
