/** Search in quantized vectors in plain TypeScript: four chains of additions where one would wait for itself. */
import type { F32, U8 } from '../../core/arrays.js';
import type { VectorKernels } from './types.js';

const f = Math.fround;

/** Number of ones of every byte. */
const ONES = new Uint8Array(256);
for (let b = 1; b < 256; b++) ONES[b] = (b & 1) + ONES[b >> 1];

const partial = new Float32Array(8);

/** Distances of one row from all columns. */
const sums = new Float32Array(256);

export const scalarVectors: VectorKernels = {
  name: 'scalar',

  hamming(out, query, codes, count, bytes) {
    for (let i = 0; i < count; i++) {
      const at = i * bytes;
      let bits = 0;
      for (let b = 0; b < bytes; b++) bits += ONES[query[b] ^ codes[at + b]];
      out[i] = bits;
    }
  },

  scanTables(out, tables, codes, count, subspaces, centroids) {
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      let a = f(0);
      let b = f(0);
      let c = f(0);
      let d = f(0);
      let at = i * subspaces;
      for (let table = 0; table < subspaces * centroids; table += centroids, at++) {
        a = f(a + tables[table + codes[at]]);
        b = f(b + tables[table + codes[at + subspaces]]);
        c = f(c + tables[table + codes[at + 2 * subspaces]]);
        d = f(d + tables[table + codes[at + 3 * subspaces]]);
      }
      out[i] = a;
      out[i + 1] = b;
      out[i + 2] = c;
      out[i + 3] = d;
    }
    for (; i < count; i++) {
      let sum = f(0);
      for (let m = 0; m < subspaces; m++) sum = f(sum + tables[m * centroids + codes[i * subspaces + m]]);
      out[i] = sum;
    }
  },

  scanLevels(out, query, low, step, codes, count, dimensions, isDot) {
    const p = partial;
    for (let i = 0; i < count; i++) {
      const at = i * dimensions;
      for (let first = 0; first < 8; first++) {
        p[first] = isDot
          ? dotOf(query, low, step, codes, at, first, dimensions)
          : squaresOf(query, low, step, codes, at, first, dimensions);
      }
      const even = f(f(p[0] + p[4]) + f(p[2] + p[6]));
      out[i] = even + f(f(p[1] + p[5]) + f(p[3] + p[7]));
    }
  },

  nearest(codes, distances, x, centers, count, dimensions, columns) {
    for (let i = 0; i < count; i++) {
      sums.fill(0, 0, columns);
      for (let d = 0; d < dimensions; d++) {
        const value = x[i * dimensions + d];
        const at = d * columns;
        for (let c = 0; c < columns; c++) {
          const difference = f(value - centers[at + c]);
          sums[c] += f(difference * difference);
        }
      }
      let least = Infinity;
      let best = 0;
      for (let c = 0; c < columns; c++) {
        if (sums[c] < least) {
          least = sums[c];
          best = c;
        }
      }
      codes[i] = best;
      distances[i] = least;
    }
  },
};

/** Partial sum `first`: the dimensions first, first + 8 ... */
function dotOf(
  q: F32,
  low: F32,
  step: F32,
  codes: U8,
  at: number,
  first: number,
  dimensions: number,
): number {
  let sum = f(0);
  for (let d = first; d < dimensions; d += 8) {
    sum = f(sum + f(q[d] * f(low[d] + f(step[d] * codes[at + d]))));
  }
  return sum;
}

function squaresOf(
  q: F32,
  low: F32,
  step: F32,
  codes: U8,
  at: number,
  first: number,
  dimensions: number,
): number {
  let sum = f(0);
  for (let d = first; d < dimensions; d += 8) {
    const difference = f(q[d] - f(low[d] + f(step[d] * codes[at + d])));
    sum = f(sum + f(difference * difference));
  }
  return sum;
}
