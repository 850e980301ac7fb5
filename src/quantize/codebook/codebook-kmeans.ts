/**
 * Weighted k-means in one dimension. The numbers are sorted once; with the running sums of w, w x and w x^2 the mean and the
 * inertia of any stretch are two subtractions, so a step of Lloyd's method takes k binary searches, whatever the number of elements.
 */
import type { F32, F64, U32 } from '../../core/arrays.js';
import { createRandom, type Random } from '../../core/random.js';
import type { KMeansReport } from './codebook-types.js';

const MAX_ITERATIONS = 300;
/** Starts that are drawn, beside the two that are not. */
const DRAWN_STARTS = 3;

export interface KMeansFit extends KMeansReport {
  /** k numbers, ascending; the last repeats where the elements have fewer different values. */
  readonly levels: F32;
}

/** Sorted numbers with running sums, all about their mean, so that squares do not drown in the square of the mean. */
interface Sorted {
  readonly values: F32;
  /** null: all 1. */
  readonly weights: F64 | null;
  readonly mean: number;
  /** Sums over the first i elements. */
  readonly w: F64;
  readonly wx: F64;
  readonly wxx: F64;
}

/**
 * k levels with a small sum of weights * squared distances from the nearest level. Lloyd's method runs from quantiles, from equal steps
 * and from starts drawn as k-means++ draws them; the best result counts, and a result that is not below its start is not taken.
 *
 * @param weights finite and >= 0, not all 0; null: all 1. Elements of weight 0 are left out
 */
export function kMeans(values: F32, weights: F64 | null, k: number, seed: number): KMeansFit {
  if (values.length === 0) return { levels: new Float32Array(k), iterations: 0, inertia: 0, startInertia: 0 };
  const sorted = sort(values, weights);
  const random = createRandom(seed);
  const starts = [quantiles(sorted, k), equalSteps(sorted, k)];
  for (let i = 0; i < DRAWN_STARTS; i++) starts.push(draw(sorted, k, random));
  const fits = starts.map((start) => fit(sorted, start));
  return fits.reduce((best, other) => (other.inertia < best.inertia ? other : best));
}

function fit(sorted: Sorted, start: F64): KMeansFit {
  const first = toLevels(sorted, start);
  const startInertia = inertiaOf(sorted, first);
  const { centers, iterations } = lloyd(sorted, start);
  const levels = toLevels(sorted, centers);
  const inertia = inertiaOf(sorted, levels);
  return inertia <= startInertia
    ? { levels, iterations, inertia, startInertia }
    : { levels: first, iterations: 0, inertia: startInertia, startInertia };
}

function lloyd(sorted: Sorted, start: F64): { centers: F64; iterations: number } {
  let centers = start;
  let ends = endsOf(sorted, centers);
  for (let iterations = 1; iterations <= MAX_ITERATIONS; iterations++) {
    centers = means(sorted, ends, centers.length);
    const next = endsOf(sorted, centers);
    if (next.every((end, j) => end === ends[j])) return { centers, iterations };
    ends = next;
  }
  return { centers, iterations: MAX_ITERATIONS };
}

/** For each center the end of its stretch; what lies exactly between two centers belongs to the lower one. */
function endsOf({ values, mean }: Sorted, centers: F64): U32 {
  const ends = new Uint32Array(centers.length).fill(values.length);
  for (let j = 0; j + 1 < centers.length; j++) {
    const middle = mean + (centers[j] + centers[j + 1]) / 2;
    ends[j] = firstAbove(values, middle, j === 0 ? 0 : ends[j - 1]);
  }
  return ends;
}

