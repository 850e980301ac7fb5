import { createRandom } from '../../src/core/random.js';

export interface Vectors {
  data: Float32Array<ArrayBuffer>;
  shape: [count: number, dimensions: number];
}

/** Normal numbers. */
export function normalVectors(count: number, dimensions: number, seed: number): Vectors {
  const random = createRandom(seed);
  const data = Float32Array.from({ length: count * dimensions }, () => random.normal());
  return { data, shape: [count, dimensions] };
}

/** Vectors about a few centers, as embeddings are: the same centers for every draw. */
export function clusteredVectors(count: number, dimensions: number, clusters: number, draw: number): Vectors {
  const random = createRandom(draw);
  const centers = normalVectors(clusters, dimensions, 99).data;
  const data = new Float32Array(count * dimensions);
  for (let i = 0; i < count; i++) {
    const from = (random.uint32() % clusters) * dimensions;
    for (let d = 0; d < dimensions; d++) data[i * dimensions + d] = centers[from + d] + 0.4 * random.normal();
  }
  return { data, shape: [count, dimensions] };
}

export function vectorAt({ data, shape }: Vectors, index: number): Float32Array<ArrayBuffer> {
  return data.subarray(index * shape[1], (index + 1) * shape[1]);
}

/** The k best of all by float64 sums, the lower index first among equals. */
export function bruteForce(query: Float32Array, set: Vectors, metric: 'l2' | 'dot', k: number): number[] {
  const cost = (i: number): number => {
    const x = vectorAt(set, i);
    let sum = 0;
    for (let d = 0; d < x.length; d++) {
      const difference = query[d] - x[d];
      sum += metric === 'dot' ? -query[d] * x[d] : difference * difference;
    }
    return sum;
  };
  const costs = Array.from({ length: set.shape[0] }, (_, i) => cost(i));
  return costs
    .map((_, i) => i)
    .sort((a, b) => costs[a] - costs[b] || a - b)
    .slice(0, k);
}

export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.sqrt(Array.from(a, (v, i) => (v - b[i]) ** 2).reduce((s, v) => s + v, 0));
}
