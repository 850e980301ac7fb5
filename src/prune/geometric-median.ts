/** FPGM: how far each slice lies from all others. */
import type { F64, FloatArray } from '../core/arrays.js';
import { nanError } from './checks.js';

/**
 * For every slice along `axis` the sum of its p-norm distances to all slices, taken from differences in float64: no Gram matrix, whose cancellation would
 * hide slices that nearly coincide.
 */
export function geometricMedianScores(
  fn: string,
  data: FloatArray,
  shape: readonly number[],
  axis: number,
  p: number,
): F64 {
  const bad = data.findIndex((value) => Number.isNaN(value));
  if (bad >= 0) throw nanError(data, fn, 'x');
  const length = shape[axis];
  const slices = slicesOf(data, shape, axis);
  const width = length === 0 ? 0 : slices.length / length;
  const scores = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    for (let j = i + 1; j < length; j++) {
      const distance = distanceOf(slices, i * width, j * width, width, p);
      scores[i] += distance;
      scores[j] += distance;
    }
  }
  return scores;
}

/** The elements slice by slice. */
function slicesOf(data: FloatArray, shape: readonly number[], axis: number): F64 {
  const length = shape[axis];
  const inner = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  const width = length === 0 ? 0 : data.length / length;
  const slices = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const slice = Math.floor(i / inner) % length;
    const outer = Math.floor(i / inner / length);
    slices[slice * width + outer * inner + (i % inner)] = data[i];
  }
  return slices;
}

function distanceOf(slices: F64, a: number, b: number, width: number, p: number): number {
  let sum = 0;
  for (let k = 0; k < width; k++) {
    const difference = Math.abs(slices[a + k] - slices[b + k]);
    if (p === 2) sum += difference * difference;
    else if (p === 1) sum += difference;
    else if (p === Infinity) sum = Math.max(sum, difference);
    else sum += Math.pow(difference, p);
  }
  if (p === 1 || p === Infinity) return sum;
  return p === 2 ? Math.sqrt(sum) : Math.pow(sum, 1 / p);
}