/** Index of the first value above `limit`, from `begin` on. */
function firstAbove(values: ArrayLike<number>, limit: number, begin: number): number {
  let low = begin;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The mean of every stretch, ascending. A center whose stretch has no weight goes to the end of the stretch with the most inertia, where
 * it takes at least that end's share; where there is no inertia left it repeats the last mean.
 */
function means(sorted: Sorted, ends: U32, k: number): F64 {
  const { values, mean, w, wx } = sorted;
  const found: number[] = [];
  const stretches: { begin: number; end: number; center: number; inertia: number }[] = [];
  for (let j = 0; j < k; j++) {
    const begin = j === 0 ? 0 : ends[j - 1];
    const end = ends[j];
    const weight = w[end] - w[begin];
    // Also where the sums have absorbed a weight that is tiny beside others; what they left of it may point anywhere.
    if (!(weight > 0)) continue;
    const low = values[begin] - mean;
    const high = values[end - 1] - mean;
    const center = Math.min(Math.max((wx[end] - wx[begin]) / weight, low), high);
    found.push(center);
    stretches.push({ begin, end, center, inertia: partInertia(sorted, begin, end, center) });
  }
  stretches.sort((a, b) => b.inertia - a.inertia);
  for (const { begin, end, center, inertia } of stretches) {
    if (found.length === k || !(inertia > 0)) break;
    const low = values[begin] - mean;
    const high = values[end - 1] - mean;
    found.push(center - low > high - center ? low : high);
  }
  found.sort((a, b) => a - b);
  const centers = new Float64Array(k).fill(found[found.length - 1]);
  centers.set(found);
  return centers;
}

/** Sum of w (x - center)^2 over a stretch; rounding may leave it slightly below 0. */
function partInertia({ w, wx, wxx }: Sorted, begin: number, end: number, center: number): number {
  const first = wx[end] - wx[begin];
  return Math.max(wxx[end] - wxx[begin] - 2 * center * first + center * center * (w[end] - w[begin]), 0);
}

/** The inertia of float32 levels, element by element: the sums above would do, but for what they lose to rounding. */
function inertiaOf({ values, weights }: Sorted, levels: F32): number {
  let sum = 0;
  let begin = 0;
  for (let j = 0; j < levels.length; j++) {
    const last = j + 1 === levels.length;
    const end = last ? values.length : firstAbove(values, (levels[j] + levels[j + 1]) / 2, begin);
    for (let i = begin; i < end; i++) {
      const d = values[i] - levels[j];
      sum += (weights === null ? 1 : weights[i]) * d * d;
    }
    begin = end;
  }
  return sum;
}

function toLevels({ mean }: Sorted, centers: F64): F32 {
  return Float32Array.from(centers, (center) => center + mean);
}

/** The values that have j + 1/2 of k equal parts of the weight below them. */
function quantiles({ values, mean, w }: Sorted, k: number): F64 {
  const total = w[w.length - 1];
  return Float64Array.from({ length: k }, (_, j) => values[atWeight(w, (total * (j + 0.5)) / k)] - mean);
}

/** The element in which the running weight reaches `weight`. */
function atWeight(w: F64, weight: number): number {
  return Math.min(Math.max(firstAbove(w, weight, 0) - 1, 0), w.length - 2);
}

function equalSteps({ values, mean }: Sorted, k: number): F64 {
  const low = values[0];
  const step = (values[values.length - 1] - low) / k;
  return Float64Array.from({ length: k }, (_, j) => low + step * (j + 0.5) - mean);
}

/** k-means++: each next center is an element drawn with probability in proportion to weight * squared distance from the centers. */
function draw(sorted: Sorted, k: number, random: Random): F64 {
  const { values, mean, w } = sorted;
  const centers = [values[atWeight(w, random.float() * w[w.length - 1])] - mean];
  while (centers.length < k) {
    const ends = endsOf(sorted, Float64Array.from(centers));
    const parts = centers.map((center, j) => partInertia(sorted, j === 0 ? 0 : ends[j - 1], ends[j], center));
    let left = random.float() * parts.reduce((a, b) => a + b, 0);
    if (!(left > 0)) break;
    let j = 0;
    while (j + 1 < parts.length && left >= parts[j]) left -= parts[j++];
    const index = atInertia(sorted, j === 0 ? 0 : ends[j - 1], ends[j], centers[j], left);
    centers.push(values[index] - mean);
    centers.sort((a, b) => a - b);
  }
  const start = new Float64Array(k).fill(centers[centers.length - 1]);
  start.set(centers);
  return start;
}

/** The element of a stretch in which its running inertia exceeds `inertia`. */
function atInertia(sorted: Sorted, begin: number, end: number, center: number, inertia: number): number {
  let low = begin;
  let high = end - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (partInertia(sorted, begin, middle + 1, center) > inertia) high = middle;
    else low = middle + 1;
  }
  return Math.max(low, 0);
}

function sort(values: F32, weights: F64 | null): Sorted {
  const all = ascendingOrder(values);
  const order = weights === null ? all : all.filter((i) => weights[i] > 0);
  const size = order.length;
  const sortedValues = Float32Array.from(order, (i) => values[i]);
  const sortedWeights = weights === null ? null : Float64Array.from(order, (i) => weights[i]);
  let sum = 0;
  let total = 0;
  for (let i = 0; i < size; i++) {
    const weight = sortedWeights === null ? 1 : sortedWeights[i];
    sum += weight * sortedValues[i];
    total += weight;
  }
  const mean = sum / total;
  const w = new Float64Array(size + 1);
  const wx = new Float64Array(size + 1);
  const wxx = new Float64Array(size + 1);
  for (let i = 0; i < size; i++) {
    const weight = sortedWeights === null ? 1 : sortedWeights[i];
    const x = sortedValues[i] - mean;
    w[i + 1] = w[i] + weight;
    wx[i + 1] = wx[i] + weight * x;
    wxx[i + 1] = wxx[i] + weight * x * x;
  }
  return { values: sortedValues, weights: sortedWeights, mean, w, wx, wxx };
}

const RADIX_BITS = 11;
const RADIX = 2 ** RADIX_BITS;

/** The indices of finite values from the least to the largest: three counting passes over their bits. */
function ascendingOrder(values: F32): U32 {
  const size = values.length;
  const bits = new Int32Array(values.slice().buffer);
  // Signed floats as unsigned integers in the same order.
  const keys = Uint32Array.from(bits, (b) => (b < 0 ? ~b : b | 0x80000000));
  let order = Uint32Array.from(keys, (_, i) => i);
  let other = new Uint32Array(size);
  for (let shift = 0; shift < 32; shift += RADIX_BITS) {
    const begin = new Uint32Array(RADIX + 1);
    for (let i = 0; i < size; i++) begin[((keys[i] >>> shift) & (RADIX - 1)) + 1]++;
    for (let digit = 0; digit < RADIX; digit++) begin[digit + 1] += begin[digit];
    for (let i = 0; i < size; i++) other[begin[(keys[order[i]] >>> shift) & (RADIX - 1)]++] = order[i];
    [order, other] = [other, order];
  }
  return order;
}
