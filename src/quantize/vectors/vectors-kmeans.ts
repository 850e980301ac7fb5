/** k-means of points with several dimensions: seeded, with the kernels' nearest centers. */
import type { F32, U8 } from '../../core/arrays.js';
import type { Random } from '../../core/random.js';
import { vectorFamily } from '../../kernels/vectors/family.js';

export interface PointsFit {
  /** k x dimensions. */
  readonly centers: F32;
  readonly iterations: number;
  /** Centers that lost all points and were set to the point furthest from its center. */
  readonly restarted: number;
}

/** Centers as the kernel wants them: dimensions x columns, columns filled up to a multiple of 4. */
export function transposedCenters(
  centers: F32,
  k: number,
  dimensions: number,
): { table: F32; columns: number } {
  const columns = 4 * Math.ceil(k / 4);
  const table = new Float32Array(dimensions * columns).fill(Infinity);
  for (let c = 0; c < k; c++) {
    for (let d = 0; d < dimensions; d++) table[d * columns + c] = centers[c * dimensions + d];
  }
  return { table, columns };
}

/**
 * Lloyd's method from a start drawn as k-means++ draws it: centers are means in float64, rounded to float32, in the order of the points. It
 * ends when no point changes its center, or when the sum of distances stops falling, and keeps the centers with the least sum.
 */
export function kMeansPoints(
  points: F32,
  count: number,
  dimensions: number,
  k: number,
  random: Random,
  maxIterations: number,
): PointsFit {
  const codes = new Uint8Array(count);
  const distances = new Float32Array(count);
  let centers = drawn(points, count, dimensions, k, random);
  let best = centers;
  let least = Infinity;
  let restarted = 0;
  let iterations = 0;
  for (; iterations < maxIterations; iterations++) {
    const { table, columns } = transposedCenters(centers, k, dimensions);
    vectorFamily.inUse().nearest(codes, distances, points, table, count, dimensions, columns);
    const inertia = distances.reduce((sum, v) => sum + v, 0);
    if (!(inertia < least)) break;
    least = inertia;
    best = centers;
    const next = means(points, codes, distances, dimensions, k);
    restarted += next.restarted;
    centers = next.centers;
  }
  return { centers: best, iterations, restarted };
}

function means(
  points: F32,
  codes: U8,
  distances: F32,
  dimensions: number,
  k: number,
): { centers: F32; restarted: number } {
  const sums = new Float64Array(k * dimensions);
  const counts = new Uint32Array(k);
  for (let i = 0; i < codes.length; i++) {
    const at = codes[i] * dimensions;
    counts[codes[i]]++;
    for (let d = 0; d < dimensions; d++) sums[at + d] += points[i * dimensions + d];
  }
  const centers = Float32Array.from(sums, (sum, at) => sum / counts[Math.floor(at / dimensions)]);
  let restarted = 0;
  for (let c = 0; c < k; c++) {
    if (counts[c] > 0) continue;
    const furthest = distances.reduce((far, distance, i) => (distance > distances[far] ? i : far), 0);
    const row = points.subarray(furthest * dimensions, (furthest + 1) * dimensions);
    centers.set(row, c * dimensions);
    distances[furthest] = 0;
    restarted++;
  }
  return { centers, restarted };
}

/** k-means++: each next center is a point drawn with probability in proportion to its squared distance from the centers so far. */
function drawn(points: F32, count: number, dimensions: number, k: number, random: Random): F32 {
  const centers = new Float32Array(k * dimensions);
  const distances = new Float32Array(count).fill(Infinity);
  let chosen = Math.floor(random.float() * count);
  for (let c = 0; c < k; c++) {
    const center = points.slice(chosen * dimensions, (chosen + 1) * dimensions);
    centers.set(center, c * dimensions);
    const total = approach(distances, points, center, dimensions);
    chosen = atShare(distances, random.float() * total);
  }
  return centers;
}

/** Lowers every distance to that from one more center; returns the sum of all. */
function approach(distances: F32, points: F32, center: F32, dimensions: number): number {
  let total = 0;
  let at = 0;
  for (let i = 0; i < distances.length; i++) {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) {
      const difference = points[at++] - center[d];
      sum += difference * difference;
    }
    if (sum < distances[i]) distances[i] = sum;
    total += distances[i];
  }
  return total;
}

/** The first point at which the running sum exceeds `share`. */
function atShare(distances: F32, share: number): number {
  let left = share;
  for (let i = 0; i < distances.length; i++) {
    left -= distances[i];
    if (left < 0) return i;
  }
  return distances.length - 1;
}
