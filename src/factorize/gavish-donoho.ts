/** The optimal hard threshold for singular values of a matrix with white noise (Gavish and Donoho 2014). */
import type { FloatArray } from '../core/arrays.js';

const PI = 3.141592653589793;

/** Steps of the integral, and of the search in it: 1e-9 in the median. */
const STEPS = 4000;
const HALVINGS = 40;

/** lambda(b): the threshold for known noise, in units of noise * sqrt(long). */
export function lambda(b: number): number {
  return Math.sqrt(2 * (b + 1) + (8 * b) / (b + 1 + Math.sqrt(b * b + 14 * b + 1)));
}

export function noisyThreshold(noise: number, short: number, long: number): number {
  return lambda(short / long) * Math.sqrt(long) * noise;
}

export function hardThreshold(s: FloatArray, short: number, long: number): number {
  const b = short / long;
  const half = s.length >> 1;
  const median = s.length % 2 === 1 ? s[half] : s[half - 1] / 2 + s[half] / 2;
  return (lambda(b) / Math.sqrt(marchenkoPasturMedian(b))) * median;
}

/**
 * The median of the Marchenko-Pastur law of ratio b in (0, 1]: density sqrt((x1 - x) (x - x0)) / (2 pi b x) from x0 = (1 - sqrt(b))^2 to
 * x1 = (1 + sqrt(b))^2. With x = x0 + (x1 - x0) (3 t^2 - 2 t^3) the integrand is smooth in t from 0 to 1.
 */
export function marchenkoPasturMedian(b: number): number {
  const root = Math.sqrt(b);
  const low = (1 - root) * (1 - root);
  const width = 4 * root;
  const at = (t: number): number => low + width * (t * t * (3 - 2 * t));
  // (x1 - x) (x - x0) = width^2 t^2 (1 - t)^2 (3 - 2 t) (1 + 2 t), free of differences.
  const density = (t: number): number => {
    const u = t * (1 - t);
    const root2 = Math.sqrt((3 - 2 * t) * (1 + 2 * t));
    return (width * u * root2 * width * 6 * u) / (2 * PI * b * at(t));
  };
  const share = (end: number): number => {
    let sum = 0;
    for (let i = 0; i < STEPS; i++) sum += density(((i + 0.5) / STEPS) * end);
    return (sum * end) / STEPS;
  };
  let [below, above] = [0, 1];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (below + above) / 2;
    if (share(middle) < 0.5) below = middle;
    else above = middle;
  }
  return at((below + above) / 2);
}
